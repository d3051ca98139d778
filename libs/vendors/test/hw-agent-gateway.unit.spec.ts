import { AxiosHttpExchange } from '@cc/http';
import { SettableClock } from '@cc/testing';
import { Secret, vendorOf, type DialRequest, type RawNotification, type SeatFollowUp, type VendorChannel } from '@cc/vendors';
import { vendorKits } from './vendor-kits';
import { VendorServer, type Reaction, type SeenRequest } from './vendor-server';

const NOW = 1_621_577_032_000;
const SEAT = '20011';
const request: DialRequest = { attemptId: 'att-1', caller: '+8613912345678', called: '+8613812345678', record: true, seat: SEAT, session: 'g-1' };

const server = new VendorServer();
let endpoint = '';
beforeAll(async () => {
  endpoint = await server.start();
});
afterAll(() => server.stop());
beforeEach(() => server.seen.splice(0));

function channelWith(more: Readonly<Record<string, unknown>> = {}): VendorChannel & { seats: SeatFollowUp; cancel: NonNullable<VendorChannel['cancel']> } {
  const kit = vendorKits['hw/agentGateway'];
  const configured = vendorOf('hw', 'agentGateway')?.configure({ settings: { ...kit?.settings(endpoint), ...more }, lines: kit?.lines, callsBack: false });
  if (configured?.ok !== true) throw new Error(JSON.stringify(configured));
  const channel = configured.open({ http: new AxiosHttpExchange(), clock: new SettableClock(NOW) });
  const { seats, cancel } = channel;
  if (seats === undefined || cancel === undefined) throw new Error('it has seats, and can cancel');
  return { ...channel, seats, cancel };
}

const json = (body: unknown, headers: Readonly<Record<string, string>> = {}): Reaction => ({ body: JSON.stringify(body), headers });
const refusal = (retcode: string, message = 'no'): Reaction => json({ message, retcode });
const signedIn = (guid: string): Reaction => json({ message: '', retcode: '0', result: { vdnid: 1, workno: '291' } }, { Guid: guid, 'Set-GUID': `JSESSIONID=${guid}.AgentGateway0` });
const bodies = (): unknown[] => server.seen.map(({ body }): unknown => JSON.parse(body));
/** By method and the end of the path below `resource/`. */
function arrange(reactions: Readonly<Record<string, (request: SeenRequest) => Reaction>>): void {
  server.react = (seen) => reactions[`${seen.method} ${seen.path.replace('/agentgateway/resource/', '')}`]?.(seen) ?? { status: 404, body: '' };
}

