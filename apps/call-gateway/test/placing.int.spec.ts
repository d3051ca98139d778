import { CallEvent, decodeCallCommand, removedChannel, topics, type ChannelHealth } from '@cc/contracts';
import { eventually } from '@cc/testing';
import { z } from 'zod';
import { health } from './announced-channel';
import { startGateway, type RunningGateway } from './running-gateway';

const Placed = z.object({ callId: z.string() });
const body = { from: '13900000001', to: '13900000002' };
const keyed = (key: string) => ({ headers: { 'idempotency-key': key } });
/** So long that an answer before the client gives up means that it was woken. */
const BUSY_ANSWER_SECONDS = 10;

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startGateway({ CC_CALL_GATEWAY_BUSY_ANSWER_SECONDS: String(BUSY_ANSWER_SECONDS) });
}, 60_000);
afterAll(() => gateway.stop(), 30_000);

/** Announces these channels and no others, and waits until the gateway knows. */
async function channels(...told: readonly ChannelHealth[]): Promise<void> {
  const rows = await gateway.database.query<{ channel: string }>('SELECT channel FROM gateway_channel');
  const gone = rows.map(({ channel }) => channel).filter((channel) => !told.some((one) => one.channel === channel));
  await gateway.eventLog.append(topics.channelHealth.name, gone.map((channel) => removedChannel(channel, Date.now())));
  await gateway.announce(...told);
  await eventually(async () => {
    const now = await gateway.database.query<{ health: { channel: string; state: string } }>('SELECT health FROM gateway_channel ORDER BY channel');
    return JSON.stringify(now.map(({ health: { channel, state } }) => [channel, state])) === JSON.stringify(told.map(({ channel, state }) => [channel, state]).sort());
  });
}

const placedCount = async (): Promise<unknown> => (await gateway.database.query('SELECT (SELECT count(*)::int FROM gateway_call) AS calls, (SELECT count(*)::int FROM gateway_idempotency_key) AS keys, (SELECT count(*)::int FROM log_record WHERE topic = $1) AS commands', [topics.callCommands.name]))[0];

describe('a channel that is configured no more', () => {
  it('is forgotten', async () => {
    await channels(health('e9-main'), health('gone'));
    expect((await gateway.acme.get('/channels/gone')).status).toBe(200);
    await gateway.eventLog.append(topics.channelHealth.name, [removedChannel('gone', Date.now())]);
    await eventually(async () => (await gateway.acme.get('/channels/gone')).status === 404);
    expect((await gateway.acme.get('/channels')).data).toMatchObject({ items: [{ channel: 'e9-main' }] });
  });
});

describe('a call that no channel would take', () => {
  it('is refused with the state of each channel that it could take, and leaves nothing behind', async () => {
    await channels(health('e9-main', { state: 'down', reason: '5 of 5 dials failed' }), health('hw-main', { state: 'draining', reason: 'maintenance' }), health('named-only', { weight: 0 }), health('theirs', { tenants: ['globex'] }), health('off', { enabled: false, weight: 0 }));
    const before = await placedCount();
    const refused = await gateway.acme.post('/calls', body, keyed('refused'));
    expect(refused).toMatchObject({
      status: 503, headers: { 'retry-after': '2' },
      data: { code: 'no-channel-up', retriable: true, detail: expect.stringContaining('e9-main is down (5 of 5 dials failed); hw-main is draining (maintenance)'), channels: [{ channel: 'e9-main', state: 'down', reason: '5 of 5 dials failed' }, { channel: 'hw-main', state: 'draining', reason: 'maintenance' }] },
    });
    expect(await gateway.acme.post('/calls', { ...body, channel: 'e9-main' })).toMatchObject({ status: 503, data: { channels: [{ channel: 'e9-main' }] } });
    expect(await gateway.acme.post('/calls', { ...body, channel: 'off' })).toMatchObject({ status: 422, data: { errors: [{ pointer: '/channel', detail: 'off is disabled in the channel file' }] } });
    expect(await gateway.acme.post('/calls', { ...body, channel: 'e9-main', record: 'yes' })).toMatchObject({ status: 422 });
    expect(await placedCount()).toEqual(before);
    expect((await gateway.acme.post('/calls', { ...body, channel: 'named-only' })).status).toBe(202);
    expect((await gateway.globex.post('/calls', body)).status).toBe(202);
    await channels(health('e9-main'));
    expect((await gateway.acme.post('/calls', body, keyed('refused'))).headers['idempotent-replayed']).toBeUndefined();
  });

  it('is judged by the channels of its business, and by that of its user beside them', async () => {
    await channels(health('e9-main', { state: 'down' }), health('hw-main'));
    await gateway.acme.put('/bindings/u', { agent: 'a', channel: 'e9-main' });
    await gateway.acme.put('/businesses/b', { channels: ['e9-main'] });
    for (const told of [{ business: 'b' }, { user: 'u', business: 'b' }]) expect(await gateway.acme.post('/calls', { ...body, ...told })).toMatchObject({ status: 503, data: { code: 'no-channel-up', channels: [{ channel: 'e9-main' }] } });
    // The bound channel is preferred, not the only one: the router takes the next.
    expect((await gateway.acme.post('/calls', { ...body, user: 'u' })).status).toBe(202);
    expect((await gateway.acme.post('/calls', { ...body, user: 'u', channel: 'hw-main' })).status).toBe(202);
    expect((await gateway.acme.post('/calls', { ...body, user: 'stranger' })).status).toBe(202);
  });

  it('was placed all the same when it was placed before', async () => {
    await channels(health('e9-main'));
    const first = await gateway.acme.post('/calls', body, keyed('early'));
    await channels(health('e9-main', { state: 'down' }));
    expect(await gateway.acme.post('/calls', body, keyed('early'))).toMatchObject({ status: 202, data: first.data, headers: { 'idempotent-replayed': 'true' } });
    expect(await gateway.acme.post('/calls', { ...body, agent: 'x' }, keyed('early'))).toMatchObject({ status: 422, data: { code: 'idempotency-key-reused' } });
  });
});

