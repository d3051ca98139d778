import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeCallEvent, distinctEvents, encodeCallEvent, encodeChannelNotification, topics, type CallEvent, type ChannelNotification, type NotificationHeader } from '@cc/contracts';
import { createEventLog, handled, type EventLog } from '@cc/event-log';
import { newId, NoMetrics, Sealer, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { sealNotification } from '@cc/vendors';
import { eventDispatcher } from '../src/service';

const KEY = Buffer.alloc(32, 7);
const CALLS_AT_ONCE = 6;
const sealer = new Sealer(KEY, 'notifications');

/** 18:00 and so many seconds in Beijing, as e9 writes it and in epoch ms. */
const wallClock = (seconds: number): string => `202603241800${String(seconds).padStart(2, '0')}`;
const epoch = (seconds: number): number => Date.UTC(2026, 2, 24, 10, 0, seconds);

type Fields = Readonly<Record<string, string>>;
const aCalled: Fields = { action: 'CallInvite', userFlag: '0', dateCreated: wallClock(1) };
const bCalled: Fields = { action: 'CallInvite', userFlag: '1', dateCreated: wallClock(6) };
const established: Fields = { action: 'CallEstablish', dateCreated: wallClock(12) };
const hungUp: Fields = { action: 'Hangup', dateCreated: wallClock(43), startTimeA: wallClock(6), startTimeB: wallClock(12), endTime: wallClock(42), duration: '30', recordUrl: 'http://127.0.0.1:9/rec/1.mp3', byeType: '0' };

const factsOf = {
  aCalled: ['a-ringing by callback at 1'],
  bCalled: ['a-answered by callback at 6', 'b-ringing by callback at 6'],
  established: ['connected by callback at 12'],
  hungUp: ['a-answered by derived at 6', 'connected by derived at 12', 'ended by callback at 42', 'recording-available by callback at 42'],
};

interface Call {
  readonly callId: string;
  readonly attemptId: string;
  readonly vendorCallId: string;
  readonly channel: string;
}

function newCall(channel = 'e9-main'): Call {
  const callId = newId('call');
  return { callId, attemptId: `${callId}-1`, vendorCallId: newId('v'), channel };
}

const byRouter = ({ callId, attemptId, channel }: Call) => ({ callId, tenant: 'acme', attemptId, channel, occurredAt: 5, recordedAt: 5, source: 'router' as const });
const started = (call: Call): CallEvent => ({ type: 'cc.call.attempt-started.v1', id: `${call.attemptId}/started`, ...byRouter(call), vendor: 'e9', attemptNumber: 1, recordRequested: true });
const accepted = (call: Call): CallEvent => ({ type: 'cc.call.attempt-accepted.v1', id: `${call.attemptId}/accepted`, ...byRouter(call), vendorCallId: call.vendorCallId });

type Names = Pick<NotificationHeader, 'attemptId' | 'vendorCallId'>;

const vendorNameOf = ({ vendorCallId }: Call): Names => ({ vendorCallId });

function notification({ channel, attemptId, vendorCallId }: Call, body: string, names: Names = { attemptId, vendorCallId }, receivedAt = Date.now()): ChannelNotification {
  const header = { id: newId('ntf'), channel, kind: 'callback', receivedAt, ...names } as const;
  return { ...header, sealed: sealNotification({ kind: 'callback', headers: {}, body: Buffer.from(body), receivedAt }, header.id, sealer) };
}

function callback(call: Call, fields: Fields, names?: Names, receivedAt?: number): ChannelNotification {
  const elements = Object.entries({ ...fields, callId: call.vendorCallId, userData: call.attemptId });
  return notification(call, `<req>${elements.map(([name, text]) => `<${name}>${text}</${name}>`).join('')}</req>`, names, receivedAt);
}

describe('the event dispatcher on PostgreSQL', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cc-event-dispatcher-'));
  const seen: CallEvent[] = [];
  let fresh: FreshDatabase;
  let service: RunningService;
  let start: (pendingSeconds: string) => Promise<RunningService>;
  let database: TypeOrmDatabase;
  let ingestDatabase: TypeOrmDatabase;
  let router: EventLog;
  let ingest: EventLog;

  beforeAll(async () => {
    fresh = await freshDatabase();
    const channelsFile = join(directory, 'channels.yaml');
    const settings = { endpoint: 'http://127.0.0.1:1', accountSid: 'a'.repeat(32), authToken: { value: 't'.repeat(32) }, appId: 'b'.repeat(32) };
    const callbackSecrets = [{ value: 'callback-secret-0123456789' }];
    const voice = { endpoint: 'http://127.0.0.1:1', appKey: 'key', appSecret: { value: 'secret' }, displayNbr: '+8675512345678', displayCalleeNbr: '+8675512345678', callbackUrl: { value: 'http://cc.example/callbacks/hw-voice/callback-secret-0123456789' } };
    const connector = { endpoint: 'http://127.0.0.1:1', credentials: { apiKey: { value: 'key' }, apiSecret: { value: 'secret' } } };
    // JSON is YAML as well.
    writeFileSync(channelsFile, JSON.stringify({ channels: [
      { id: 'e9-main', vendor: 'e9', protocol: 'callback', callbackSecrets, settings },
      { id: 'hw-voice', vendor: 'hw', protocol: 'voiceCall', callbackSecrets, settings: voice },
      { id: 'jy-main', vendor: 'jy', protocol: 'connector', callbackSecrets, settings: connector },
    ] }));
    start = (pendingSeconds) => startService(eventDispatcher, loadServiceSettings(eventDispatcher, {
      CC_EVENT_DISPATCHER_PORT: '0', CC_DATABASE_URL: fresh.url, CC_CHANNELS_FILE: channelsFile, CC_ENCRYPTION_KEY: KEY.toString('base64'), CC_EVENT_DISPATCHER_PENDING_SECONDS: pendingSeconds,
    }), new SilentLog(), () => undefined);
    service = await start('60');
    const connect = (): Promise<TypeOrmDatabase> => TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    const openLog = (on: TypeOrmDatabase): EventLog => createEventLog({ driver: 'postgres', database: on, log: new SilentLog(), metrics: new NoMetrics() });
    database = await connect();
    ingestDatabase = await connect();
    router = openLog(database);
    ingest = openLog(ingestDatabase);
    await router.subscribe({ group: 'test', topics: [topics.callEvents.name], handle: ({ records }) => {
      for (const record of records) {
        const decoded = decodeCallEvent(record);
        if (decoded.kind !== 'known' || decoded.message.callId !== record.key) throw new Error('Not an event of the call that its key names');
        seen.push(decoded.message);
      }
      return Promise.resolve(handled);
    } }).ready;
  }, 60_000);
  // What fails for a record alone is parked and nothing else would tell.
  afterEach(async () => expect(await database.query('SELECT topic, reason FROM dead_letter')).toEqual([]));
  afterAll(async () => {
    await service.stop();
    await router.close();
    await ingest.close();
    await database.close();
    await ingestDatabase.close();
    await fresh.drop();
    rmSync(directory, { recursive: true });
  }, 30_000);

  const tell = (...events: readonly CallEvent[]): Promise<void> => router.append(topics.callEvents.name, events.map((event) => encodeCallEvent(event, 'channel-router')));
  const notify = (...notifications: readonly ChannelNotification[]): Promise<void> => ingest.append(topics.channelNotifications.name, notifications.map((each) => encodeChannelNotification(each, 'e9-callback-ingest')));
  /** Everything that was appended has had its effect, and the test has seen it. */
  const settled = (): Promise<unknown> => eventually(async () => {
    for (const [group, topic] of [['event-dispatcher', topics.channelNotifications], ['event-dispatcher', topics.callEvents], ['test', topics.callEvents]] as const) {
      const lags = await router.lag(group, topic.name);
      if (lags.length === 0 || lags.some(({ records }) => records > 0)) return false;
    }
    return true;
  });
  /** What the dispatcher told of the call. */
  const told = ({ callId }: Call): CallEvent[] => seen.filter((event) => event.callId === callId && event.source !== 'router');
  const isAcceptance = ({ type }: CallEvent): boolean => type === 'cc.call.attempt-accepted.v1';
  const acceptances = (call: Call): CallEvent[] => told(call).filter(isAcceptance);
  /** What the vendor told, with the seconds of its clock. */
  const facts = (call: Call): string[] => told(call).filter((event) => !isAcceptance(event)).map(({ type, source, occurredAt }) => `${type.slice('cc.call.'.length, -'.v1'.length)} by ${source} at ${(occurredAt - epoch(0)) / 1000}`);
  const waiting = async (): Promise<string[]> => (await database.query<{ id: string }>('SELECT notification_id AS id FROM dispatcher_pending ORDER BY position')).map(({ id }) => id);
  const reasons = async (...notifications: readonly ChannelNotification[]): Promise<(string | undefined)[]> => {
    const rows = await database.query<{ id: string; reason: string; sealed: Buffer }>('SELECT notification_id AS id, reason, sealed FROM dispatcher_quarantine');
    return notifications.map(({ id, sealed }) => rows.find((row) => row.id === id && row.sealed.equals(sealed))?.reason);
  };

  const restart = async (pendingSeconds: string): Promise<void> => {
    await service.stop();
    service = await start(pendingSeconds);
  };

  it('makes call events of what a vendor tells of a known attempt, with the times that the vendor tells', async () => {
    const call = newCall();
    await tell(started(call));
    await settled();
    const first = callback(call, aCalled);
    const more = [bCalled, established, hungUp].map((fields) => callback(call, fields));
    await notify(first);
    await settled();
    await notify(...more);
    await settled();
    expect(facts(call)).toEqual([...factsOf.aCalled, ...factsOf.bCalled, ...factsOf.established, ...factsOf.hungUp]);
    const { callId, attemptId, channel, vendorCallId } = call;
    const heard = { callId, tenant: 'acme', attemptId, channel, recordedAt: first.receivedAt };
    expect(told(call).slice(0, 2)).toEqual([
      { type: 'cc.call.attempt-accepted.v1', id: expect.stringMatching(`^${attemptId}/attempt-accepted/[0-9a-f]{16}$`), ...heard, occurredAt: first.receivedAt, untimed: true, source: 'derived', via: 'callback', vendorCallId },
      { type: 'cc.call.a-ringing.v1', id: expect.stringMatching(`^${attemptId}/a-ringing/[0-9a-f]{16}$`), ...heard, occurredAt: epoch(1), source: 'callback', channelState: 'CallInvite/0' },
    ]);
    expect(told(call).at(-1)).toMatchObject({ type: 'cc.call.recording-available.v1', vendorCallId, vendorUrl: 'http://127.0.0.1:9/rec/1.mp3' });
    expect(acceptances(call)).toHaveLength(1);
  });

  it('tells what the vendor calls the attempt also where the router has told it, so that who was faster makes no difference', async () => {
    const call = newCall();
    await tell(started(call), accepted(call));
    await settled();
    await notify(callback(call, aCalled));
    await settled();
    expect(facts(call)).toEqual(factsOf.aCalled);
    expect(acceptances(call)).toMatchObject([{ source: 'derived', vendorCallId: call.vendorCallId }]);
  });

  it('keeps notifications that come before their attempt, and uses them in the order in which they came once it is there', async () => {
    const call = newCall();
    const early = [callback(call, aCalled), callback(call, bCalled), callback(call, established)] as const;
    for (const each of early) await notify(each);
    await notify(...early);
    await settled();
    expect(told(call)).toEqual([]);
    expect(await waiting()).toEqual(early.map(({ id }) => id));
    // The first row now lies behind the others in the table and its indexes: only the positions still tell the order.
    await database.query('WITH first AS (DELETE FROM dispatcher_pending WHERE notification_id = $1 RETURNING *) INSERT INTO dispatcher_pending OVERRIDING SYSTEM VALUE SELECT * FROM first', [early[0].id]);
    expect(await waiting()).toEqual(early.map(({ id }) => id));
    await tell(started(newCall()), started(call));
    await settled();
    expect(facts(call)).toEqual([...factsOf.aCalled, ...factsOf.bCalled, ...factsOf.established]);
    expect(acceptances(call)).toHaveLength(1);
    expect(await waiting()).toEqual([]);
    await tell(started(call));
    await settled();
    expect(told(call)).toHaveLength(5);
  });

  it('brings an attempt and its notifications together when both come at the same moment', async () => {
    const [allNamed, allUnnamed]: [Call[], Call[]] = [[], []];
    for (let round = 0; round < 20; round += 1) {
      const [named, unnamed] = [Array.from({ length: CALLS_AT_ONCE }, () => newCall()), Array.from({ length: CALLS_AT_ONCE }, () => newCall())];
      allNamed.push(...named);
      allUnnamed.push(...unnamed);
      await Promise.all([
        ...named.map((call) => tell(started(call))), ...named.map((call) => notify(callback(call, aCalled), callback(call, established))),
        ...unnamed.map((call) => tell(started(call), accepted(call))), ...unnamed.map((call) => notify(callback(call, aCalled, vendorNameOf(call)), callback(call, established, vendorNameOf(call)))),
      ]);
      await settled();
      expect(await waiting()).toEqual([]);
    }
    for (const call of [...allNamed, ...allUnnamed]) expect(facts(call).sort()).toEqual([...factsOf.aCalled, ...factsOf.established]);
    for (const call of [...allNamed, ...allUnnamed]) expect(distinctEvents(acceptances(call))).toHaveLength(1);
  });

  it('keeps a notification that names the vendor call alone until the router tells whose it is', async () => {
    const call = newCall();
    await tell(started(call));
    const anonymous = callback(call, aCalled, vendorNameOf(call));
    await notify(anonymous);
    await settled();
    expect(told(call)).toEqual([]);
    expect(await waiting()).toEqual([anonymous.id]);
    await tell(accepted(call));
    await settled();
    expect(await waiting()).toEqual([]);
    await notify(callback(call, established, vendorNameOf(call)));
    await settled();
    expect(facts(call)).toEqual([...factsOf.aCalled, ...factsOf.established]);
  });

  it('learns from a notification that names both whose the vendor call is', async () => {
    const call = newCall();
    await tell(started(call));
    await notify(callback(call, aCalled));
    await settled();
    await notify(callback(call, established, vendorNameOf(call)));
    await settled();
    expect(await waiting()).toEqual([]);
    expect(facts(call)).toEqual([...factsOf.aCalled, ...factsOf.established]);
    expect(acceptances(call)).toHaveLength(1);
  });

  it('tells the acceptance once, at the time of the first of several that waited', async () => {
    const call = newCall();
    const [first, second] = [callback(call, aCalled), callback(call, established)];
    await notify(first);
    await settled();
    await notify(second);
    await settled();
    await tell(started(call));
    await settled();
    await notify(callback(call, hungUp));
    await settled();
    expect(acceptances(call)).toMatchObject([{ recordedAt: first.receivedAt }]);
  });

  it('makes the same events of a notification that comes twice, and of a message that the vendor repeats', async () => {
    const call = newCall();
    await tell(started(call), accepted(call));
    await settled();
    const ended = callback(call, hungUp);
    await notify(ended, ended);
    await settled();
    expect(facts(call)).toEqual(factsOf.hungUp);
    const once = told(call);
    await notify(ended);
    await settled();
    // The acceptance that they prove was told with the first.
    const again = once.filter((event) => !isAcceptance(event));
    expect(told(call).slice(once.length)).toEqual(again);
    await notify(callback(call, hungUp, undefined, ended.receivedAt + 1000));
    await settled();
    expect(told(call).slice(once.length + again.length).map(({ id }) => id)).toEqual(again.map(({ id }) => id));
  });

  it('puts aside what it cannot use, with the reason, and goes on with the next', async () => {
    const call = newCall();
    const elsewhere: Call = { ...call, channel: 'e9-gone' };
    await tell(started(call), accepted(call), started(elsewhere));
    await settled();
    const exchanged: ChannelNotification = { ...callback(call, aCalled), sealed: callback(call, bCalled).sealed };
    const unusable = [notification(call, 'no XML'), callback(call, { action: 'Dance' }), callback(elsewhere, aCalled), exchanged, callback(call, aCalled, {})];
    await notify(...unusable, callback(call, aCalled));
    await settled();
    expect(await reasons(...unusable)).toEqual([
      'no field of a callback found', expect.stringContaining('unknown action'), 'channel e9-gone is not configured here', expect.stringContaining('could not be opened'), 'it names neither our attempt nor a vendor call',
    ]);
    expect(facts(call)).toEqual(factsOf.aCalled);
    expect(await waiting()).toEqual([]);
  });

  it.each([
    ['hw-voice', (call: Call) => ({ eventType: 'alerting', statusInfo: { sessionId: call.vendorCallId, userData: call.attemptId } })],
    ['jy-main', (call: Call) => ({ event: 'a-ringing', callId: call.vendorCallId, attemptId: call.attemptId })],
  ])('puts aside what verification called forged, whatever the vendor (%s), and takes its copy that was not', async (channel, bodyOf) => {
    const call = newCall(channel);
    await tell(started(call));
    await settled();
    const genuine = notification(call, JSON.stringify(bodyOf(call)));
    const forged: ChannelNotification[] = [{ ...notification(call, JSON.stringify(bodyOf(call))), verdict: 'forged', verdictReason: 'the signature is wrong' }, { ...notification(call, 'x', {}), verdict: 'forged' }];
    await notify(...forged);
    await settled();
    expect(await reasons(...forged)).toEqual(['forged: the signature is wrong', 'forged: its verification failed']);
    expect(told(call)).toEqual([]);
    await notify({ ...genuine, verdict: 'trusted' });
    await settled();
    expect(told(call).map(({ type }) => type)).toEqual(['cc.call.attempt-accepted.v1', 'cc.call.a-ringing.v1']);
  });

  it('tells the same of a failure that names no leg, whatever the vendor told before, and leaves the leg to whoever has all events', async () => {
    const push = (call: Call, eventType: string, more = {}): ChannelNotification => notification(call, JSON.stringify({ eventType, statusInfo: { sessionId: call.vendorCallId, userData: `${call.attemptId}`, ...more } }));
    const failure = (call: Call): ChannelNotification => push(call, 'disconnect', { stateCode: 8002 });
    const [answeredFirst, failedFirst, apart, early] = [newCall('hw-voice'), newCall('hw-voice'), newCall('hw-voice'), newCall('hw-voice')];
    const calls = [answeredFirst, failedFirst, apart, early];
    await tell(started(answeredFirst), started(failedFirst), started(apart));
    await settled();
    await notify(push(answeredFirst, 'answer'), failure(answeredFirst), failure(failedFirst), push(failedFirst, 'answer'), push(apart, 'answer'), failure(early), push(early, 'answer'));
    await settled();
    await notify(failure(apart));
    await tell(started(early));
    await settled();
    for (const call of calls) {
      expect(told(call).filter(({ type }) => type === 'cc.call.ended.v1')).toMatchObject([{ closeType: 1, eitherLeg: true, untimed: true, source: 'derived' }]);
      expect(told(call).map(({ id }) => id.replace(call.attemptId, '')).filter((id) => !id.startsWith('/attempt-accepted')).sort())
        .toEqual(told(apart).map(({ id }) => id.replace(apart.attemptId, '')).filter((id) => !id.startsWith('/attempt-accepted')).sort());
    }
  });

  it('tells what the vendor calls the attempt by the first message that can be used, whichever comes first', async () => {
    const [before, after] = [newCall(), newCall()];
    await tell(started(before), started(after));
    await settled();
    const useless = (call: Call): ChannelNotification => callback(call, { action: 'Unheard' });
    await notify(useless(before));
    await notify(callback(before, aCalled));
    await notify(callback(after, aCalled));
    await notify(useless(after));
    await settled();
    for (const call of [before, after]) expect(acceptances(call)).toMatchObject([{ vendorCallId: call.vendorCallId }]);
  });

  it('gives a message without a time as one event, however often it comes, and of a batch its earliest copy', async () => {
    const call = newCall('hw-voice');
    const body = JSON.stringify({ eventType: 'answer', statusInfo: { sessionId: call.vendorCallId, userData: call.attemptId } });
    await tell(started(call));
    await settled();
    await notify(...Array.from({ length: 500 }, (_, index) => notification(call, body, undefined, 1_790_000_000_500 - index)));
    await settled();
    const events = told(call).filter(({ type }) => type === 'cc.call.a-answered.v1');
    expect(new Set(events.map(({ id }) => id)).size).toBe(1);
    expect(distinctEvents(events)).toMatchObject([{ occurredAt: 1_790_000_000_001, recordedAt: 1_790_000_000_001, untimed: true }]);
    expect(events.length).toBeLessThan(50);
  });

  it('puts aside what has waited for longer than the limit, and nothing earlier, however old it is', async () => {
    const call = newCall();
    const orphan = callback(call, aCalled, undefined, Date.now() - 3_600_000);
    await notify(orphan);
    await settled();
    await database.query(`INSERT INTO dispatcher_subject (subject, created) VALUES ('older than all', 0)`);
    await restart('60');
    // Forgotten at the end of the first look at what waits.
    await eventually(async () => (await database.query(`SELECT FROM dispatcher_subject WHERE subject = 'older than all'`)).length === 0);
    expect(await waiting()).toEqual([orphan.id]);
    await restart('1');
    await eventually(async () => (await waiting()).length === 0, { limitMs: 20_000 });
    expect(await reasons(orphan)).toEqual(['no attempt that it belongs to was heard of within 1 s']);
    await tell(started(call));
    await settled();
    expect(told(call)).toEqual([]);
  });
});