describe('a sign-in', () => {
  it('sends password and telephone, and gives the session', async () => {
    arrange({ 'PUT onlineagent/20011': () => signedIn('g-1') });
    expect(await channelWith().seats.signIn(SEAT)).toEqual({ kind: 'signed-in', session: 'g-1' });
    expect(bodies()).toEqual([{ password: 'short-pass', phonenum: '40038' }]);
    await channelWith({ agentType: 4, initialStatus: 4 }).seats.signIn(SEAT);
    expect(JSON.parse(server.seen[1]?.body ?? '')).toMatchObject({ agenttype: 4, status: 4 });
  });

  it('is forced where the agent is signed in already, and only there', async () => {
    arrange({ 'PUT onlineagent/20011': () => refusal('100-002'), 'PUT onlineagent/20011/forcelogin': () => signedIn('g-2') });
    expect(await channelWith().seats.signIn(SEAT)).toEqual({ kind: 'signed-in', session: 'g-2' });
    expect(JSON.parse(server.seen[1]?.body ?? '')).toEqual({ password: 'short-pass', phonenum: '40038' });
    server.seen.splice(0);
    arrange({ 'PUT onlineagent/20011': () => refusal('100-004', 'wrong short-pass'), 'PUT onlineagent/20011/forcelogin': () => signedIn('g-2') });
    expect(await channelWith().seats.signIn(SEAT)).toEqual({ kind: 'refused', reason: 'retcode 100-004: wrong ***' });
    expect(server.seen).toHaveLength(1);
  });

  it.each<[string, Reaction]>([
    ['no Guid', json({ message: '', retcode: '0' })],
    ['an unusable Guid', json({ message: '', retcode: '0' }, { Guid: 'two words' })],
    ['a passing fault', refusal('000-004')],
    ['status 500', { status: 500, body: '{"retcode":"0"}' }],
    ['no JSON', { body: '<html>' }],
    ['a broken connection', 'reset'],
  ])('with %s failed', async (_, reaction) => {
    arrange({ 'PUT onlineagent/20011': () => reaction });
    expect(await channelWith().seats.signIn(SEAT)).toEqual({ kind: 'failed', reason: expect.stringMatching(/./) });
  });

  it('is followed by the choice of skills where the settings say so; without them it failed', async () => {
    arrange({ 'PUT onlineagent/20011': () => signedIn('g-1'), 'POST onlineagent/20011/resetskill/true': () => refusal('0'), 'POST onlineagent/20011/resetskill/false': () => refusal('100-007') });
    expect(await channelWith({ resetSkill: 'auto' }).seats.signIn(SEAT)).toEqual({ kind: 'signed-in', session: 'g-1' });
    expect(server.seen[1]?.headers.guid).toBe('g-1');
    expect(await channelWith({ resetSkill: 'seat' }).seats.signIn(SEAT)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('100-007') });
    expect(server.seen[3]?.query.get('skillid')).toBe('25');
    expect(await channelWith().seats.signIn('20012')).toMatchObject({ kind: 'refused' });
  });
});

describe('a poll', () => {
  const event = { message: '', retcode: '0', event: { eventType: 'AgentOther_PhoneAlerting', workNo: '20011', content: null } };

  it('keeps the event byte for byte', async () => {
    arrange({ 'GET agentevent/20011': () => json(event) });
    expect(await channelWith().seats.poll(SEAT, 'g-1')).toEqual({
      kind: 'told', session: 'g-1', notifications: [{ kind: 'poll', headers: {}, body: Buffer.from(JSON.stringify(event)), receivedAt: NOW, request: 'agentevent' }],
    });
    expect(server.seen[0]?.headers.guid).toBe('g-1');
  });

  it.each([['absent', {}], ['null', { event: null }]])('whose event is %s tells nothing', async (_, more) => {
    arrange({ 'GET agentevent/20011': () => json({ message: '', retcode: '0', ...more }) });
    expect(await channelWith().seats.poll(SEAT, 'g-1')).toEqual({ kind: 'nothing', session: 'g-1' });
  });

  it('gives the next session where the gateway changes it, and nowhere else', async () => {
    arrange({ 'GET agentevent/20011': () => json({ message: '', retcode: '0' }, { Guid: 'g-2' }) });
    expect(await channelWith({ authMode: 'dynamic' }).seats.poll(SEAT, 'g-1')).toEqual({ kind: 'nothing', session: 'g-2' });
    expect(await channelWith().seats.poll(SEAT, 'g-1')).toEqual({ kind: 'nothing', session: 'g-1' });
    arrange({ 'GET agentevent/20011': () => json(event, { Guid: 'g-3' }) });
    expect(await channelWith({ authMode: 'dynamic' }).seats.poll(SEAT, 'g-1')).toMatchObject({ kind: 'told', session: 'g-3' });
    arrange({ 'GET agentevent/20011': () => json({ message: '', retcode: '0' }) });
    expect(await channelWith({ authMode: 'dynamic' }).seats.poll(SEAT, 'g-1')).toEqual({ kind: 'nothing', session: 'g-1' });
  });

  it.each(['000-003', '100-006', '100-008'])('refused with retcode %s means that the session is over', async (retcode) => {
    arrange({ 'GET agentevent/20011': () => refusal(retcode) });
    expect(await channelWith().seats.poll(SEAT, 'g-1')).toMatchObject({ kind: 'signed-out', reason: expect.stringContaining(retcode) });
  });

  it('that tells of the platform\'s sign-out means the same', async () => {
    arrange({ 'GET agentevent/20011': () => json({ message: '', retcode: '0', event: { eventType: 'AgentOther_ShutdownService', workNo: '20011' } }) });
    expect(await channelWith().seats.poll(SEAT, 'g-1')).toMatchObject({ kind: 'signed-out' });
  });

  it.each<[string, Reaction]>([
    ['another retcode', refusal('100-007')], ['status 500', { status: 500, body: '{"retcode":"0"}' }], ['no JSON', { body: '<html>' }], ['no retcode', { body: '{}' }], ['a broken connection', 'reset'],
  ])('with %s failed, and the session goes on', async (_, reaction) => {
    arrange({ 'GET agentevent/20011': () => reaction });
    expect(await channelWith().seats.poll(SEAT, 'g-1')).toEqual({ kind: 'failed', reason: expect.stringMatching(/./) });
  });

  it('is waited for longer than any other request', async () => {
    const slow = channelWith({ requestTimeoutMs: 1000 });
    const answer = { delayMs: 1500, body: '{"message":"","retcode":"0"}' };
    arrange({ 'GET agentevent/20011': () => answer, 'POST voicecall/20011/dropcall/v-1': () => answer });
    expect(await slow.seats.poll(SEAT, 'g-1')).toEqual({ kind: 'nothing', session: 'g-1' });
    expect(await slow.cancel({ vendorCallId: 'v-1', seat: SEAT, session: 'g-1' })).toMatchObject({ kind: 'unknown' });
  });
});

