import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeChannelNotification, encodeCallEvent, topics, type WireRecord } from '@cc/contracts';
import { createEventLog, handled, type EventLog } from '@cc/event-log';
import { NoMetrics, Sealer, SilentLog, newId } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { openNotification } from '@cc/vendors';
import { poller } from '../src/service';
import { HwVendor, recordAnswer, stateAnswer } from './hw-vendor';

const KEY = Buffer.alloc(32, 7);
const channelFile = (endpoint: string): string => `channels:
- { id: hw-main, vendor: hw, protocol: createCall, settings: { endpoint: '${endpoint}', appKey: key, appSecret: { value: secret }, pollIntervalMs: 200 } }
- { id: e9-main, vendor: e9, protocol: callback, callbackSecrets: [{ value: hw-poller-secret-0123456 }], settings: { accountSid: ${'a'.repeat(32)}, authToken: { value: ${'b'.repeat(32)} }, appId: ${'c'.repeat(32)} } }
`;

interface Call {
  readonly callId: string;
  readonly attemptId: string;
  readonly vendorCallId: string;
}

describe('the poller on PostgreSQL', () => {
  let directory: string;
  let vendor: HwVendor;
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let eventLog: EventLog;
  let service: RunningService;
  /** A call that is live all the time: what it is asked while another is not shows that the other is left alone. */
  let steady: Call;
  const notified: { readonly attemptId: string | undefined; readonly vendorCallId: string | undefined; readonly body: string }[] = [];

  async function start(): Promise<void> {
    const settings = loadServiceSettings(poller, { CC_HW_POLLER_PORT: '0', CC_DATABASE_URL: fresh.url, CC_CHANNELS_FILE: join(directory, 'channels.yaml'), CC_ENCRYPTION_KEY: KEY.toString('base64') });
    service = await startService(poller, settings, new SilentLog(), () => undefined);
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cc-hw-poller-'));
    vendor = await HwVendor.start();
    await writeFile(join(directory, 'channels.yaml'), channelFile(vendor.endpoint));
    fresh = await freshDatabase();
    await start();
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
    const sealer = new Sealer(KEY, 'notifications');
    await eventLog.subscribe({ group: 'test', topics: [topics.channelNotifications.name], handle: (batch) => {
      for (const decoded of batch.records.map(decodeChannelNotification)) {
        if (decoded.kind !== 'known') continue;
        const { attemptId, vendorCallId, sealed } = decoded.message;
        notified.push({ attemptId, vendorCallId, body: openNotification(sealed, decoded.message, sealer).body.toString() });
      }
      return Promise.resolve(handled);
    } }).ready;
    steady = newCall();
    vendor.states.set(steady.vendorCallId, stateAnswer(2));
    await append(accepted(steady));
    await polledMore(steady, 1);
  }, 60_000);
  afterAll(async () => {
    await service.stop();
    await eventLog.close();
    await database.close();
    await fresh.drop();
    await vendor.stop();
    await rm(directory, { recursive: true, force: true });
  }, 30_000);

  const newCall = (callId = newId('call'), attempt = 1): Call => ({ callId, attemptId: `${callId}-${attempt}`, vendorCallId: newId('serial').slice(0, 50) });
  const about = ({ callId, attemptId }: Call, channel: string) => ({ id: newId('evt'), callId, tenant: 'acme', attemptId, channel, occurredAt: 1, recordedAt: 1, source: 'router' as const });
  const accepted = (call: Call, channel = 'hw-main'): WireRecord => encodeCallEvent({ type: 'cc.call.attempt-accepted.v1', ...about(call, channel), vendorCallId: call.vendorCallId }, 'test');
  const ended = (call: Call): WireRecord => encodeCallEvent({ type: 'cc.call.ended.v1', ...about(call, 'hw-main'), closeType: 0 }, 'test');
  const append = (...records: WireRecord[]): Promise<void> => eventLog.append(topics.callEvents.name, records);
  const bodiesOf = ({ attemptId }: Call): string[] => notified.filter((one) => one.attemptId === attemptId).map(({ body }) => body);
  const isFollowed = async ({ attemptId }: Call): Promise<boolean> => (await database.query('SELECT FROM poll_task WHERE attempt_id = $1', [attemptId])).length === 1;

  async function polledMore({ vendorCallId }: Call, times: number): Promise<void> {
    const before = vendor.pollsOf(vendorCallId);
    await eventually(() => vendor.pollsOf(vendorCallId) >= before + times, { limitMs: 20_000 });
  }

  /** A call in this state that was polled and told of once. */
  async function liveCall(state: string): Promise<Call> {
    const call = newCall();
    vendor.states.set(call.vendorCallId, state);
    await append(accepted(call));
    await eventually(() => expect(bodiesOf(call)).toEqual([state]));
    return call;
  }

  async function expectLeftAlone(call: Call): Promise<void> {
    await eventually(async () => !(await isFollowed(call)));
    // One poll may have been on its way.
    await polledMore(steady, 2);
    const polls = vendor.pollsOf(call.vendorCallId);
    await polledMore(steady, 4);
    expect(vendor.pollsOf(call.vendorCallId)).toBe(polls);
  }

  it('tells of each answer that differs from the last one, byte for byte, and of an equal one not again', async () => {
    const states = [0, 1, 2].map((state) => stateAnswer(state));
    const call = await liveCall(states[0] ?? '');
    await polledMore(call, 3);
    for (const state of states.slice(1)) {
      vendor.states.set(call.vendorCallId, state);
      await eventually(() => bodiesOf(call).includes(state));
      await polledMore(call, 3);
    }
    expect(bodiesOf(call)).toEqual(states);
    expect(notified.find(({ attemptId }) => attemptId === call.attemptId)).toMatchObject({ vendorCallId: call.vendorCallId });
    await append(ended(call));
  });

  it('asks for the record of an ended call until it is there, and then no more', async () => {
    const call = await liveCall(stateAnswer(2));
    const over = stateAnswer(3, { reasonCode: 0, endTime: Date.now() });
    const asked = vendor.askedForRecords;
    vendor.states.set(call.vendorCallId, over);
    await eventually(() => vendor.askedForRecords >= asked + 2);
    expect(await isFollowed(call)).toBe(true);
    vendor.record = recordAnswer(call.vendorCallId);
    await expectLeftAlone(call);
    await eventually(() => expect(bodiesOf(call).at(-1)).toBe(vendor.record));
    expect(bodiesOf(call).slice(0, 2)).toEqual([stateAnswer(2), over]);
  });

  it('follows a call no longer that ended by what another service says', async () => {
    const call = await liveCall(stateAnswer(1));
    await append(ended(call));
    await expectLeftAlone(call);
    expect(bodiesOf(call)).toHaveLength(1);
  });

  it('does not begin with a call whose end came first, nor with one of a channel that calls back', async () => {
    const [over, called] = [newCall(), newCall()];
    // Events of one call are read in order: what is true once its other attempts are followed stays true.
    const [first, second, third] = [newCall(over.callId, 2), newCall(over.callId, 3), newCall(called.callId, 2)];
    for (const { vendorCallId } of [over, called, first, second, third]) vendor.states.set(vendorCallId, stateAnswer(0));
    await append(ended(over), accepted(first));
    await polledMore(first, 1);
    await append(accepted(over), accepted(second), accepted(called, 'e9-main'), accepted(third));
    await Promise.all([polledMore(second, 1), polledMore(third, 1)]);
    for (const call of [over, called]) {
      expect(await isFollowed(call)).toBe(false);
      expect(vendor.pollsOf(call.vendorCallId)).toBe(0);
    }
    await append(ended(first), ended(second), ended(third));
  });

  it('goes on after a restart where it was', async () => {
    const call = await liveCall(stateAnswer(0));
    const unchanged = await liveCall(stateAnswer(1));
    await service.stop();
    vendor.states.set(call.vendorCallId, stateAnswer(2));
    await start();
    await eventually(() => bodiesOf(call).length === 2);
    await polledMore(unchanged, 3);
    expect(bodiesOf(call)).toEqual([stateAnswer(0), stateAnswer(2)]);
    expect(bodiesOf(unchanged)).toEqual([stateAnswer(1)]);
    expect(bodiesOf(steady)).toEqual([stateAnswer(2)]);
    await append(ended(call), ended(unchanged));
  }, 60_000);

  it('asks a vendor that fails more and more slowly, and learns all the same what has become of the call', async () => {
    const call = await liveCall(stateAnswer(1));
    vendor.states.delete(call.vendorCallId);
    await polledMore(call, 1);
    const [polls, steadyPolls] = [call, steady].map(({ vendorCallId }) => vendor.pollsOf(vendorCallId));
    await polledMore(steady, 12);
    const during = [call, steady].map(({ vendorCallId }) => vendor.pollsOf(vendorCallId));
    const [slow = 0, usual = 0] = [(during[0] ?? 0) - (polls ?? 0), (during[1] ?? 0) - (steadyPolls ?? 0)];
    expect(slow).toBeGreaterThan(0);
    expect(slow).toBeLessThan(usual / 2);
    expect(bodiesOf(call)).toEqual([stateAnswer(1)]);
    vendor.states.set(call.vendorCallId, stateAnswer(1));
    await polledMore(call, 3);
    vendor.states.set(call.vendorCallId, stateAnswer(2));
    await eventually(() => bodiesOf(call).includes(stateAnswer(2)));
    expect(bodiesOf(call)).toEqual([stateAnswer(1), stateAnswer(2)]);
    await append(ended(call));
  }, 60_000);
});
