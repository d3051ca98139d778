import { AxiosHttpExchange } from '@cc/http';
import { Clock } from '@cc/kernel';
import { Secret, vendorOf, type DialRequest, type PollFollowUp, type RawNotification, type VendorChannel } from '@cc/vendors';
import { vendorKits } from './vendor-kits';
import { VendorServer, type Reaction, type SeenRequest } from './vendor-server';

const SERIAL = '1037058396471308289';
const T0 = 1_621_576_992_000;
const request: DialRequest = { attemptId: 'att-1', caller: '+8613912345678', called: '+8613812345678', agent: '20011', record: true };

class SteppingClock extends Clock {
  now = T0 + 40_000;
  nowMs(): number {
    return this.now;
  }
}
let clock = new SteppingClock();
const server = new VendorServer();
let endpoint = '';
let tokens = 0;
beforeAll(async () => {
  endpoint = await server.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.seen.splice(0);
  clock = new SteppingClock();
  tokens = 0;
});

function channelWith(more: Readonly<Record<string, unknown>> = {}): VendorChannel & { polling: PollFollowUp } {
  const configured = vendorOf('hw', 'createCall')?.configure({ settings: { ...vendorKits['hw/createCall']?.settings(endpoint), ...more }, callsBack: false });
  if (configured?.ok !== true) throw new Error(JSON.stringify(configured));
  const channel = configured.open({ http: new AxiosHttpExchange(), clock });
  const { polling } = channel;
  if (polling === undefined) throw new Error('hw is polled');
  return { ...channel, polling };
}

const json = (body: unknown): Reaction => ({ body: JSON.stringify(body) });
/** Tokens `token-1`, `token-2` … and by operation what the test arranges. */
function arrange(operations: Readonly<Record<string, (request: SeenRequest) => Reaction>>, token: () => Reaction = () => json({ AccessToken: `token-${(tokens += 1)}`, Expires: '600' })): void {
  server.react = (seen) => {
    const operation = seen.path.split('/').at(-1) ?? '';
    return operation === 'tokenByAkSk' ? token() : (operations[operation]?.(seen) ?? { status: 404, body: '' });
  };
}
const accepted = (): Reaction => json({ retCode: '0', result: { callSerialNo: SERIAL } });

describe('the token', () => {
  it('that comes too late keeps the dial back', async () => {
    arrange({ createCall: accepted }, () => {
      clock.now += 5000;
      return json({ AccessToken: 'late', Expires: '600' });
    });
    expect(await channelWith().dial({ ...request, leaveBy: clock.now + 4999 })).toMatchObject({ kind: 'not-sent' });
    expect(server.asked('/createCall')).toHaveLength(0);
    expect(await channelWith().dial({ ...request, leaveBy: clock.now + 60_000 })).toMatchObject({ kind: 'accepted' });
  });

  it('is asked for with key and secret, shared by all who wait, kept for nine tenths of its life, then replaced', async () => {
    arrange({ createCall: accepted });
    const channel = channelWith();
    await Promise.all([channel.dial(request), channel.dial(request), channel.dial(request)]);
    expect(server.asked('/tokenByAkSk')).toHaveLength(1);
    expect(server.asked('/tokenByAkSk')[0]).toMatchObject({ path: '/apigovernance/api/oauth/tokenByAkSk', headers: { 'x-token-expire': '3600' }, body: '{"app_key":"APPKEY00APPKEY00","app_secret":"short-secret"}' });
    clock.now += 539_000;
    await channel.dial(request);
    expect(tokens).toBe(1);
    clock.now += 2_000;
    await channel.dial(request);
    expect(server.asked('/createCall').map(({ headers }) => headers.authorization)).toEqual([...Array.from({ length: 4 }, () => 'Bearer token-1'), 'Bearer token-2']);
  });

  it('is asked for twice at most; without it the dial is not sent', async () => {
    let tries = 0;
    arrange({ createCall: accepted }, () => ((tries += 1) === 1 ? { status: 503, body: '' } : json({ AccessToken: 'late', Expires: '600' })));
    expect(await channelWith().dial(request)).toMatchObject({ kind: 'accepted' });
    arrange({ createCall: accepted }, () => json({ error: 'no' }));
    server.seen.splice(0);
    expect(await channelWith().dial(request)).toEqual({ kind: 'not-sent', reason: 'no access token: the answer has no AccessToken' });
    expect(server.asked('/tokenByAkSk')).toHaveLength(2);
    expect(server.asked('/createCall')).toHaveLength(0);
  });

  it('that the vendor refuses is replaced for the next request: a question is asked again, a dial never', async () => {
    arrange({ createCall: () => ({ status: 401, body: '' }), queryCallState: ({ headers }) => (headers.authorization === 'Bearer token-3' ? json({ retCode: '0', result: { state: 1 } }) : { status: 401, body: '' }) });
    const channel = channelWith();
    expect(await channel.dial(request)).toMatchObject({ kind: 'rejected', vendorCode: 'http-401' });
    expect(server.asked('/createCall')).toHaveLength(1);
    expect(await channel.polling.poll(SERIAL)).toMatchObject({ state: 'live' });
    expect(server.asked('/queryCallState').map(({ headers }) => headers.authorization)).toEqual(['Bearer token-2', 'Bearer token-3']);
  });
});