describe('a dial', () => {
  const accepted = (): Reaction => json({ message: '', retcode: '0', result: '1455885056-1095' });

  it('names the customer in the form of the settings, the skill of the seat and our attempt', async () => {
    arrange({ 'PUT voicecall/20011/callout': accepted });
    await channelWith().dial({ ...request, called: '+861062345678' });
    await channelWith({ numberFormat: 'country-code' }).dial(request);
    expect(bodies()).toEqual(['01062345678', '8613812345678'].map((called) => ({ called, callappdata: 'att-1', mediaability: 0, skillid: 25 })));
    expect(server.seen[0]?.headers.guid).toBe('g-1');
  });

  it('is not sent without a session or a seat of the channel, and unfit where a duration or a shown number is asked for', async () => {
    const { session: _session, ...signedOut } = request;
    arrange({ 'PUT voicecall/20011/callout': accepted });
    expect(await channelWith().dial(signedOut)).toEqual({ kind: 'not-sent', reason: 'the seat is not signed in' });
    expect(await channelWith().dial({ ...request, seat: '20012' })).toMatchObject({ kind: 'not-sent' });
    for (const wish of [{ maxDurationSeconds: 60 }, { displayToCaller: '+864001234567' }, { displayToCalled: '+864001234567' }]) expect(await channelWith().dial({ ...request, ...wish })).toMatchObject({ kind: 'unfit' });
    expect(server.seen).toHaveLength(0);
  });

  it.each([['000-001', 'channel'], ['000-002', 'call'], ['000-003', 'call'], ['100-006', 'call'], ['100-008', 'call']])('refused with retcode %s was not placed, for which the %s is to blame', async (retcode, blame) => {
    arrange({ 'PUT voicecall/20011/callout': () => refusal(retcode) });
    expect(await channelWith().dial(request)).toEqual({ kind: 'rejected', vendorCode: retcode, reason: 'no', blame });
  });

  it('refused with a voice code was not placed only where the vendor has confirmed that', async () => {
    arrange({ 'PUT voicecall/20011/callout': () => refusal('200-012') });
    expect(await channelWith().dial(request)).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('200-012') });
    expect(await channelWith({ notPlacedCodes: ['200-012'] }).dial(request)).toMatchObject({ kind: 'rejected', vendorCode: '200-012', blame: 'call' });
  });

  it.each(['000-003', '100-006', '100-008'])('with a session that the next poll has replaced (%s) is given back for another try', async (retcode) => {
    arrange({ 'PUT voicecall/20011/callout': () => refusal(retcode) });
    expect(await channelWith({ authMode: 'dynamic' }).dial(request)).toMatchObject({ kind: 'withheld', reason: expect.stringContaining(retcode) });
    expect(await channelWith({ authMode: 'static' }).dial(request)).toMatchObject({ kind: 'rejected' });
    arrange({ 'PUT voicecall/20011/callout': () => refusal('000-002') });
    expect(await channelWith({ authMode: 'dynamic' }).dial(request)).toMatchObject({ kind: 'rejected' });
  });
});