describe('a call that does not wait for its line', () => {
  beforeAll(() => channels(health('e9-main')));
  const reject = { ...body, whenBusy: 'reject' };
  /** The id of the call that is placed next, as the router reads it, whose answer is still awaited. */
  async function nextCallId(): Promise<() => Promise<string>> {
    const before = gateway.written(topics.callCommands.name).length;
    return async () => (await eventually(() => gateway.written(topics.callCommands.name)[before] ?? false)).key;
  }
  const base = (callId: string) => ({ callId, tenant: 'acme', occurredAt: 1, recordedAt: 1, source: 'router' });
  const ended = (callId: string, told: object = {}) => CallEvent.parse({ type: 'cc.call.ended.v1', id: `${callId}/ended`, ...base(callId), closeType: 3, endedBy: 'cc', route: { basis: 'all', lineBusy: true, candidates: [] }, ...told });
  const started = (callId: string) => CallEvent.parse({ type: 'cc.call.attempt-started.v1', id: `${callId}/started`, ...base(callId), attemptId: `${callId}-1`, channel: 'e9-main', vendor: 'e9', attemptNumber: 1, recordRequested: false });

  it('is answered with what the router did of it: refused for the line', async () => {
    const next = await nextCallId();
    const answer = gateway.acme.post('/calls', reject, keyed('busy'));
    const callId = await next();
    await gateway.tell(ended(callId));
    const problem = { status: 409, headers: { location: `/v1/calls/${callId}` }, data: { code: 'line-busy', callId, retriable: false, status: 409, detail: expect.stringContaining('whenBusy: wait') } };
    expect(await answer).toMatchObject(problem);
    expect(await gateway.acme.post('/calls', reject, keyed('busy'))).toMatchObject({ ...problem, headers: { 'idempotent-replayed': 'true' } });
    expect(decodeCallCommand(gateway.written(topics.callCommands.name, callId)[0] ?? { key: '', value: null, headers: {} })).toMatchObject({ message: { whenBusy: 'reject' } });
  });

  it.each<[string, (callId: string) => CallEvent]>([
    ['dialled', started], ['refused for another reason', (callId) => ended(callId, { closeType: 6, route: { basis: 'all', candidates: [] } })],
  ])('is accepted when it was %s', async (_what, word) => {
    const next = await nextCallId();
    const begun = Date.now();
    const answer = gateway.acme.post('/calls', reject);
    const callId = await next();
    await gateway.tell(word(callId));
    expect(await answer).toMatchObject({ status: 202, data: { callId } });
    expect(Date.now() - begun).toBeLessThan(BUSY_ANSWER_SECONDS * 1000);
  });

  it('is accepted at once when it would wait', async () => {
    for (const told of [body, { ...body, whenBusy: 'wait' }]) {
      const begun = Date.now();
      expect((await gateway.acme.post('/calls', told)).status).toBe(202);
      expect(Date.now() - begun).toBeLessThan(BUSY_ANSWER_SECONDS * 1000);
    }
    expect(await gateway.acme.post('/calls', { ...body, whenBusy: 'now' })).toMatchObject({ status: 422, data: { errors: [{ pointer: '/whenBusy', detail: 'must be reject or wait' }] } });
  });

  it('is accepted when the router says nothing in time', async () => {
    const answer = await gateway.acme.post('/calls', reject);
    expect(Placed.parse(answer.data).callId).toBe(gateway.written(topics.callCommands.name).at(-1)?.key);
    expect(answer.status).toBe(202);
  }, 25_000);
});
