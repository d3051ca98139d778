import { AxiosHttpExchange } from '@cc/http';
import { SettableClock } from '@cc/testing';
import { Secret, vendorOf, type ConfiguredVendor, type DialRequest, type RawNotification, type VendorChannel } from '@cc/vendors';
import { authenticationHeaders, parseSignature, pushDigest } from '../src/hw/voice-call/voice-call.digest';
import { echoOf, legOf, parseEcho } from '../src/hw/voice-call/voice-call.echo';
import { causeOf, closeTypeOfLeg } from '../src/hw/voice-call/voice-call.errors';
import { vendorKits } from './vendor-kits';
import { VendorServer, type Reaction } from './vendor-server';

const KEY = 'short-secret';
const NONCE = '1f2e3d4c5b6a79880123456789abcdef';
const CREATED = '2016-12-28T10:27:50Z';
const CALLBACK = 'https://cc.example/callbacks/hw-voice/callback-secret-0123456789';
const SESSION = '1202_566_0_20161228102743@callenabler.home1.com';
const request: DialRequest = { attemptId: 'att-1', caller: '+8613912345678', called: '+8613812345678', record: true };

const server = new VendorServer();
let endpoint = '';
beforeAll(async () => {
  endpoint = await server.start();
});
afterAll(() => server.stop());
beforeEach(() => server.seen.splice(0));

const configure = (more: Readonly<Record<string, unknown>>): ConfiguredVendor | undefined =>
  vendorOf('hw', 'voiceCall')?.configure({ settings: { ...vendorKits['hw/voiceCall']?.settings(endpoint), ...more }, callsBack: true });

function channelWith(more: Readonly<Record<string, unknown>> = {}): VendorChannel {
  const configured = configure(more);
  if (configured?.ok !== true) throw new Error(JSON.stringify(configured));
  return configured.open({ http: new AxiosHttpExchange(), clock: new SettableClock(Date.parse(CREATED) + 999) });
}
const answer = (body: Readonly<Record<string, unknown>>, status = 200): Reaction => ({ status, body: JSON.stringify(body) });
const accepted = answer({ resultcode: '0', resultdesc: 'Success', sessionId: SESSION });

describe('the digests, computed with openssl', () => {
  it.each([
    ['aksk', 'AKSK', 'X-AKSK', 'PPXmoeyqVSH7pbOxXE9hWGFdeuQBWjdlPFJiRCQnHVs='],
    ['wsse', 'WSSE', 'X-WSSE', 'psOOefrswigAZstRnxSKlB21wIXX0XdKx+HRIbj4MG8='],
  ] as const)('of a request in the form %s', (authentication, scheme, header, digest) => {
    expect(authenticationHeaders({ appKey: 'key', appSecret: KEY, authentication }, { nonce: NONCE, nowMs: Date.parse(CREATED) + 999 })).toEqual({
      Authorization: `${scheme} realm="SDP",profile="UsernameToken",type="Appkey"`,
      [header]: `UsernameToken Username="key", PasswordDigest="${digest}", Nonce="${NONCE}", Created="${CREATED}"`,
    });
  });

  it('of a push', () => {
    expect(pushDigest(KEY, CALLBACK, NONCE, CREATED)).toBe('jrlbzzJK/AysQkNBQXSIGjT0yDccs44Mpi6+CVdwOCQ=');
    expect(parseSignature('UsernameToken Username="k",PasswordDigest="d+/=", Nonce="n" , Created="c"')).toEqual({ digest: 'd+/=', nonce: 'n', created: 'c' });
    expect(parseSignature('UsernameToken Username="k", PasswordDigest="d", Nonce="n"')).toBeUndefined();
  });
});