it('dials with the documented fields, in the number format of the settings', async () => {
  arrange({ createCall: accepted });
  await channelWith().dial({ ...request, displayToCaller: '+864001234567', displayToCalled: '+861062345678' });
  await channelWith({ numberFormat: 'e164' }).dial({ ...request, agent: 'anna' });
  const [national, e164] = server.asked('/createCall');
  expect(national).toMatchObject({ path: '/apiaccess/CC-Management/v1/mobileAgent/createCall', headers: { 'x-app-key': 'APPKEY00APPKEY00' } });
  expect(JSON.parse(national?.body ?? '')).toEqual({
    caller: '13912345678', called: '13812345678', callData: 'att-1', agentWorkNo: 20011, agentPresent: '4001234567', callerPresent: '01062345678',
  });
  expect(JSON.parse(e164?.body ?? '')).toEqual({ caller: '+8613912345678', called: '+8613812345678', callData: 'att-1' });
  expect(await channelWith().dial({ ...request, maxDurationSeconds: 60 })).toMatchObject({ kind: 'unfit' });
});

it.each([
  ['2', 'call'], ['5', 'call'], ['6', 'channel'], ['8', 'call'], ['16', 'call'], ['21', 'channel'],
])('refused with retCode %s was not placed, for which the %s is to blame', async (retCode, blame) => {
  arrange({ createCall: () => json({ retCode, retMsg: '失败' }) });
  expect(await channelWith().dial(request)).toEqual({ kind: 'rejected', vendorCode: retCode, reason: '失败', blame });
});

it('refused with a code that no page lists is in doubt, until the vendor confirms that nothing was placed: then the call is to blame', async () => {
  arrange({ createCall: () => json({ retCode: '90100100', retMsg: 'no' }) });
  expect(await channelWith().dial(request)).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('90100100') });
  expect(await channelWith({ notPlacedCodes: ['90100100'] }).dial(request)).toEqual({ kind: 'rejected', vendorCode: '90100100', reason: 'no', blame: 'call' });
});

describe('a probe', () => {
  it('asks a question with the token that there is, and is content with any answer', async () => {
    arrange({ createCall: accepted, queryCallDetailRecord: () => json({ retCode: '1', retMsg: 'none' }) });
    const channel = channelWith();
    await channel.dial(request);
    expect([await channel.probe?.(), await channel.probe?.()]).toEqual([{ kind: 'well' }, { kind: 'well' }]);
    expect(server.asked('/tokenByAkSk')).toHaveLength(1);
    expect(JSON.parse(server.asked('/queryCallDetailRecord')[1]?.body ?? '')).toEqual({ startTime: String(clock.now - 60_000), endTime: String(clock.now), offset: '0', limit: '1', taskType: '1' });
  });

  it('fails where the vendor does not answer, token or no token', async () => {
    arrange({ queryCallDetailRecord: () => ({ status: 503, body: '' }) });
    expect(await channelWith().probe?.()).toEqual({ kind: 'failed', reason: 'HTTP status 503' });
    arrange({}, () => ({ status: 503, body: '' }));
    expect(await channelWith().probe?.()).toEqual({ kind: 'failed', reason: 'no access token: HTTP status 503' });
  });
});

