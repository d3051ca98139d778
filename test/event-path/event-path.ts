import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeCallRecord, encodeCallEvent, encodeChannelNotification, NotificationKind, topics, type CallEvent, type CallRecord } from '@cc/contracts';
import { createEventLog, handled, type EventLog } from '@cc/event-log';
import { newId, NoMetrics, Sealer, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { sealNotification } from '@cc/vendors';
import { z } from 'zod';
import { eventDispatcher } from '../../apps/event-dispatcher/src/service';
import { recordStore } from '../../apps/record-store/src/service';

const KEY = Buffer.alloc(32, 7);
const sealer = new Sealer(KEY, 'notifications');
/** Before all that the golden messages tell, so that the last word on a record is theirs. */
const CREATED_AT = 1_400_000_000_000;

/** What every golden message of a vendor is about: the ids in them are replaced by those of a call of the test. */
const GOLDEN_ATTEMPT = 'att-0190163d8694739b8c1a5f0e2d4c6b7a';

const Golden = z.object({ raw: z.object({ kind: NotificationKind, headers: z.record(z.string(), z.string()), body: z.union([z.string(), z.array(z.string())]), receivedAt: z.number(), request: z.string().optional() }) });

/** A vendor's message in its real form, as a golden pair of its adapter has it, or changed from that. */
export interface Message {
  readonly kind: NotificationKind;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly receivedAt: number;
  readonly request?: string;
}

/** @param folder below libs/vendors/src. */
export function golden(folder: string, name: string): Message {
  const { raw: { body, request, ...rest } } = Golden.parse(JSON.parse(readFileSync(join(__dirname, '..', '..', 'libs', 'vendors', 'src', folder, 'fixtures', `${name}.json`), 'utf8')));
  return { ...rest, body: typeof body === 'string' ? body : body.join('\n'), ...(request === undefined ? {} : { request }) };
}

/** A channel of the channel file, and what its vendor's golden messages name. */
export interface Channel {
  readonly id: string;
  readonly vendor: string;
  readonly protocol: string;
  readonly folder: string;
  readonly goldenVendorCall: string;
  /** Another name of a call, of the vendor's form; the index makes it unique. */
  vendorCall(index: number): string;
  readonly settings: unknown;
  readonly lines?: readonly unknown[];
  readonly calledBack: boolean;
}

const endpoint = 'http://127.0.0.1:9';
const digits = (index: number): string => String(index).padStart(6, '0');

export const channels = {
  e9: {
    id: 'e9-main', vendor: 'e9', protocol: 'callback', folder: 'e9', goldenVendorCall: 'a1b2c3d4e5f60718293a4b5c6d7e8f90', vendorCall: (index) => `a1b2c3d4e5f60718293a4b5c6d${digits(index)}`, calledBack: true,
    settings: { endpoint, accountSid: 'a'.repeat(32), authToken: { value: 't'.repeat(32) }, appId: 'b'.repeat(32) },
  },
  createCall: {
    id: 'hw-create', vendor: 'hw', protocol: 'createCall', folder: 'hw/create-call', goldenVendorCall: '1037058396471308289', vendorCall: (index) => `1037058396471${digits(index)}`, calledBack: true,
    settings: { endpoint, appKey: 'key', appSecret: { value: 'short-secret' }, callbackUrl: { value: 'http://cc.example/callbacks/hw-create/callback-secret-0123456789-hw-create' } },
  },
  voiceCall: {
    id: 'hw-voice', vendor: 'hw', protocol: 'voiceCall', folder: 'hw/voice-call', goldenVendorCall: '1202_566_0_20161228102743@callenabler.home1.com', vendorCall: (index) => `1202_566_0_20161228${digits(index)}@callenabler.home1.com`, calledBack: true,
    settings: { endpoint, appKey: 'key', appSecret: { value: 'short-secret' }, displayNbr: '+8675512345678', displayCalleeNbr: '+8675587654321', callbackUrl: { value: 'http://cc.example/callbacks/hw-voice/callback-secret-0123456789-hw-voice' } },
  },
  jy: {
    id: 'jy-main', vendor: 'jy', protocol: 'connector', folder: 'jy', goldenVendorCall: '20231115061320.1', vendorCall: (index) => `20231115061320.${index + 10}`, calledBack: true,
    settings: { endpoint, credentials: { apiKey: { value: 'key' }, apiSecret: { value: 'secret' } } },
  },
} as const satisfies Readonly<Record<string, Channel>>;

export interface Call {
  readonly callId: string;
  readonly attemptId: string;
  readonly channel: Channel;
  readonly vendorCallId: string;
}

let calls = 0;
export function newCall(channel: Channel): Call {
  calls += 1;
  return { callId: newId('call'), attemptId: `att-${String(calls).padStart(32, '0')}`, channel, vendorCallId: channel.vendorCall(calls) };
}

/** Sent by a vendor to event-dispatcher and record-store, which run on one PostgreSQL and its log. */
export class EventPath {
  private readonly latest = new Map<string, CallRecord>();

  private constructor(
    readonly fresh: FreshDatabase,
    private readonly services: readonly RunningService[],
    readonly database: TypeOrmDatabase,
    private readonly log: EventLog,
    readonly directory: string,
  ) {}

  static async start(): Promise<EventPath> {
    const fresh = await freshDatabase();
    const directory = mkdtempSync(join(tmpdir(), 'cc-event-path-'));
    const channelsFile = join(directory, 'channels.yaml');
    const entries = Object.values<Channel>(channels).map(({ id, vendor, protocol, settings, lines, calledBack }) => ({ id, vendor, protocol, settings, ...(lines === undefined ? {} : { lines }), ...(calledBack ? { callbackSecrets: [{ value: `callback-secret-0123456789-${id}` }] } : {}) }));
    // JSON is YAML as well.
    writeFileSync(channelsFile, JSON.stringify({ channels: entries }));
    const start = (service: typeof eventDispatcher | typeof recordStore, env: Readonly<Record<string, string>>): Promise<RunningService> => startService(service, loadServiceSettings(service, { CC_DATABASE_URL: fresh.url, ...env }), new SilentLog(), () => undefined);
    const services = [
      await start(eventDispatcher, { CC_EVENT_DISPATCHER_PORT: '0', CC_CHANNELS_FILE: channelsFile, CC_ENCRYPTION_KEY: KEY.toString('base64') }),
      await start(recordStore, { CC_RECORD_STORE_PORT: '0' }),
    ];
    const database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    const log = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
    const path = new EventPath(fresh, services, database, log, directory);
    await path.follow();
    return path;
  }

  private async follow(): Promise<void> {
    await this.log.subscribe({ group: 'test', topics: [topics.callRecords.name], handle: ({ records }) => {
      for (const record of records) {
        const decoded = decodeCallRecord(record);
        if (decoded.kind === 'known') this.latest.set(record.key, decoded.message);
      }
      return Promise.resolve(handled);
    } }).ready;
  }

  async stop(): Promise<void> {
    for (const service of this.services) await service.stop();
    await this.log.close();
    await this.database.close();
    await this.fresh.drop();
    rmSync(this.directory, { recursive: true });
  }

  /** The gateway's and the router's words of a call that is dialled; `accepted` apart, since it may come at any time. */
  begin(call: Call): Promise<void> {
    const number = (masked: string) => ({ masked, ref: `ref ${masked}`, sealed: `sealed ${masked}` });
    const base = { callId: call.callId, tenant: 'acme', occurredAt: CREATED_AT, recordedAt: CREATED_AT };
    const requested: CallEvent = { type: 'cc.call.requested.v1', ...base, id: `${call.callId}/requested`, source: 'gateway', caller: number('+861****0001'), called: number('+861****0002'), record: true };
    const started: CallEvent = { type: 'cc.call.attempt-started.v1', ...base, id: `${call.attemptId}/started`, source: 'router', attemptId: call.attemptId, channel: call.channel.id, vendor: call.channel.vendor, attemptNumber: 1, recordRequested: true };
    return this.tell(requested, started);
  }

  accept({ callId, attemptId, channel, vendorCallId }: Call): Promise<void> {
    return this.tell({ type: 'cc.call.attempt-accepted.v1', id: `${attemptId}/accepted`, callId, tenant: 'acme', attemptId, channel: channel.id, occurredAt: CREATED_AT, recordedAt: CREATED_AT, source: 'router', vendorCallId });
  }

  private tell(...events: readonly CallEvent[]): Promise<void> {
    return this.log.append(topics.callEvents.name, events.map((event) => encodeCallEvent(event, 'test')));
  }

  /** The vendor's messages about the call, as the ingest or a poller would hand them over. */
  notify(call: Call, messages: readonly Message[]): Promise<void> {
    const own = (text: string): string => text.replaceAll(GOLDEN_ATTEMPT, call.attemptId).replaceAll(call.channel.goldenVendorCall, call.vendorCallId);
    return this.log.append(topics.channelNotifications.name, messages.map(({ kind, headers, body, receivedAt, request }) => {
      const id = newId('ntf');
      const raw = { kind, headers, body: Buffer.from(own(body)), receivedAt, ...(request === undefined ? {} : { request: own(request) }) };
      const header = { id, channel: call.channel.id, kind, receivedAt, attemptId: call.attemptId, vendorCallId: call.vendorCallId };
      return encodeChannelNotification({ ...header, sealed: sealNotification(raw, id, sealer) }, 'test');
    }));
  }

  /** Everything that was appended has had its effect, and the test has seen it. */
  async settled(): Promise<void> {
    const readers = [['event-dispatcher', topics.channelNotifications], ['event-dispatcher', topics.callEvents], ['record-store', topics.callEvents], ['test', topics.callRecords]] as const;
    await eventually(async () => {
      for (const [group, topic] of readers) {
        const lags = await this.log.lag(group, topic.name);
        if (lags.length === 0 || lags.some(({ records }) => records > 0)) return false;
      }
      return true;
    }, { limitMs: 60_000 });
  }

  /** The call's record as the others get it, as bytes, without what names this very call. */
  recordOf(call: Call): string {
    const { sources, ...record } = this.latest.get(call.callId) ?? { sources: undefined };
    const givers = Object.entries(sources ?? {}).map(([id, fields]): [string, string[]] => [id.replace(/^[^/]+\//, '').replace(/\/[0-9a-f]{16}$/, ''), fields]);
    return JSON.stringify({ ...record, sources: givers.sort(([a, b], [c, d]) => (`${a}${b.join()}` < `${c}${d.join()}` ? -1 : 1)) }).replaceAll(call.callId, 'CALL').replaceAll(call.vendorCallId, 'VENDOR-CALL');
  }

  /** The vendor's own code of the end, as the record has it. */
  vendorCodeOf({ callId }: Call): string | undefined {
    return this.latest.get(callId)?.vendorCode;
  }

  /** The call's row, by the names of its columns. */
  async rowOf({ callId }: Call): Promise<Readonly<Record<string, unknown>>> {
    return (await this.database.query('SELECT * FROM call_record WHERE cc_call_id = $1', [callId]))[0] ?? {};
  }

  /** What no service could use, for a test to find none. */
  async unused(): Promise<readonly unknown[]> {
    return [
      ...(await this.database.query('SELECT topic, reason FROM dead_letter')),
      ...(await this.database.query('SELECT header, reason FROM dispatcher_quarantine')),
      ...(await this.database.query('SELECT header FROM dispatcher_pending')),
    ];
  }
}
