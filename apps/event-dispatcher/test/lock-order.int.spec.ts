import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allTopics, encodeCallEvent, encodeChannelNotification, topics, type CallEvent, type ChannelNotification, type WireRecord } from '@cc/contracts';
import { createEventLog, eventLogMigrations, type Batch, type EventLog, type Outcome } from '@cc/event-log';
import { AxiosHttpExchange } from '@cc/http';
import { NoMetrics, pause, Sealer, SilentLog, SystemClock } from '@cc/kernel';
import { TypeOrmDatabase, runMigrations, type Tx } from '@cc/postgres';
import { freshDatabase, type FreshDatabase } from '@cc/testing';
import { Channels, sealNotification } from '@cc/vendors';
import { CallEventsConsumer } from '../src/in/call-events.consumer';
import { Delivery } from '../src/in/delivery';
import { DispatchWatch, Dispatcher } from '../src/in/dispatcher';
import { NotificationsConsumer } from '../src/in/notifications.consumer';
import { SeatCalls } from '../src/in/seat-calls';
import { Translator } from '../src/in/translator';
import { UnknownCodes } from '../src/in/unknown-codes';
import { eventDispatcherMigrations } from '../src/out/migrations';
import { PgCorrelation } from '../src/out/pg-correlation';
import { PgQuarantine } from '../src/out/pg-quarantine';
import { PgSeatAttempts } from '../src/out/pg-seat-attempts';

const CHANNEL = 'hw-seats';
const sealer = new Sealer(Buffer.alloc(32, 7), 'notifications');
/** Longer than a statement takes that waits for no lock. */
const HELD_MS = 300;

const about = (callId: string) => ({ callId, tenant: 'acme', attemptId: `${callId}-1`, channel: CHANNEL, occurredAt: 5, recordedAt: 5, source: 'router' as const });
const started = (callId: string, seat: string): CallEvent => ({ type: 'cc.call.attempt-started.v1', id: `${callId}-1/started`, ...about(callId), vendor: 'hw', attemptNumber: 1, recordRequested: true, seat });
const accepted = (callId: string): CallEvent => ({ type: 'cc.call.attempt-accepted.v1', id: `${callId}-1/accepted`, ...about(callId), vendorCallId: `v-${callId}` });

function told(names: Pick<ChannelNotification, 'seat' | 'attemptId'>): ChannelNotification {
  const header = { id: `ntf-${names.seat ?? names.attemptId}`, channel: CHANNEL, kind: 'poll', receivedAt: 5, ...names } as const;
  return { ...header, sealed: sealNotification({ kind: 'poll', headers: {}, body: Buffer.from('{"retcode":"0"}'), receivedAt: 5 }, header.id, sealer) };
}

describe('the subjects that a batch locks, on PostgreSQL', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cc-lock-order-'));
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let eventLog: EventLog;
  let callEvents: CallEventsConsumer;
  let notifications: NotificationsConsumer;

  beforeAll(async () => {
    fresh = await freshDatabase();
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    await runMigrations(database, 'event-log', eventLogMigrations);
    await runMigrations(database, 'event-dispatcher', eventDispatcherMigrations);
    const [log, metrics]: [SilentLog, NoMetrics] = [new SilentLog(), new NoMetrics()];
    eventLog = createEventLog({ driver: 'postgres', database, log, metrics });
    await eventLog.ensureTopics(allTopics);
    const file = join(directory, 'channels.yaml');
    writeFileSync(file, JSON.stringify({ channels: [{ id: CHANNEL, vendor: 'hw', protocol: 'agentGateway', settings: { endpoint: 'http://127.0.0.1:1' }, lines: [{ id: 'a', agentId: 20_001, password: { value: 'pass' }, phone: '40038' }] }] }));
    const clock = new SystemClock();
    const channels = Channels.fromFile(file, { http: new AxiosHttpExchange(), clock });
    const correlation = new PgCorrelation(database);
    const translator = new Translator(channels, sealer, new UnknownCodes(metrics, log));
    const dispatcher = new Dispatcher(new PgQuarantine(database), translator, eventLog, clock, new DispatchWatch(metrics, log));
    const seatCalls = new SeatCalls(new PgSeatAttempts(), correlation, dispatcher, translator, metrics);
    callEvents = new CallEventsConsumer(correlation, dispatcher, seatCalls, metrics);
    notifications = new NotificationsConsumer(new Delivery(correlation, dispatcher, seatCalls), metrics);
  }, 30_000);
  afterAll(async () => {
    await eventLog.close();
    await database.close();
    await fresh.drop();
    rmSync(directory, { recursive: true });
  });

  /** Holds what its first writing of subjects has locked for a while, so that the other batch takes what it can meanwhile. */
  const holding = (tx: Tx): Tx => {
    let first = true;
    return {
      async query<Row extends object>(sql: string, values?: Parameters<Tx['query']>[1]): Promise<Row[]> {
        const rows = await tx.query<Row>(sql, values);
        if (first && sql.includes('INTO dispatcher_subject')) {
          first = false;
          await pause(HELD_MS);
        }
        return rows;
      },
    };
  };
  const handle = (topic: string, records: readonly WireRecord[], consume: (batch: Batch) => Promise<Outcome>): Promise<Outcome> =>
    database.transaction((tx) => consume({ topic, partition: 0, records: records.map((record, offset) => ({ ...record, topic, partition: 0, offset, appendedAtMs: 5 })), tx: holding(tx) }));
  const learn = (...events: readonly CallEvent[]): Promise<Outcome> => handle(topics.callEvents.name, events.map((event) => encodeCallEvent(event, 'channel-router')), (batch) => callEvents.learn(batch));
  const dispatch = (...messages: readonly ChannelNotification[]): Promise<Outcome> => handle(topics.channelNotifications.name, messages.map((message) => encodeChannelNotification(message, 'hw-poller')), (batch) => notifications.dispatch(batch));

  it('are locked in one order, whatever the order in the batch: two batches the other way round wait for each other and end', async () => {
    await Promise.all([learn(started('call-x', 'x'), accepted('call-y')), learn(started('call-y', 'y'), accepted('call-x'))]);
    await Promise.all([dispatch(told({ attemptId: 'z-1' }), told({ seat: 'a' })), learn(started('z', 'a'), accepted('y')), learn(accepted('z'), started('b', 'a'))]);
    const rows = await database.query<{ subject: string }>(`SELECT subject FROM dispatcher_subject WHERE attempt IS NOT NULL AND subject LIKE '%|attempt|%' ORDER BY subject`);
    expect(rows.map(({ subject }) => subject)).toEqual(['b', 'call-x', 'call-y', 'z'].map((callId) => `${CHANNEL}|attempt|${callId}-1`));
  });
});