it('takes a connect callback for B\'s answer only where the settings say so', () => {
  const raw: RawNotification = { kind: 'callback', headers: {}, body: Buffer.from(`{"callSerialNo":"${SERIAL}","callData":"att-1"}`), receivedAt: T0 };
  expect(channelWith().normalise(raw, { recordRequested: false })).toEqual({ kind: 'facts', facts: [], unknownCodes: [] });
  expect(channelWith({ connectCallback: 'b-answered' }).normalise(raw, { recordRequested: false })).toEqual({ kind: 'facts', unknownCodes: [], facts: [{ type: 'cc.call.connected.v1', derived: true, channelState: 'connect' }] });
});

describe('a poll', () => {
  const state = (more: Readonly<Record<string, unknown>>): Reaction => json({ retCode: '0', result: { caller: '13912345678', startTime: String(T0), ...more } });
  const records = (...callInfo: unknown[]): Reaction => json({ retCode: '0', result: { total: callInfo.length, callInfo } });
  const endTime = String(T0 + 30_000);

  it('of a live call keeps the answer, byte for byte, under the name of what was asked', async () => {
    const reaction = { body: '{"retCode":"0", "result":{"state":2}}' };
    arrange({ queryCallState: () => reaction });
    expect(await channelWith().polling.poll(SERIAL)).toEqual({
      state: 'live',
      notifications: [{ kind: 'poll', headers: {}, body: Buffer.from(reaction.body), receivedAt: clock.now, request: `queryCallState?callSerialNo=${SERIAL}` }],
    });
    expect(server.asked('/queryCallState')[0]?.body).toBe(`{"callSerialNo":"${SERIAL}"}`);
    expect(server.asked('/queryCallDetailRecord')).toHaveLength(0);
  });

  it('of an ended call also keeps its history record, looked for around its time and by its caller', async () => {
    arrange({ queryCallState: () => state({ state: 3, reasonCode: 0, endTime }), queryCallDetailRecord: () => records({ callSerialNo: SERIAL, state: 3 }) });
    const answer = await channelWith().polling.poll(SERIAL);
    expect(answer.state).toBe('ended');
    expect(answer.notifications.map(({ request: asked }) => asked)).toEqual([`queryCallState?callSerialNo=${SERIAL}`, `queryCallDetailRecord?callSerialNo=${SERIAL}`]);
    expect(JSON.parse(server.asked('/queryCallDetailRecord')[0]?.body ?? '')).toEqual({
      startTime: String(T0 - 60_000), endTime: String(T0 + 90_000), offset: '0', limit: '100', taskType: '1', caller: '13912345678',
    });
  });

  it.each<[string, () => Reaction]>([
    ['not there yet', () => json({ retCode: '1', retMsg: '未查询到数据' })],
    ['about other calls', () => records({ callSerialNo: '1037058396471308288', state: 3 })],
    ['an error', () => ({ status: 500, body: '' })],
  ])('of an ended call whose record is %s is repeated for a while, then ends without it', async (_, record) => {
    arrange({ queryCallState: () => state({ state: 3, reasonCode: 0, endTime }), queryCallDetailRecord: record });
    const channel = channelWith({ recordDelaySeconds: 60 });
    expect(await channel.polling.poll(SERIAL)).toMatchObject({ state: 'failed', reason: expect.stringMatching(/./), notifications: [{ kind: 'poll' }] });
    clock.now = T0 + 30_000 + 60_001;
    expect(await channel.polling.poll(SERIAL)).toMatchObject({ state: 'ended', notifications: [{ kind: 'poll' }] });
  });

  it('that is a query asks for the record of an ended call as well, and tells of an end without times only when the record no longer comes', async () => {
    const asked = { attemptId: 'a-1', sentAt: 1, vendorCallId: SERIAL };
    let record = (): Reaction => json({ retCode: '1', retMsg: '未查询到数据' });
    arrange({ queryCallState: () => state({ state: 3, reasonCode: 0, endTime }), queryCallDetailRecord: () => record() });
    const channel = channelWith({ recordDelaySeconds: 60 });
    expect(await channel.query?.(asked)).toMatchObject({ kind: 'no-answer', reason: 'the history record is not there yet' });
    clock.now = T0 + 30_000 + 60_001;
    expect(await channel.query?.(asked)).toMatchObject({ kind: 'told', notification: { kind: 'query', request: `queryCallState?callSerialNo=${SERIAL}` } });
    record = () => records({ callSerialNo: SERIAL, state: 3 });
    expect(await channel.query?.(asked)).toMatchObject({ kind: 'told', notification: { kind: 'query', request: `queryCallDetailRecord?callSerialNo=${SERIAL}` } });
  });

  it.each<[string, Reaction]>([
    ['an error code', json({ retCode: '3', retMsg: '呼叫流水号格式不符' })],
    ['no state', json({ retCode: '0', result: {} })],
    ['no JSON', { body: '<html>' }],
    ['status 500', { status: 500, body: '{"retCode":"0","result":{"state":3}}' }],
    ['a broken connection', 'reset'],
  ])('that brings %s failed and tells nothing', async (_, reaction) => {
    arrange({ queryCallState: () => reaction });
    const channel = channelWith();
    expect(await channel.polling.poll(SERIAL)).toEqual({ state: 'failed', notifications: [], reason: expect.stringMatching(/./) });
    expect(await channel.query?.({ attemptId: 'a-1', sentAt: 1, vendorCallId: SERIAL })).toMatchObject({ kind: 'no-answer' });
  });

  it('of an unknown state goes on', async () => {
    arrange({ queryCallState: () => state({ state: 8 }) });
    expect(await channelWith().polling.poll(SERIAL)).toMatchObject({ state: 'live' });
    expect(await channelWith().query?.({ attemptId: 'a-1', sentAt: 1, vendorCallId: SERIAL })).toMatchObject({ kind: 'told', notification: { kind: 'query', request: `queryCallState?callSerialNo=${SERIAL}` } });
  });
});