describe('the echo', () => {
  const echo = 'att-1_31ec8b8a_4f12bb36';
  it('marks the legs so that a push tells its leg, in whatever form it writes the number', () => {
    expect(echoOf(request, KEY)).toBe(echo);
    const parsed = parseEcho(echo);
    for (const number of ['+8613912345678', '8613912345678', '008613912345678', '13912345678', '013912345678']) expect(legOf(number, parsed, KEY)).toBe('a');
    expect(legOf('+8613812345678', parsed, KEY)).toBe('b');
    for (const [number, other] of [['+8613700000000', parsed], [undefined, parsed], ['+8613912345678', parseEcho('att-1')], ['+8613912345678', undefined]] as const) expect(legOf(number, other, KEY)).toBe('unknown');
    expect(legOf('+8613912345678', parsed, 'another secret')).toBe('unknown');
    expect(legOf('+8613912345678', parseEcho(echoOf({ ...request, called: request.caller }, KEY)), KEY)).toBe('unknown');
  });

  it('is at most 256 characters, holds no number, and is only ours in our own form', () => {
    const longest = echoOf({ ...request, attemptId: 'a'.repeat(64) }, KEY);
    expect(longest.length).toBeLessThanOrEqual(256);
    expect(parseEcho(longest)?.attemptId).toBe('a'.repeat(64));
    expect(echoOf(request, KEY)).not.toMatch(/\d{9}/);
    for (const strange of [undefined, '', 'a b', 'att-1_', 'att-1_12345678', 'att_1', `${echo}_`, 'a'.repeat(65), `${echo}\n`]) expect(parseEcho(strange)).toBeUndefined();
  });
});

describe('a dial', () => {
  it('is signed and sends the documented fields, with the display numbers of the settings', async () => {
    server.react = () => accepted;
    expect(await channelWith().dial({ ...request, maxDurationSeconds: 120 })).toEqual({ kind: 'accepted', vendorCallId: SESSION });
    const [seen] = server.seen;
    expect(seen).toMatchObject({ method: 'POST', path: '/rest/httpsessions/click2Call/v2.0', headers: { 'content-type': 'application/json;charset=UTF-8', authorization: 'AKSK realm="SDP",profile="UsernameToken",type="Appkey"' } });
    const { nonce = '' } = parseSignature(String(seen?.headers['x-aksk'])) ?? {};
    expect(nonce).toMatch(/^[0-9a-f]{32}$/);
    expect(seen?.headers['x-aksk']).toBe(authenticationHeaders({ appKey: 'APPKEY00APPKEY00', appSecret: KEY, authentication: 'aksk' }, { nonce, nowMs: Date.parse(CREATED) })['X-AKSK']);
    expect(JSON.parse(seen?.body ?? '')).toEqual({
      callerNbr: '+8613912345678', calleeNbr: '+8613812345678', displayNbr: '+8675512345678', displayCalleeNbr: '+8675587654321', maxDuration: 2,
      statusUrl: Buffer.from(CALLBACK).toString('base64'), feeUrl: Buffer.from(CALLBACK).toString('base64'), recordFlag: 'true', partyTypeRequiredInDisconnect: 'true', userData: echoOf(request, KEY),
    });
  });

  it('in the older form is signed so; display numbers of the call go before those of the settings; two dials have two nonces', async () => {
    server.react = () => accepted;
    const channel = channelWith({ authentication: 'wsse' });
    await channel.dial({ ...request, record: false, displayToCaller: '+864001234567', displayToCalled: '+861062345678' });
    await channel.dial(request);
    const [first, second] = server.seen;
    expect(first?.headers['x-aksk']).toBeUndefined();
    expect(first?.headers['x-wsse']).toContain(`Created="${CREATED}"`);
    expect(first?.headers['x-wsse']).not.toBe(second?.headers['x-wsse']);
    expect(JSON.parse(first?.body ?? '')).toMatchObject({ displayNbr: '+864001234567', displayCalleeNbr: '+861062345678', recordFlag: 'false' });
    expect(JSON.parse(first?.body ?? '')).not.toHaveProperty('maxDuration');
  });

  it.each([[1, 1], [60, 1], [61, 2], [90, 2], [86_399, 1440], [86_400, 1440], [0, 1]])('limited to %s s is limited to %s minutes', async (maxDurationSeconds, maxDuration) => {
    server.react = () => accepted;
    await channelWith().dial({ ...request, maxDurationSeconds });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ maxDuration });
  });

  it('longer than the vendor allows is not sent', async () => {
    expect(await channelWith().dial({ ...request, maxDurationSeconds: 86_401 })).toEqual({ kind: 'unfit', reason: 'the vendor allows calls of at most 1440 minutes' });
    expect(server.seen).toHaveLength(0);
  });

  it.each([
    ['1010002', 'call'], ['1010003', 'call'], ['1010010', 'channel'], ['1011006', 'channel'], ['1013001', 'channel'], ['1013002', 'channel'], ['1013003', 'call'],
    ['1020165', 'channel'], ['1020166', 'channel'], ['1023001', 'channel'], ['1023099', 'channel'],
  ])('refused with %s was not placed, for which the %s is to blame, whatever the HTTP status', async (resultcode, blame) => {
    for (const status of [200, 401, 403, 429]) {
      server.react = () => answer({ resultcode, resultdesc: '失败' }, status);
      expect(await channelWith().dial(request)).toEqual({ kind: 'rejected', vendorCode: resultcode, reason: '失败', blame });
    }
  });

  it('that was refused tells neither our key, nor our secret, nor our address', async () => {
    server.react = () => answer({ resultcode: '1010003', resultdesc: `bad ${KEY}, APPKEY00APPKEY00, ${CALLBACK}` });
    expect(await channelWith().dial(request)).toMatchObject({ kind: 'rejected', reason: 'bad ***, ***, ***' });
  });

  it('that is not authorised, without a code, was not placed; a code that the vendor confirmed as "not placed" is a refusal', async () => {
    server.react = () => ({ status: 401, body: '' });
    expect(await channelWith().dial(request)).toEqual({ kind: 'rejected', vendorCode: 'http-401', reason: expect.any(String), blame: 'channel' });
    server.react = () => answer({ resultcode: '1020176' });
    expect(await channelWith({ notPlacedCodes: ['1020176'] }).dial(request)).toEqual({ kind: 'rejected', vendorCode: '1020176', reason: 'the vendor gave no reason', blame: 'call' });
  });
});

