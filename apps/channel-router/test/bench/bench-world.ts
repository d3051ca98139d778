import type { PlaceCall } from '@cc/contracts';
import { createEventLog, eventLogMigrations, type EventLog } from '@cc/event-log';
import { allTopics } from '@cc/contracts';
import { NoMetrics, SilentLog } from '@cc/kernel';
import { runMigrations, TypeOrmDatabase } from '@cc/postgres';
import type { Attempt, DialResult } from '../../src/domain/attempt';
import { Carriers, type CarrierFacts, type ClearNumbers } from '../../src/domain/carriers';
import type { ChosenLine } from '../../src/domain/route';
import { channelRouterMigrations } from '../../src/out/migrations';
import { PgLedger } from '../../src/out/pg-ledger';
import { facts } from '../scripted-carriers';

export const CHANNELS = 50;
const SEATS_PER_CHANNEL = 40;

/** 50 channels of all kinds: with and without limits, rules, tenants, and 2,000 seats on the half that has seats. */
export const channels: readonly CarrierFacts[] = Array.from({ length: CHANNELS }, (_, index): CarrierFacts => facts(`channel-${index}`, {
  enabled: index % 10 !== 9, weight: 1 + (index % 5),
  ...(index % 7 === 6 ? { tenants: ['other'] } : {}),
  limits: index % 3 === 0 ? { concurrentCalls: 100_000, callsPerSecond: 100_000 } : {},
  numbers: index % 4 === 0 ? { to: { except: ['+861010'] } } : {},
  line: index % 2 === 0 ? { kind: 'caller', names: new Set<string>() } : { kind: 'seat', names: new Set(Array.from({ length: 2 * SEATS_PER_CHANNEL }, (_seat, seat) => `${seat}`)) },
  canQuery: false,
}));

/** Channels whose vendors accept at once. */
export class WillingCarriers extends Carriers {
  constructor(
    private readonly configured: readonly CarrierFacts[],
    private readonly onDial: (attempt: Attempt) => void = () => undefined,
  ) {
    super();
  }
  override all(): readonly CarrierFacts[] {
    return this.configured;
  }
  override find(channel: string): CarrierFacts | undefined {
    return this.configured.find((facts) => facts.channel === channel);
  }
  override numbersOf({ caller, called }: PlaceCall): ClearNumbers {
    return { caller: caller.ref, called: called.ref };
  }
  override lineRefOf(_tenant: string, channel: string, line: ChosenLine): string {
    return line.kind === 'caller' ? line.name : `${channel}/${line.name}`;
  }
  override callerRefOf(caller: string): string {
    return caller;
  }
  override async dial(attempt: Attempt): Promise<DialResult> {
    this.onDial(attempt);
    return { kind: 'accepted', vendorCallId: `v-${attempt.attemptId}` };
  }
  override async hangUp(): Promise<{ kind: 'accepted' }> {
    return { kind: 'accepted' };
  }
  override async ask(): Promise<{ kind: 'no-answer'; reason: string }> {
    return { kind: 'no-answer', reason: 'not asked here' };
  }
  override async probe(): Promise<{ well: boolean }> {
    return { well: true };
  }
}

export interface RouterStore {
  readonly database: TypeOrmDatabase;
  readonly ledger: PgLedger;
  readonly eventLog: EventLog;
  close(): Promise<void>;
}

/** The router's tables and the log in an empty database. */
export async function openStore(databaseUrl: string): Promise<RouterStore> {
  const database = await TypeOrmDatabase.connect({ url: databaseUrl, poolSize: 10, applicationName: 'routing-bench' });
  await runMigrations(database, 'event-log', eventLogMigrations);
  await runMigrations(database, 'channel-router', channelRouterMigrations);
  const eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
  await eventLog.ensureTopics(allTopics);
  return {
    database, eventLog, ledger: new PgLedger(database, eventLog),
    close: async () => {
      await eventLog.close();
      await database.close();
    },
  };
}

export function callFrom(line: string, serial: string, nowMs: number): PlaceCall {
  const caller = { masked: '+86138****0000', ref: line, sealed: 'sealed' };
  const callId = `call-${serial}`;
  return {
    type: 'cc.call.place.v1', id: `${callId}/place`, callId, tenant: 'acme', issuedAt: nowMs, caller, called: { ...caller, ref: '+8613900000000' }, agent: serial.slice(-2), user: `user-${serial}`, record: true,
    bizData: { order: serial }, notAfter: nowMs + 3_600_000,
  };
}