it.each<[string, Reaction, unknown]>([
  ['an address', json({ retCode: 0, result: { url: 'https://obs.example/r/1.V3?Signature=s' } }), { kind: 'found', url: 'https://obs.example/r/1.V3?Signature=s', headers: {}, publicUrl: 'https://obs.example/r/1.V3' }],
  ['no record', json({ retCode: 5, retMsg: '无对应历史记录' }), { kind: 'never', reason: 'retCode 5: 无对应历史记录' }],
  ['a serial that is too long', json({ retCode: 12, retMsg: 'serial' }), { kind: 'not-yet', reason: 'retCode 12: serial' }],
  ['too large', json({ retCode: '13', retMsg: 'large' }), { kind: 'never', reason: 'retCode 13: large' }],
  ['a storage error', json({ retCode: 11, retMsg: 'UAP' }), { kind: 'not-yet', reason: 'retCode 11: UAP' }],
  ['an unknown code', json({ retCode: 99 }), { kind: 'not-yet', reason: 'retCode 99: the vendor gave no reason' }],
  ['no address', json({ retCode: 0, result: { url: 'file:///etc/passwd' } }), { kind: 'not-yet', reason: expect.stringMatching(/usable address/) }],
  ['no answer', 'reset', { kind: 'not-yet', reason: expect.stringMatching(/./) }],
])('asked for a recording, the vendor answers with %s', async (_, reaction, location) => {
  arrange({ getRecordingAddress: () => reaction });
  expect(await channelWith().recording?.locate({ vendorCallId: SERIAL })).toEqual(location);
});