it('cancels, and tells a refusal from an unknown outcome', async () => {
  const channel = channelWith();
  server.react = () => answer({ resultcode: '0', resultdesc: 'Success' });
  expect(await channel.cancel?.({ vendorCallId: SESSION })).toEqual({ kind: 'accepted' });
  expect(server.seen[0]).toMatchObject({ method: 'POST', path: '/rest/httpsessions/callStop/v2.0', body: JSON.stringify({ sessionid: SESSION, signal: 'call_stop' }) });
  expect(server.seen[0]?.headers['x-aksk']).toBeDefined();
  server.react = () => answer({ resultcode: '1010003', resultdesc: 'no such session' }, 400);
  expect(await channel.cancel?.({ vendorCallId: SESSION })).toEqual({ kind: 'refused', vendorCode: '1010003', reason: 'no such session' });
  for (const reaction of ['reset', { status: 502, body: '' }, { status: 200, body: 'OK' }, answer({ resultcode: '0' }, 404)] as const) {
    server.react = () => reaction;
    expect(await channel.cancel?.({ vendorCallId: SESSION })).toMatchObject({ kind: 'unknown' });
  }
});

it.each([
  [1, [8001, 8002, 8003, 8004, 8009, 8106, 8107, 8109, 8110, 8111]], [2, [8100, 8101, 8103, 8104, 8105]], [3, [8108]], [4, [8102]], [5, [8010]],
  [6, [7001, 7002, 7003, 7004, 7005, 7108, 7109, 8000, 8005, 8006, 8007, 8008, 8012, 8015, 8018, 8020]], [7, [7505, 7506, 7508]], [0, [0, 8017]], [undefined, [1, 7006, 8011, 8099, 8112, 9999]],
])('close type %s comes of %j', (closeType, codes) => {
  expect(codes.map((code) => causeOf(String(code))?.closeType)).toEqual(codes.map(() => closeType));
});

it('concludes nothing of who hung up from a word that the settings do not have', () => {
  const body = Buffer.from(JSON.stringify({ eventType: 'disconnect', statusInfo: { sessionId: SESSION, stateCode: 0, partyType: 'caller' } }));
  const told = channelWith({ partyTypes: {} }).normalise({ kind: 'callback', headers: {}, body, receivedAt: 1 }, { recordRequested: false });
  expect(told).toMatchObject({ facts: [{ closeType: 0 }], unknownCodes: ['partyType caller'] });
  expect(told).not.toHaveProperty('facts.0.endedBy');
});

