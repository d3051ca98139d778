import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allTopics, decodeCallEvent, topics, type ChannelNotification } from '@cc/contracts';
import { createEventLog, eventLogMigrations, type EventLog } from '@cc/event-log';
import { AxiosHttpExchange } from '@cc/http';
import { NoMetrics, SealKeys, Sealer, SilentLog } from '@cc/kernel';
import { PromMetrics } from '@cc/platform';
import { TypeOrmDatabase, runMigrations } from '@cc/postgres';
import { eventually, freshDatabase, SettableClock, type FreshDatabase } from '@cc/testing';
import { Channels, sealNotification } from '@cc/vendors';
import { z } from 'zod';
import { subjectOfAttempt } from '../src/domain/subject';
import { EventDispatcherSettings } from '../src/event-dispatcher.config';
import { Delivery } from '../src/in/delivery';
import { DispatchWatch, Dispatcher } from '../src/in/dispatcher';
import { Quarantine, QuarantineWatch } from '../src/in/quarantine';
import { QuarantineGauge, QuarantineUpkeep } from '../src/in/quarantine-upkeep';
import { SeatCalls } from '../src/in/seat-calls';
import { Translator } from '../src/in/translator';
import { UnknownCodes } from '../src/in/unknown-codes';
import { eventDispatcherMigrations } from '../src/out/migrations';
import { PgCorrelation } from '../src/out/pg-correlation';
import { PgQuarantine, type QuarantineFilter } from '../src/out/pg-quarantine';
import { PgSeatAttempts } from '../src/out/pg-seat-attempts';

const CHANNEL = 'e9-main';
const DAY_MS = 24 * 60 * 60 * 1000;
const sealer = new Sealer(Buffer.alloc(32, 7), 'notifications');
const silent = new SilentLog();
let ids = 0;

/** A callback about an attempt, as the ingest hands it on. */
function callback(attemptId: string, more: Partial<ChannelNotification> = {}, body = `<req><action>CallInvite</action><callId>v-${attemptId}</callId><userData>${attemptId}</userData><userFlag>0</userFlag><dateCreated>20260324180001</dateCreated></req>`): ChannelNotification {
  const header = { id: `ntf-${(ids += 1)}`, channel: CHANNEL, kind: 'callback', receivedAt: 1000 + ids, attemptId, ...more } as const;
  return { ...header, sealed: sealNotification({ kind: 'callback', headers: {}, body: Buffer.from(body), receivedAt: header.receivedAt }, header.id, sealer) };
}
const forged = (attemptId: string): ChannelNotification => callback(attemptId, { verdict: 'forged', failedCheck: 'source', verdictReason: 'from elsewhere' });