describe('a call whose serial number is not known', () => {
  const call = { attemptId: 'att-7', sentAt: T0, caller: '+8613912345678' };
  const page = (callInfo: readonly unknown[]): Reaction => json({ retCode: '0', result: { total: callInfo.length, callInfo } });
  const others = Array.from({ length: 100 }, (_, index) => ({ callSerialNo: String(index), callData: `att-of-others-${index}`, state: 3 }));

  it('is looked for in the history by our attempt id, one page with each query', async () => {
    arrange({ queryCallDetailRecord: ({ body }) => page(body.includes('"offset":"100"') ? [{ callSerialNo: SERIAL, callData: 'att-7', state: 3, reasonCode: 5, endTime: T0 + 30_000 }] : others) });
    const channel = channelWith();
    expect(channel.findsByAttempt).toBe(true);
    expect(await channel.query?.(call)).toEqual({ kind: 'no-answer', reason: expect.stringContaining('page 1 of the history') });
    expect(server.asked('/queryCallDetailRecord')).toHaveLength(1);
    const answer = await channel.query?.(call);
    if (answer?.kind !== 'told') throw new Error(JSON.stringify(answer));
    expect(channel.subjectOf(answer.notification)).toEqual({ vendorCallId: SERIAL, attemptId: 'att-7' });
    expect(channel.normalise(answer.notification, { recordRequested: false })).toMatchObject({ facts: [{ type: 'cc.call.ended.v1', closeType: 2 }] });
    expect(server.asked('/queryCallDetailRecord').map(({ body }): unknown => JSON.parse(body))).toEqual(['0', '100'].map((offset) => ({ startTime: String(T0 - 60_000), endTime: String(clock.now), taskType: '1', offset, limit: '100', caller: '13912345678' })));
  });

  it('is not said to be nowhere, since a running call is not in the history', async () => {
    for (const reaction of [page([]), page(others.slice(1)), json({ retCode: '1', retMsg: 'none' })]) {
      arrange({ queryCallDetailRecord: () => reaction });
      expect(await channelWith().query?.(call)).toEqual({ kind: 'no-answer', reason: expect.stringContaining('no ended call with our attempt id') });
    }
    arrange({ queryCallDetailRecord: () => json({ retCode: '9', retMsg: 'broken' }) });
    expect(await channelWith().query?.(call)).toEqual({ kind: 'no-answer', reason: expect.stringContaining('retCode 9') });
  });

  it('is not searched by its state once it has ended: its record is looked for by its number, up to shortly after its end', async () => {
    const record = { callSerialNo: SERIAL, state: 3, reasonCode: 0, talkingTime: T0 + 5000, talkDuration: 20, endTime: T0 + 25_000 };
    arrange({ queryCallDetailRecord: ({ body }) => page(body.includes('"offset":"100"') ? [record] : others) });
    clock.now = T0 + 3_600_000;
    const channel = channelWith();
    const ended = { ...call, vendorCallId: SERIAL, overBy: T0 + 26_000 };
    expect(await channel.query?.(ended)).toEqual({ kind: 'no-answer', reason: expect.stringContaining('page 1 of the history has no call with this serial number') });
    const answer = await channel.query?.(ended);
    if (answer?.kind !== 'told') throw new Error(JSON.stringify(answer));
    expect(channel.normalise(answer.notification, { recordRequested: false })).toMatchObject({ facts: [{ type: 'cc.call.connected.v1' }, { type: 'cc.call.ended.v1', durationSeconds: 20 }] });
    expect(server.asked('/queryCallState')).toEqual([]);
    expect(server.asked('/queryCallDetailRecord').map(({ body }): unknown => JSON.parse(body))).toEqual(['0', '100'].map((offset) => ({ startTime: String(T0 - 60_000), endTime: String(T0 + 86_000), taskType: '1', offset, limit: '100', caller: '13912345678' })));
    expect(await channel.query?.({ ...ended, vendorCallId: '1234567890' })).toEqual(expect.objectContaining({ kind: 'no-answer' }));
  });

  it('is asked for over no longer time than the vendor allows', async () => {
    arrange({ queryCallDetailRecord: () => page([]) });
    clock.now = T0 + 30 * 86_400_000;
    await channelWith().query?.(call);
    expect(JSON.parse(server.asked('/queryCallDetailRecord')[0]?.body ?? '')).toMatchObject({ startTime: String(T0 - 60_000), endTime: String(T0 - 60_000 + 7 * 86_400_000) });
  });
});

it('asks for release callbacks where the channel has an address and secrets, and answers them as the vendor wants', async () => {
  const callbackUrl = 'https://cc.example/callbacks/hw-main/a-callback-secret';
  const configured = vendorOf('hw', 'createCall')?.configure({ settings: { ...vendorKits['hw/createCall']?.settings(endpoint), callbackUrl: new Secret(callbackUrl) }, callsBack: true });
  if (configured?.ok !== true) throw new Error(JSON.stringify(configured));
  const channel = configured.open({ http: new AxiosHttpExchange(), clock });
  arrange({ createCall: accepted });
  await channel.dial(request);
  expect(JSON.parse(server.asked('/createCall')[0]?.body ?? '')).toMatchObject({ callBackUrl: Buffer.from(callbackUrl).toString('base64') });
  expect(channel.callbacks?.acknowledgement).toEqual({ status: 200, contentType: 'application/json;charset=UTF-8', body: '{"retCode":"0","retMsg":"success"}' });
  expect(channel.callbacks?.verify({ kind: 'callback', headers: {}, body: Buffer.from('{}'), receivedAt: 0 })).toEqual({ kind: 'unverifiable' });
  server.seen.splice(0);
  await channelWith().dial(request);
  expect(server.asked('/createCall')[0]?.body).not.toContain('callBackUrl');
});