it('reads the Q.850 causes of a leg that was not answered', () => {
  const of = (leg: 'a' | 'b') => [16, 31, 17, 18, 19, 20, 21, 27, 34, 38, 41, 42, 47, 1, 127].map((q850) => closeTypeOfLeg(leg, String(q850)));
  expect(of('a')).toEqual([1, 1, 3, 1, 1, 1, 1, 1, 7, 7, 7, 7, 7, undefined, undefined]);
  expect(of('b')).toEqual([2, 2, 4, 2, 2, 2, 2, 2, 7, 7, 7, 7, 7, undefined, undefined]);
});

describe('a push', () => {
  const sign = (url: string, key = KEY): string => `UsernameToken Username="APPKEY00APPKEY00", PasswordDigest="${pushDigest(key, url, NONCE, CREATED)}", Nonce="${NONCE}", Created="${CREATED}"`;
  const raw = (headers: Readonly<Record<string, string>>): RawNotification => ({ kind: 'callback', headers, body: Buffer.from('{}'), receivedAt: 1 });
  const verdict = (headers: Readonly<Record<string, string>>, more = {}): unknown => channelWith(more).callbacks?.verify(raw(headers));

  it('is trusted when it is signed over our address, forged when over anything else', () => {
    expect(verdict({ 'x-aksk': sign(CALLBACK) })).toEqual({ kind: 'trusted' });
    for (const wrong of [sign(`${CALLBACK}/`), sign(CALLBACK, 'another secret'), sign(CALLBACK).replace('10:27:50', '10:27:51'), sign(CALLBACK).replace(/PasswordDigest="[^"]*"/, ''), '']) {
      expect(verdict({ 'x-aksk': wrong })).toEqual({ kind: 'forged', reason: expect.stringMatching(/./) });
    }
  });

  it('without a signature cannot be verified, or is forged where the settings want one', () => {
    expect(verdict({})).toEqual({ kind: 'unverifiable' });
    expect(verdict({}, { requireSignature: true })).toEqual({ kind: 'forged', reason: 'the push is not signed' });
    expect(verdict({ 'x-aksk': sign(CALLBACK) }, { requireSignature: true })).toEqual({ kind: 'trusted' });
  });

  it('may still be signed over the address before it was changed', () => {
    const former = 'https://cc.example/callbacks/hw-voice/the-secret-before';
    expect(verdict({ 'x-aksk': sign(former) })).toMatchObject({ kind: 'forged' });
    expect(verdict({ 'x-aksk': sign(former) }, { previousCallbackUrl: new Secret(former) })).toEqual({ kind: 'trusted' });
    expect(verdict({ 'x-aksk': sign(CALLBACK) }, { previousCallbackUrl: new Secret(former) })).toEqual({ kind: 'trusted' });
  });

  it('with fees of several calls is taken apart, one message for each, and nothing of an entry is lost', () => {
    const [one, two] = [SESSION, SESSION.replace('566', '567')];
    const push = (feeLst: unknown): RawNotification => ({ ...raw({ 'x-aksk': sign(CALLBACK) }), body: Buffer.from(JSON.stringify({ eventType: 'fee', feeLst })) });
    const channel = channelWith();
    const split = (message: RawNotification) => channel.callbacks?.split?.(message) ?? [];
    const parts = split(push([{ sessionId: one, userData: 'att-1', icid: 'x1' }, { sessionId: two, userData: 'att-2', icid: 'x2' }, { sessionId: one, icid: 'x3' }, 'no fee']));
    expect(parts.map((part) => [channel.subjectOf(part), channel.normalise(part, { recordRequested: false }).kind])).toEqual([
      [{ vendorCallId: one, attemptId: 'att-1' }, 'facts'], [{ vendorCallId: two, attemptId: 'att-2' }, 'facts'], [{}, 'unintelligible'],
    ]);
    expect(JSON.parse(parts[0]?.body.toString() ?? '')).toEqual({ eventType: 'fee', feeLst: [{ sessionId: one, userData: 'att-1', icid: 'x1' }, { sessionId: one, icid: 'x3' }] });
    for (const whole of [push([{ sessionId: one }, { sessionId: one }]), push([]), push('x'), raw({})]) expect(split(whole)).toEqual([whole]);
  });

  it('is acknowledged with 200', () => {
    expect(channelWith().callbacks?.acknowledgement).toEqual({ status: 200, contentType: 'application/json;charset=UTF-8', body: '{}' });
  });
});

it('refuses settings without the address of its callbacks, with one that is no URL, and display numbers that are no E.164', () => {
  const faults = (more: Readonly<Record<string, unknown>>): unknown => {
    const configured = configure(more);
    return configured?.ok === false ? configured.faults.map(({ path, message }) => `${path.join('.')}: ${message}`) : [];
  };
  expect(faults({ callbackUrl: undefined })).toEqual([expect.stringMatching(/^settings\.callbackUrl: expected the address of this channel's callbacks/)]);
  expect(faults({ callbackUrl: CALLBACK })).toEqual([expect.stringMatching(/^settings\.callbackUrl: .*secret/)]);
  expect(faults({ callbackUrl: new Secret('not a url') })).toEqual([expect.stringMatching(/^settings\.callbackUrl: .*URL/)]);
  expect(faults({ displayNbr: '075512345678', displayCalleeNbr: undefined })).toHaveLength(2);
  expect(faults({ partyTypes: { a: ['1'] } })).toEqual([]);
});

describe('a recording', () => {
  const call = { vendorCallId: SESSION };
  const asked = (host: string): string => `${host}/rest/provision/voice/record/v1.0?fileName=a+b%26c.wav&recordDomain=ostor.huawei.com`;
  const redirect = (location: string | undefined, status = 301): Reaction => ({ status, body: '', ...(location === undefined ? {} : { headers: { location } }) });

  it('is asked for with a signature and found where the vendor redirects to, without following', async () => {
    server.react = () => redirect('https://obs.example/record/1.wav?Signature=private');
    expect(await channelWith().recording?.locate({ ...call, vendorUrl: asked(endpoint) })).toEqual({ kind: 'found', url: 'https://obs.example/record/1.wav?Signature=private', headers: {}, publicUrl: asked(endpoint) });
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({ method: 'GET', path: '/rest/provision/voice/record/v1.0', headers: { 'x-aksk': expect.stringContaining('PasswordDigest'), authorization: expect.stringContaining('AKSK') } });
    expect([...(server.seen[0]?.query ?? [])]).toEqual([['fileName', 'a b&c.wav'], ['recordDomain', 'ostor.huawei.com']]);
  });

  it('is asked for at the endpoint of the settings, whatever host its address names', async () => {
    server.react = () => redirect('https://obs.example/1.wav');
    expect(await channelWith().recording?.locate({ ...call, vendorUrl: asked('https://attacker.example') })).toMatchObject({ kind: 'found', publicUrl: asked(endpoint) });
    expect(server.seen).toHaveLength(1);
  });

  it.each<[string, Reaction]>([
    ['no redirect', { status: 404, body: '{"resultcode":"1010003"}' }], ['the file itself', { status: 200, body: 'RIFF' }], ['no address', redirect(undefined)], ['an address of another kind', redirect('file:///etc/passwd')], ['no answer', 'reset'],
  ])('is asked for again after %s', async (_, reaction) => {
    server.react = () => reaction;
    expect(await channelWith().recording?.locate({ ...call, vendorUrl: asked(endpoint) })).toEqual({ kind: 'not-yet', reason: expect.stringMatching(/./) });
  });

  it('without a name, or with an address of something else, is never there', async () => {
    expect(await channelWith().recording?.locate(call)).toMatchObject({ kind: 'never' });
    for (const vendorUrl of ['no url', `${endpoint}/other?fileName=a&recordDomain=b`, `${endpoint}/rest/provision/voice/record/v1.0?fileName=a`]) expect(await channelWith().recording?.locate({ ...call, vendorUrl })).toMatchObject({ kind: 'never' });
    expect(server.seen).toHaveLength(0);
    expect(channelWith().recording).toMatchObject({ firstTryAfterMs: 0, giveUpAfterMs: 604_800_000 });
  });
});

it('takes no push apart that brings more fees than any could, and that in no time', () => {
  const body = Buffer.from(`{"eventType":"fee","feeLst":[${Array.from({ length: 100_000 }, () => '0').join()}]}`);
  const raw: RawNotification = { kind: 'callback', headers: {}, body, receivedAt: 1 };
  expect(channelWith().callbacks?.split?.(raw)).toEqual([raw]);
  const fees = Array.from({ length: 200 }, (_, index) => ({ sessionId: `s-${index % 2}` }));
  expect(channelWith().callbacks?.split?.({ ...raw, body: Buffer.from(JSON.stringify({ eventType: 'fee', feeLst: fees })) })).toHaveLength(2);
});