describe('a cancel', () => {
  const call = { vendorCallId: '1455885056-1095', seat: SEAT, session: 'g-1' };

  it('ends the call of the seat, or the one call, as the settings say', async () => {
    arrange({ 'DELETE voicecall/20011/release': () => refusal('0'), 'POST voicecall/20011/dropcall/1455885056-1095': () => refusal('200-025', 'no call can be droped') });
    expect(await channelWith({ hangUp: 'release' }).cancel(call)).toEqual({ kind: 'accepted' });
    expect(await channelWith().cancel(call)).toEqual({ kind: 'refused', vendorCode: '200-025', reason: 'no call can be droped' });
    expect(server.seen.map(({ headers }) => headers.guid)).toEqual(['g-1', 'g-1']);
  });

  it('is unknown without the seat\'s session and after anything but an answer', async () => {
    const { session: _session, ...signedOut } = call;
    expect(await channelWith().cancel(signedOut)).toMatchObject({ kind: 'unknown' });
    expect(server.seen).toHaveLength(0);
    for (const reaction of ['reset', { status: 500, body: '{"retcode":"0"}' }, { body: '{}' }, refusal('000-003'), refusal('000-004'), refusal('100-007')] as const) {
      arrange({ 'POST voicecall/20011/dropcall/1455885056-1095': () => reaction });
      expect(await channelWith().cancel(call)).toMatchObject({ kind: 'unknown' });
    }
  });
});

it('keeps the name of a recording\'s file with its call where the settings say so', () => {
  const content = { taskId: '1', callId: '1455885056-1095', fileName: 'Y:/6/0/20161025/20011/1902050.V3' };
  const raw = (event: unknown): RawNotification => ({ kind: 'poll', headers: {}, body: Buffer.from(JSON.stringify({ retcode: '0', event })), receivedAt: NOW, request: 'agentevent' });
  const begun = raw({ eventType: 'AgentMediaEvent_Record', content });
  const keeping = channelWith({ keepRecordingNames: true });
  expect(keeping.subjectOf(begun)).toEqual({ vendorCallId: content.callId });
  expect(keeping.normalise(begun, { recordRequested: false })).toEqual({
    kind: 'facts', unknownCodes: [], facts: [{ type: 'cc.call.recording-available.v1', channelState: 'AgentMediaEvent_Record', vendorCallId: content.callId, vendorUrl: content.fileName }],
  });
  for (const other of [raw({ eventType: 'AgentMediaEvent_Record', content: { taskId: '1' } }), raw({ eventType: 'AgentMediaEvent_StopRecordDone', content })]) expect(keeping.subjectOf(other)).toEqual({ none: true });
  expect(channelWith().subjectOf(begun)).toEqual({ none: true });
});

it('takes agents of the older and the newer range, and names every fault of a seat', () => {
  const configure = (line: Readonly<Record<string, unknown>>) => vendorOf('hw', 'agentGateway')?.configure({ settings: { endpoint: 'http://127.0.0.1:9' }, lines: [{ id: 'one', password: new Secret('p'), phone: '40038', ...line }], callsBack: false });
  for (const agentId of [101, 59_999, 999_999]) expect(configure({ agentId })).toMatchObject({ ok: true, seats: ['one'] });
  const faulty = configure({ agentId: 100, phone: '+8613912345678', surprise: 1 });
  expect(faulty?.ok === false ? faulty.faults.map(({ path }) => path.join('.')).sort() : undefined).toEqual(['lines.0', 'lines.0.agentId', 'lines.0.phone']);
});