describe('the quarantine on PostgreSQL', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cc-quarantine-'));
  const clock = new SettableClock(100 * DAY_MS);
  let metrics: PromMetrics;
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let eventLog: EventLog;
  let correlation: PgCorrelation;
  let rows: PgQuarantine;
  let delivery: Delivery;
  let quarantine: Quarantine;

  beforeEach(async () => {
    metrics = new PromMetrics('event-dispatcher');
    fresh = await freshDatabase();
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    await runMigrations(database, 'event-log', eventLogMigrations);
    await runMigrations(database, 'event-dispatcher', eventDispatcherMigrations);
    eventLog = createEventLog({ driver: 'postgres', database, log: silent, metrics: new NoMetrics() });
    await eventLog.ensureTopics(allTopics);
    const file = join(directory, 'channels.yaml');
    writeFileSync(file, JSON.stringify({ channels: [{ id: CHANNEL, vendor: 'e9', protocol: 'callback', callbackSecrets: [{ value: 'callback-secret-0123456789' }], settings: { endpoint: 'http://127.0.0.1:1', accountSid: 'a'.repeat(32), authToken: { value: 't'.repeat(32) }, appId: 'b'.repeat(32) } }] }));
    const channels = Channels.fromFile(file, { http: new AxiosHttpExchange(), clock });
    correlation = new PgCorrelation(database);
    rows = new PgQuarantine(database);
    const translator = new Translator(channels, sealer, new UnknownCodes(metrics, silent));
    const dispatcher = new Dispatcher(rows, translator, eventLog, clock, new DispatchWatch(metrics, silent));
    delivery = new Delivery(correlation, dispatcher, new SeatCalls(new PgSeatAttempts(), correlation, dispatcher, translator, metrics));
    quarantine = new Quarantine(rows, delivery, channels, sealer, new QuarantineWatch(metrics, silent));
  }, 30_000);
  afterEach(async () => {
    await eventLog.close();
    await database.close();
    await fresh.drop();
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const deliver = (...notifications: readonly ChannelNotification[]): Promise<void> => database.transaction((tx) => delivery.deliver(tx, notifications));
  const start = (attemptId: string): Promise<unknown> => {
    const attempt = { attemptId, callId: `call-of-${attemptId}`, tenant: 'acme', channel: CHANNEL, recordRequested: false };
    return database.transaction((tx) => correlation.lock(tx, [subjectOfAttempt(CHANNEL, attemptId)], 1, [{ subject: subjectOfAttempt(CHANNEL, attemptId), attempt }]));
  };
  const release = ({ id }: ChannelNotification) => database.transaction((tx) => quarantine.release(tx, id, 'olga'));
  const list = async (filter: QuarantineFilter = {}): Promise<string[]> => (await database.transaction((tx) => quarantine.list(tx, filter, { limit: 100 }))).map(({ header: { id } }) => id);
  const events = async (): Promise<string[]> => {
    const records = await database.query<{ key: string; value: Buffer; headers: string }>(`SELECT key, value, headers FROM log_record WHERE topic = $1 ORDER BY part, off`, [topics.callEvents.name]);
    return records.map((record) => {
      const decoded = decodeCallEvent({ ...record, headers: z.record(z.string(), z.string()).parse(JSON.parse(record.headers)) });
      return decoded.kind === 'known' ? decoded.message.type : decoded.kind;
    });
  };
  const figure = async (name: string, ...labels: readonly string[]): Promise<number> =>
    Number((await metrics.expose()).split('\n').find((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))?.split(' ').at(-1) ?? 0);

  it('gives a message back on an operator\'s word, overruling the check that failed, and has no further effect when told again', async () => {
    await start('att-1');
    const message = forged('att-1');
    await deliver(message);
    expect(await events()).toEqual([]);
    expect(await database.transaction((tx) => quarantine.list(tx, {}, { limit: 5 }))).toMatchObject([{ cause: 'forged', reason: 'forged: from elsewhere', keptSince: clock.nowMs(), header: { id: message.id, attemptId: 'att-1', failedCheck: 'source' } }]);
    expect(await release(message)).toEqual({ kind: 'delivered' });
    expect(await events()).toEqual(['cc.call.a-ringing.v1']);
    expect(await release(message)).toEqual({ kind: 'gone' });
    expect([await events(), await list()]).toEqual([['cc.call.a-ringing.v1'], []]);
    expect(await figure('cc_quarantine_released_total', 'outcome="delivered"')).toBe(1);
  });

  it('delivers it once where two operators release it at the same moment', async () => {
    await start('att-1');
    const message = forged('att-1');
    await deliver(message);
    const outcomes = await Promise.all([release(message), release(message), release(message)]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['delivered', 'gone', 'gone']);
    expect(await events()).toHaveLength(1);
  });

  it('leaves everything as it was where the transaction is undone', async () => {
    await start('att-1');
    const message = forged('att-1');
    await deliver(message);
    const undone = database.transaction(async (tx) => {
      await quarantine.release(tx, message.id, 'olga');
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect([await events(), await list()]).toEqual([[], [message.id]]);
  });

  it('has a released message wait for its attempt, looks anew whom it is about, and keeps what cannot be used now either', async () => {
    const [early, nameless, broken] = [forged('att-2'), callback('att-1', { attemptId: undefined }), callback('att-1', {}, 'no XML')];
    await start('att-1');
    await deliver(early, nameless, broken);
    expect([await list({ cause: 'forged' }), await list({ cause: 'unaddressed' }), await list({ cause: 'unusable' })]).toEqual([[early.id], [nameless.id], [broken.id]]);
    expect(await release(early)).toEqual({ kind: 'waits' });
    expect(await release(nameless)).toEqual({ kind: 'delivered' });
    expect(await release(broken)).toEqual({ kind: 'kept', reason: 'no field of a callback found' });
    expect(await events()).toEqual(['cc.call.attempt-accepted.v1', 'cc.call.a-ringing.v1']);
    expect(await list()).toEqual([broken.id]);
    await start('att-2');
    await database.transaction(async (tx) => delivery.deliver(tx, await correlation.release(tx, [subjectOfAttempt(CHANNEL, 'att-2')])));
    expect(await events()).toHaveLength(3);
  });

  it('is listed in pages, by channel and by cause, and forgets what an operator drops', async () => {
    const messages = Array.from({ length: 5 }, (_, index) => forged(`att-${index}`));
    await deliver(...messages, callback('x', { channel: 'e9-gone', attemptId: undefined }));
    const first = await database.transaction((tx) => quarantine.list(tx, { channel: CHANNEL }, { limit: 3 }));
    const after = first.at(-1)?.position ?? 0;
    const second = await database.transaction((tx) => quarantine.list(tx, { channel: CHANNEL }, { limit: 3, after }));
    expect([...first, ...second].map(({ header: { id } }) => id)).toEqual(messages.map(({ id }) => id));
    const drop = (id: string) => database.transaction((tx) => quarantine.drop(tx, id));
    expect([await drop(messages[0]?.id ?? ''), await drop(messages[0]?.id ?? ''), await list({ channel: CHANNEL })]).toEqual([true, false, messages.slice(1).map(({ id }) => id)]);
    expect(await figure('cc_quarantine_dropped_total', 'why="operator"', 'cause="forged"')).toBe(1);
  });

  it('drops for want of room forged messages only, the oldest first, and by age every one; all are counted', async () => {
    const old = callback('x', { attemptId: undefined });
    await deliver(old);
    clock.now += 2 * DAY_MS;
    const [honest, fakes] = [Array.from({ length: 3 }, () => callback('x', { attemptId: undefined })), Array.from({ length: 6 }, (_, index) => forged(`att-${index}`))];
    await deliver(...fakes.slice(0, 3), ...honest, ...fakes.slice(3));
    const settings = (quarantineRows: number, quarantineDays: number) => new EventDispatcherSettings({ channelsFile: '', encryptionKey: SealKeys.of(Buffer.alloc(32)), pendingSeconds: 1, rememberDays: 1, quarantineRows, quarantineDays });
    const tidied = async (rowLimit: number, days: number): Promise<void> => {
      const upkeep = new QuarantineUpkeep(rows, settings(rowLimit, days), clock, new QuarantineWatch(metrics, silent), new QuarantineGauge(metrics, silent));
      upkeep.onApplicationBootstrap();
      await eventually(async () => (await figure('cc_quarantine_rows', 'cause="forged"')) + (await figure('cc_quarantine_rows', 'cause="unaddressed"')) === (await list()).length);
      await upkeep.onModuleDestroy();
    };
    await tidied(7, 30);
    expect(await list()).toEqual([old, ...honest, ...fakes.slice(3)].map(({ id }) => id));
    await tidied(7, 1);
    expect(await list()).toEqual([...honest, ...fakes.slice(3)].map(({ id }) => id));
    await tidied(1, 1);
    expect(await list()).toEqual(honest.map(({ id }) => id));
    expect(await figure('cc_quarantine_dropped_total', 'why="rows"', 'cause="forged"')).toBe(6);
    expect(await figure('cc_quarantine_dropped_total', 'why="age"', 'cause="unaddressed"')).toBe(1);
    expect(await figure('cc_notifications_quarantined_total', 'cause="forged"', `channel="${CHANNEL}"`)).toBe(6);
  });

  it('drops no more than it must where several processes tidy at once', async () => {
    await deliver(...Array.from({ length: 20 }, (_, index) => forged(`att-${index}`)));
    await Promise.all(Array.from({ length: 4 }, () => rows.bound({ rows: 15, keptBeforeMs: 0 })));
    expect(await list()).toHaveLength(15);
  });

  it('keeps what PostgreSQL would refuse in a text: NUL, and half a character', async () => {
    const message = callback('att-1', { vendorCallId: 'v\0\uD800', attemptId: undefined });
    await database.transaction((tx) => rows.keep(tx, [{ notification: message, reason: 'no\0 good \uDC00' }], 1));
    expect(await database.transaction((tx) => quarantine.list(tx, {}, { limit: 1 }))).toMatchObject([{ reason: 'no good \uFFFD', header: { vendorCallId: 'v\uFFFD' } }]);
  });
});
