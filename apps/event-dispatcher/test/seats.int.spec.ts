import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeCallEvent, distinctEvents, encodeCallEvent, encodeChannelNotification, topics, type CallEvent, type ChannelNotification } from '@cc/contracts';
import { createEventLog, handled, type EventLog } from '@cc/event-log';
import { newId, NoMetrics, Sealer, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { sealNotification } from '@cc/vendors';
import { eventDispatcher } from '../src/service';

const KEY = Buffer.alloc(32, 7);
const CHANNEL = 'hw-seats';
const T0 = Date.now() - 60_000;
const sealer = new Sealer(KEY, 'notifications');
jest.setTimeout(60_000);

interface Call {
  readonly callId: string;
  readonly attemptId: string;
  readonly seat: string;
  readonly vendorCallId: string;
  readonly startedAt: number;
}

let seats = 0;
const newSeat = (): string => `seat-${(seats += 1)}`;
function newCall(seat = newSeat(), startedAt = T0): Call {
  const callId = newId('call');
  return { callId, attemptId: `${callId}-1`, seat, vendorCallId: `1455885056-${(seats += 1)}`, startedAt };
}

const byRouter = ({ callId, attemptId, startedAt }: Call) => ({ callId, tenant: 'acme', attemptId, channel: CHANNEL, occurredAt: startedAt, recordedAt: startedAt, source: 'router' as const });
const started = (call: Call): CallEvent => ({ type: 'cc.call.attempt-started.v1', id: `${call.attemptId}/started`, ...byRouter(call), vendor: 'hw', attemptNumber: 1, recordRequested: true, seat: call.seat });
const accepted = (call: Call): CallEvent => ({ type: 'cc.call.attempt-accepted.v1', id: `${call.attemptId}/accepted`, ...byRouter(call), vendorCallId: call.vendorCallId });
const refused = (call: Call): CallEvent => ({ type: 'cc.call.attempt-refused.v1', id: `${call.attemptId}/refused`, ...byRouter(call), class: 'rejected', reason: 'no' });

/** What a seat is told so many seconds after T0; `callId` where the event names its call. */
function told(seat: string, seconds: number, eventType: string, callId?: string): ChannelNotification {
  const receivedAt = T0 + seconds * 1000;
  const header = { id: newId('ntf'), channel: CHANNEL, kind: 'poll', receivedAt, seat, ...(callId === undefined ? {} : { vendorCallId: callId }) } as const;
  const body = JSON.stringify({ message: '', retcode: '0', event: { eventType, workNo: '20001', content: eventType === 'AgentEvent_Talking' ? { callid: callId, feature: '7' } : (callId ?? null) } });
  return { ...header, sealed: sealNotification({ kind: 'poll', headers: {}, body: Buffer.from(body), receivedAt, request: 'agentevent' }, header.id, sealer) };
}

describe('what seats are told, on PostgreSQL', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cc-event-dispatcher-'));
  const seen: CallEvent[] = [];
  let fresh: FreshDatabase;
  let service: RunningService;
  let database: TypeOrmDatabase;
  let log: EventLog;

  beforeAll(async () => {
    fresh = await freshDatabase();
    const channelsFile = join(directory, 'channels.yaml');
    writeFileSync(channelsFile, JSON.stringify({ channels: [{ id: CHANNEL, vendor: 'hw', protocol: 'agentGateway', settings: { endpoint: 'http://127.0.0.1:1' }, lines: [{ id: 'seat-1', agentId: 20_001, password: { value: 'pass' }, phone: '40038' }] }] }));
    service = await startService(eventDispatcher, loadServiceSettings(eventDispatcher, {
      CC_EVENT_DISPATCHER_PORT: '0', CC_DATABASE_URL: fresh.url, CC_CHANNELS_FILE: channelsFile, CC_ENCRYPTION_KEY: KEY.toString('base64'),
    }), new SilentLog(), () => undefined);
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    log = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
    await log.subscribe({ group: 'test', topics: [topics.callEvents.name], handle: ({ records }) => {
      for (const decoded of records.map(decodeCallEvent)) if (decoded.kind === 'known') seen.push(decoded.message);
      return Promise.resolve(handled);
    } }).ready;
  });
  afterEach(async () => expect(await database.query('SELECT topic, reason FROM dead_letter')).toEqual([]));
  afterAll(async () => {
    await service.stop();
    await log.close();
    await database.close();
    await fresh.drop();
    rmSync(directory, { recursive: true });
  });

  const tell = async (...events: readonly CallEvent[]): Promise<void> => {
    await log.append(topics.callEvents.name, events.map((event) => encodeCallEvent(event, 'channel-router')));
    await settled();
  };
  const notify = async (...notifications: readonly ChannelNotification[]): Promise<void> => {
    await log.append(topics.channelNotifications.name, notifications.map((each) => encodeChannelNotification(each, 'hw-poller')));
    await settled();
  };
  const settled = (): Promise<unknown> => eventually(async () => {
    for (const [group, topic] of [['event-dispatcher', topics.channelNotifications], ['event-dispatcher', topics.callEvents], ['test', topics.callEvents]] as const) {
      const lags = await log.lag(group, topic.name);
      if (lags.length === 0 || lags.some(({ records }) => records > 0)) return false;
    }
    return true;
  });
  /** What the dispatcher told of the call: its steps, the end with its close type, and an acceptance with the vendor's name. */
  const facts = ({ callId }: Call): string[] => distinctEvents(seen.filter((event) => event.callId === callId && event.source !== 'router')).map((event) => {
    if (event.type === 'cc.call.ended.v1') return `ended ${event.closeType}`;
    if (event.type === 'cc.call.attempt-accepted.v1') return `accepted ${event.vendorCallId}`;
    return event.type.slice('cc.call.'.length, -'.v1'.length);
  });
  const waiting = async (seat: string): Promise<string[]> => (await database.query<{ id: string }>('SELECT notification_id AS id FROM dispatcher_pending WHERE subject = $1 ORDER BY position', [`${CHANNEL}|seat|${seat}`])).map(({ id }) => id);
  const reasonOf = async ({ id }: ChannelNotification): Promise<string | undefined> => (await database.query<{ reason: string }>('SELECT reason FROM dispatcher_quarantine WHERE notification_id = $1', [id]))[0]?.reason;

  it('belongs to the attempt of the seat, and means what the messages before it make of it, whichever batches they come in', async () => {
    const [talked, unanswered, together] = [newCall(), newCall(), newCall()];
    await tell(started(talked), accepted(talked), started(unanswered), accepted(unanswered), started(together), accepted(together));
    for (const [second, event, named] of [[1, 'AgentOther_PhoneAlerting', false], [2, 'AgentOther_PhoneOffhook', false], [3, 'AgentEvent_Talking', true], [9, 'AgentEvent_Customer_Release', true], [10, 'AgentOther_PhoneRelease', false]] as const) await notify(told(talked.seat, second, event, named ? talked.vendorCallId : undefined));
    expect(facts(talked)).toEqual(['a-ringing', 'a-answered', `accepted ${talked.vendorCallId}`, 'connected', 'ended 0']);
    await notify(told(unanswered.seat, 1, 'AgentOther_PhoneAlerting'), told(unanswered.seat, 30, 'AgentEvent_Connect_Fail', unanswered.vendorCallId), told(unanswered.seat, 31, 'AgentOther_PhoneRelease'));
    expect(facts(unanswered)).toEqual(['a-ringing', `accepted ${unanswered.vendorCallId}`, 'ended 1']);
    await notify(told(together.seat, 1, 'AgentOther_PhoneAlerting'), told(together.seat, 2, 'AgentOther_PhoneOffhook'), told(together.seat, 30, 'AgentEvent_Call_Out_Fail', together.vendorCallId));
    expect(facts(together)).toEqual(['a-ringing', 'a-answered', `accepted ${together.vendorCallId}`, 'ended 2']);
    for (const { seat } of [talked, unanswered, together]) expect(await waiting(seat)).toEqual([]);
  });

  it('names the vendor\'s call where the dial\'s answer did not', async () => {
    const call = newCall();
    await tell(started(call));
    await notify(told(call.seat, 1, 'AgentOther_PhoneAlerting'), told(call.seat, 2, 'AgentEvent_Talking', call.vendorCallId), told(call.seat, 3, 'AgentEvent_Call_Release', call.vendorCallId));
    expect(facts(call)).toEqual(['a-ringing', `accepted ${call.vendorCallId}`, 'connected', 'ended 0']);
  });

  it('waits, in order, for an attempt that is not known yet', async () => {
    const call = newCall();
    const early = [told(call.seat, 1, 'AgentOther_PhoneAlerting'), told(call.seat, 2, 'AgentOther_PhoneOffhook'), told(call.seat, 3, 'AgentEvent_Call_Release', call.vendorCallId)];
    for (const each of early) await notify(each);
    expect(await waiting(call.seat)).toEqual(early.map(({ id }) => id));
    await tell(started(call));
    expect(facts(call)).toEqual(['a-ringing', 'a-answered', `accepted ${call.vendorCallId}`, 'ended 1']);
    expect(await waiting(call.seat)).toEqual([]);
  });

  it('goes to the next attempt once the last has ended, and what comes late of the last never does', async () => {
    const first = newCall();
    const second = newCall(first.seat, T0 + 20_000);
    await tell(started(first), accepted(first));
    await notify(told(first.seat, 1, 'AgentOther_PhoneAlerting'), told(first.seat, 5, 'AgentEvent_Call_Out_Fail', first.vendorCallId));
    const next = told(first.seat, 21, 'AgentOther_PhoneAlerting');
    await notify(told(first.seat, 6, 'AgentOther_PhoneRelease'), next);
    expect(await waiting(first.seat)).toEqual([next.id]);
    await tell(started(second));
    await notify(told(first.seat, 22, 'AgentEvent_Connect_Fail', first.vendorCallId), told(first.seat, 23, 'AgentOther_PhoneOffhook'));
    expect(facts(first)).toEqual(['a-ringing', `accepted ${first.vendorCallId}`, 'ended 1']);
    expect(facts(second)).toEqual(['a-ringing', 'a-answered']);
  });

  it('is not given to an attempt that began after it', async () => {
    const call = newCall(newSeat(), T0 + 20_000);
    const before = told(call.seat, 10, 'AgentOther_PhoneAlerting');
    await notify(before);
    await tell(started(call));
    expect(facts(call)).toEqual([]);
    expect(await waiting(call.seat)).toEqual([before.id]);
  });

  it('waits for another attempt when the last was refused', async () => {
    const call = newCall();
    await tell(started(call), refused(call));
    await notify(told(call.seat, 1, 'AgentOther_PhoneAlerting'));
    expect(facts(call)).toEqual([]);
    expect(await waiting(call.seat)).toHaveLength(1);
  });

  it('is put aside where it names another call than the attempt\'s, and dropped where it says nothing of any call of ours', async () => {
    const call = newCall();
    const [foreign, silent] = [told(call.seat, 2, 'AgentEvent_Call_Release', '1455885056-999999'), told(call.seat, 0, 'AgentEvent_Call_Release', '1455885056-999999')];
    await notify(silent);
    expect([await waiting(call.seat), await reasonOf(silent)]).toEqual([[], undefined]);
    await tell(started(call), accepted(call));
    await notify(told(call.seat, 1, 'AgentOther_PhoneAlerting'), foreign);
    expect(facts(call)).toEqual(['a-ringing']);
    expect(await reasonOf(foreign)).toContain('another call');
  });
});
