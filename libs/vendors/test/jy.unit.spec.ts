import { AxiosHttpExchange } from '@cc/http';
import { SettableClock } from '@cc/testing';
import { parseChannelFile, Secret, vendorOf, type ConfiguredVendor, type DialRequest, type RawNotification, type VendorChannel } from '@cc/vendors';
import fc from 'fast-check';
import { defaultContract } from '../src/jy/jy.default-contract';
import { parseDocument } from '../src/jy/jy.document';
import { parsePath, textAt } from '../src/jy/jy.paths';
import { digestOf } from '../src/jy/jy.signature';
import { parseTemplate, Template } from '../src/jy/jy.template';
import { VendorServer, type SeenRequest } from './vendor-server';

const NOW = 1_700_000_000_000;
const server = new VendorServer();
let endpoint = '';
beforeAll(async () => {
  endpoint = await server.start();
});
afterAll(() => server.stop());
beforeEach(() => server.seen.splice(0));

const dialled: DialRequest = { attemptId: 'att-1', caller: '+8613912345678', called: '+8613812345678', record: true };
type Fields = Readonly<Record<string, unknown>>;

function configure(settings: Fields, without: readonly string[] = []): ConfiguredVendor {
  const vendor = vendorOf('jy', 'connector');
  if (vendor === undefined) throw new Error('jy is not registered');
  return vendor.configure({ settings: { endpoint, credentials: { apiKey: new Secret('jy-key'), apiSecret: new Secret('jy-secret') }, dialTimeoutMs: 1000, requestTimeoutMs: 1000, ...settings }, callsBack: true, without });
}

function open(settings: Fields = {}, without: readonly string[] = []): VendorChannel {
  const configured = configure(settings, without);
  if (!configured.ok) throw new Error(JSON.stringify(configured.faults));
  return configured.open({ http: new AxiosHttpExchange(), clock: new SettableClock(NOW) });
}

/** The default contract with another dial and signing. */
const contractWith = (more: Fields): Fields => ({ ...defaultContract, ...more });
const accept = (): void => void (server.react = () => ({ body: '{"code":"0","result":{"callId":"c-1"}}' }));
async function dialWith(contract: Fields, request: DialRequest = dialled, settings: Fields = {}): Promise<SeenRequest> {
  accept();
  const credentials = { apiKey: new Secret('jy-key'), apiSecret: new Secret('jy-secret'), user: new Secret('user'), password: new Secret('pass'), key: new Secret('key1') };
  await open({ contract, credentials, ...settings }, ['displayNumbers', 'maxDuration']).dial(request);
  const [seen, ...more] = server.seen;
  if (seen === undefined || more.length > 0) throw new Error(`${server.seen.length} requests`);
  return seen;
}
const dialOf = (fields: Fields, form: 'json' | 'xml' | 'form' = 'json'): Fields => ({
  request: { path: '/api/dial', body: { form, ...(form === 'xml' ? { root: 'req' } : {}), fields } },
  answer: { code: 'code', accepted: ['0'], vendorCallId: 'result.callId' },
});
const faultsOf = (configured: ConfiguredVendor): string[] => (configured.ok ? [] : configured.faults.map(({ path, message }) => `${path.join('.')}: ${message}`));
const callback = (body: string, headers: Readonly<Record<string, string>> = {}): RawNotification => ({ kind: 'callback', headers, body: Buffer.from(body), receivedAt: NOW });

describe('signing', () => {
  const text = '1700000000POST/api/dial{"a":"x"}';
  it.each([
    ['hmac-sha256', 'hex', '4d3b3075df7be9668830959c2daf9a53e37b5334b6efc2fde5a6ce4d73db296d'],
    ['hmac-sha256', 'HEX', '4D3B3075DF7BE9668830959C2DAF9A53E37B5334B6EFC2FDE5A6CE4D73DB296D'],
    ['hmac-sha256', 'base64', 'TTswdd976WaIMJWcLa+aU+N7UzS278L95abOTXPbKW0='],
  ] as const)('%s as %s is what openssl computes', async (algorithm, encoding, expected) => {
    expect(digestOf(text, { algorithm, encoding, key: 'key1' })).toBe(expected);
    const signing = { timestamp: 'epochSeconds', headers: { 'X-Sign': 'v1 {signature}', 'X-Time': '{timestamp}', 'X-Nonce': '{nonce}' }, method: { kind: 'digest', algorithm, encoding, key: 'key', over: '{timestamp}{method}{path}{body}' } };
    const seen = await dialWith(contractWith({ signing, dial: dialOf({ a: 'x' }) }));
    expect(seen.headers).toMatchObject({ 'x-sign': `v1 ${expected}`, 'x-time': '1700000000', 'x-nonce': expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(seen.body).toBe('{"a":"x"}');
  });

  it('MD5 over a wall clock, in the query and in the body', async () => {
    const signing = { timestamp: 'yyyyMMddHHmmss', query: { sig: '{signature}' }, method: { kind: 'digest', algorithm: 'md5', encoding: 'hex', over: 'app{timestamp}secret' } };
    const seen = await dialWith(contractWith({ signing, dial: dialOf({ sign: '{signature}', at: '{timestamp}' }, 'form') }));
    expect(seen.query.get('sig')).toBe('e3734a569c5ff727c26fc0e10577f5d8');
    expect(seen.body).toBe('sign=e3734a569c5ff727c26fc0e10577f5d8&at=20231115061320');
  });

  it('a nonce is never used twice', async () => {
    const signing = { headers: { 'X-Nonce': '{nonce}' }, method: { kind: 'none' } };
    const first = await dialWith(contractWith({ signing, dial: dialOf({ a: 'x' }) }));
    server.seen.splice(0);
    expect((await dialWith(contractWith({ signing, dial: dialOf({ a: 'x' }) }))).headers['x-nonce']).not.toBe(first.headers['x-nonce']);
  });

  it('a secret in a header, Basic, and nothing at all', async () => {
    const headersWith = async (method: Fields): Promise<SeenRequest['headers']> => {
      server.seen.splice(0);
      return (await dialWith(contractWith({ signing: { method }, dial: dialOf({ a: 'x' }) }))).headers;
    };
    expect(await headersWith({ kind: 'header', header: 'X-Token', credential: 'key', prefix: 'Token ' })).toMatchObject({ 'x-token': 'Token key1' });
    expect(await headersWith({ kind: 'basic', user: 'user', password: 'password' })).toMatchObject({ authorization: 'Basic dXNlcjpwYXNz' });
    expect((await headersWith({ kind: 'none' })).authorization).toBeUndefined();
  });
});

describe('bodies', () => {
  const nasty = { ...dialled, agent: '"},"admin":true,{"x":"<a>&\'\u0000]]>%&b=c\r\nX-Evil: 1坐席' };
  const none = { signing: { method: { kind: 'none' } } };

  it('JSON: values keep their type, absent fields are left out, nothing breaks out of its place', async () => {
    const fields = { who: '{agent}', said: 'agent {agent} of {{{caller}}}', record: '{record}', max: '{maxDurationSeconds}', list: ['{displayToCaller}'], deep: { fixed: 7, on: false, absent: '{displayToCalled}' } };
    const seen = await dialWith(contractWith({ ...none, dial: dialOf(fields) }), nasty);
    expect(JSON.parse(seen.body)).toEqual({ who: nasty.agent, said: `agent ${nasty.agent} of {13912345678}`, record: true, deep: { fixed: 7, on: false } });
    server.seen.splice(0);
    const full = await dialWith(contractWith({ ...none, dial: dialOf(fields), record: { yes: 1, no: 0 } }), { ...dialled, maxDurationSeconds: 60, displayToCaller: '+864001234567', displayToCalled: '+861062345678' });
    expect(JSON.parse(full.body)).toEqual({ record: 1, max: 60, list: ['4001234567'], deep: { fixed: 7, on: false, absent: '01062345678' } });
  });

  it('form and XML escape every value', async () => {
    const form = await dialWith(contractWith({ ...none, dial: dialOf({ who: '{agent}', n: '{maxDurationSeconds}' }, 'form') }), nasty);
    expect([...new URLSearchParams(form.body)]).toEqual([['who', nasty.agent]]);
    server.seen.splice(0);
    const xml = await dialWith(contractWith({ ...none, dial: dialOf({ call: { who: '{agent}' }, to: ['{called}', '{caller}'] }, 'xml') }), { ...nasty, agent: '<a>&\'"\u0000]]>' });
    expect(xml.body).toBe('<?xml version="1.0" encoding="UTF-8"?><req><call><who>&#60;a&#62;&#38;&#39;&#34;]]&#62;</who></call><to>13812345678</to><to>13912345678</to></req>');
    expect(xml.headers['content-type']).toBe('application/xml;charset=utf-8');
  });

  it('a header holds no line end, a path no further path', async () => {
    const request = { path: '/api/{agent}/dial', headers: { 'X-Agent': '{agent}' }, query: { q: '{agent}' } };
    const seen = await dialWith(contractWith({ ...none, dial: { ...dialOf({}), request } }), { ...dialled, agent: '../x?y=1#\r\nX-Evil: 席' });
    expect(seen.path).toBe('/api/..%2Fx%3Fy%3D1%23%0D%0AX-Evil%3A%20%E5%B8%AD/dial');
    expect(seen.headers).toMatchObject({ 'x-agent': '../x?y=1#%0D%0AX-Evil: %E5%B8%AD' });
    expect(seen.headers['x-evil']).toBeUndefined();
    expect(seen.query.get('q')).toBe('../x?y=1#\r\nX-Evil: 席');
  });

  it('no text becomes more than one JSON value, whatever it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      const template = parseTemplate('{agent}', { names: ['agent'] });
      expect(template instanceof Template && template.value((name) => (name === 'agent' ? text : undefined))).toBe(text);
    }));
  });

  it('the address of the callbacks is sent where the settings have one', async () => {
    const seen = await dialWith(contractWith({ dial: dialOf({ back: '{callbackUrl}' }) }), dialled, { callbackUrl: new Secret('https://cc.example/callbacks/jy-main/secret') });
    expect(JSON.parse(seen.body)).toEqual({ back: 'https://cc.example/callbacks/jy-main/secret' });
  });

  it('what the contract cannot carry, and what no number is, is unfit', async () => {
    const channel = open({ contract: contractWith({ ...none, dial: dialOf({}) }) }, ['displayNumbers', 'maxDuration']);
    const outcome = await channel.dial({ ...dialled, maxDurationSeconds: 5, displayToCaller: '+864001234567', called: '+4915112345678' });
    expect(outcome).toEqual({ kind: 'unfit', reason: expect.stringMatching(/maxDurationSeconds.*displayToCaller.*called number/) });
    expect(server.seen).toEqual([]);
    const numbers = async (numberFormat: string): Promise<unknown> => {
      server.seen.splice(0);
      return JSON.parse((await dialWith(contractWith({ ...none, numberFormat, dial: dialOf({ to: '{called}' }) }))).body);
    };
    expect([await numbers('e164'), await numbers('digits'), await numbers('national')]).toEqual([{ to: '+8613812345678' }, { to: '8613812345678' }, { to: '13812345678' }]);
  });
});

describe('a second contract: forms signed with MD5, XML answers, wall clocks', () => {
  const time = (path: string): Fields => ({ path, format: 'wallClock', timeZone: 'Asia/Shanghai' });
  const contract = {
    signing: { timestamp: 'yyyyMMddHHmmss', method: { kind: 'digest', algorithm: 'md5', encoding: 'HEX', over: '{secret.app}{timestamp}{secret.salt}' } },
    dial: {
      request: { path: '/callback.do', body: { form: 'form', fields: { app: '{secret.app}', ts: '{timestamp}', sign: '{signature}', from: '{caller}', to: '{called}', rec: '{record}', data: '{attemptId}' } } },
      answer: { form: 'xml', code: 'resp.code', message: 'resp.msg', accepted: ['000000'], notPlaced: { 100: 'call' }, vendorCallId: 'resp.call.id' },
    },
    record: { yes: '1', no: '0' },
    callbacks: {
      form: 'form',
      message: { vendorCallId: 'callid', event: 'state', events: { 1: 'a-ringing', 2: 'connected', 9: 'ended' }, time: time('time'), cause: 'reason', causes: { 1: 0, 7: 3 }, recordingUrl: 'rec' },
      acknowledgement: { contentType: 'text/plain', body: 'success' },
      verification: { kind: 'digest', algorithm: 'md5', over: 'callid={field.callid}&state={field.state}&time={field.time}{secret.salt}', signature: '{field.sign}' },
    },
  };
  const credentials = { app: new Secret('APP1'), salt: new Secret('topsecret') };
  const without = ['cancel', 'query', 'probe', 'recording', 'displayNumbers', 'maxDuration'];
  const channel = (): VendorChannel => open({ contract, credentials }, without);

  it('dials, and reads acceptance, refusal and doubt', async () => {
    server.react = () => ({ body: '<resp><code>000000</code><call><id>c-1</id></call></resp>' });
    expect(await channel().dial(dialled)).toEqual({ kind: 'accepted', vendorCallId: 'c-1' });
    expect(server.seen[0]?.body).toBe('app=APP1&ts=20231115061320&sign=4E82B3C775C277DDA6DDD76BE41446AB&from=13912345678&to=13812345678&rec=1&data=att-1');
    server.react = () => ({ body: '<resp><code>100</code><msg>topsecret 13812345678 &lt;no&gt; 不行</msg></resp>' });
    expect(await channel().dial(dialled)).toEqual({ kind: 'rejected', vendorCode: '100', blame: 'call', reason: '*** 138****5678 <no> 不行' });
    server.react = () => ({ body: '<resp><code>101</code></resp>' });
    expect(await channel().dial(dialled)).toMatchObject({ kind: 'unknown' });
  });

  it('reads and verifies callbacks', () => {
    const body = (sign: string): RawNotification => callback(`callid=c-1&state=9&time=20231115061320&reason=7&sign=${sign}`);
    const { callbacks, normalise, subjectOf } = channel();
    expect(callbacks?.verify(body('7291b8d580b18d425c021bb99432b9d0'))).toEqual({ kind: 'trusted' });
    expect(callbacks?.verify(body('0'.repeat(32)))).toMatchObject({ kind: 'forged' });
    expect(callbacks?.verify(callback('callid=c-1'))).toMatchObject({ kind: 'forged' });
    expect(callbacks?.acknowledgement).toEqual({ status: 200, contentType: 'text/plain', body: 'success' });
    expect(subjectOf(body(''))).toEqual({ vendorCallId: 'c-1' });
    expect(normalise(body(''), { recordRequested: false })).toEqual({ kind: 'facts', unknownCodes: [], facts: [{ type: 'cc.call.ended.v1', occurredAt: NOW, channelState: '9', closeType: 3, vendorCode: '7' }] });
  });

  it.each(['{field.a..b}', '{field.a.}', '{field.[0]}'])('is refused when %s, which is no path, is to be verified', (signature) => {
    const wrong = { ...contract, callbacks: { ...contract.callbacks, verification: { ...contract.callbacks.verification, signature } } };
    expect(() => open({ contract: wrong, credentials }, without)).toThrow(/settings.*contract.*callbacks.*verification.*signature.*such as data\.sign/);
  });

  it('has no method that its contract has not', () => {
    expect(channel()).not.toHaveProperty('cancel');
    for (const name of ['query', 'probe', 'recording', 'findsByAttempt']) expect(channel()).not.toHaveProperty(name);
  });

  it('is refused as long as the channel promises more than it says', () => {
    expect(faultsOf(configure({ contract, credentials }))).toEqual(without.map((name): unknown => expect.stringMatching(`^without: must list ${name}, since`)));
  });
});

describe('callbacks of the default contract', () => {
  it('are trusted with the right digest only', () => {
    const headers = { 'x-cc-timestamp': '1700000000000', 'x-cc-nonce': 'n1', 'x-cc-signature': 'ad456a2cc8f0e386306a1662da674c28f721cec17d554697176e92869bd1c524' };
    const { callbacks } = open();
    expect(callbacks?.verify(callback('{"x":1}', headers))).toEqual({ kind: 'trusted' });
    expect(callbacks?.verify(callback('{"x":2}', headers))).toEqual({ kind: 'forged', reason: 'the signature of the callback is wrong' });
    expect(callbacks?.verify(callback('{"x":1}'))).toEqual({ kind: 'forged', reason: 'the callback is not signed' });
  });

  it('with several messages are taken apart by call, each understood as before; a static secret verifies', () => {
    const list = contractWith({ callbacks: { ...defaultContract.callbacks, list: 'items', verification: { kind: 'header', header: 'X-Token', credential: 'apiKey' } } });
    const { callbacks, normalise, subjectOf } = open({ contract: list });
    const event = (callId: string, name: string): Fields => ({ callId, event: name, occurredAt: NOW });
    const raw = callback(JSON.stringify({ items: [event('c-1', 'a-ringing'), event('c-2', 'connected'), event('c-1', 'connected')] }), { 'x-token': 'jy-key' });
    expect(normalise(raw, { recordRequested: false })).toEqual({ kind: 'unintelligible', reason: 'messages of several calls in one' });
    const parts = callbacks?.split?.(raw) ?? [];
    expect(parts.map(subjectOf)).toEqual([{ vendorCallId: 'c-1' }, { vendorCallId: 'c-2' }]);
    expect(parts.map((part) => normalise(part, { recordRequested: false }))).toMatchObject([{ facts: [{ type: 'cc.call.a-ringing.v1' }, { type: 'cc.call.connected.v1' }] }, { facts: [{ type: 'cc.call.connected.v1' }] }]);
    const single = callback(JSON.stringify({ items: [event('c-1', 'ended')] }));
    expect(callbacks?.split?.(single)).toEqual([single]);
    expect([callbacks?.verify(raw), callbacks?.verify(single)]).toMatchObject([{ kind: 'trusted' }, { kind: 'forged' }]);
  });
});

describe('cancel, query and probe of the default contract', () => {
  it('are asked as it says, and only its codes decide', async () => {
    const { cancel, query, probe } = open();
    const call = { attemptId: 'att-1', vendorCallId: 'c-1', sentAt: NOW };
    const answers = async (body: string, status = 200): Promise<unknown[]> => {
      server.react = () => ({ body, status });
      return [await cancel?.(call), await query?.(call), await query?.({ attemptId: 'att-1', sentAt: NOW }), await probe?.()];
    };
    const told = (request: string): unknown => ({ kind: 'told', notification: expect.objectContaining({ kind: 'query', request }) });
    expect(await answers('{"code":"0"}')).toEqual([{ kind: 'accepted' }, told('query?vendorCallId=c-1'), told('query?attemptId=att-1'), { kind: 'well' }]);
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['DELETE /v1/calls/c-1', 'GET /v1/calls/c-1', 'GET /v1/attempts/att-1', 'GET /v1/health']);
    expect(await answers('{"code":"not-found","message":"?"}')).toEqual([{ kind: 'refused', vendorCode: 'not-found', reason: '?' }, { kind: 'not-found' }, { kind: 'not-found' }, { kind: 'failed', reason: 'code not-found: ?' }]);
    expect(await answers('{"code":"busy"}')).toMatchObject([{ kind: 'refused' }, { kind: 'no-answer' }, { kind: 'no-answer' }, { kind: 'failed' }]);
    expect(await answers('{"code":"0"}', 404)).toMatchObject([{ kind: 'unknown' }, { kind: 'no-answer', reason: 'HTTP status 404' }, { kind: 'no-answer' }, { kind: 'failed' }]);
  });

  it('a query by an id that the contract cannot ask for says which part is missing', async () => {
    const query = { ...defaultContract.query, byAttemptId: undefined };
    const channel = open({ contract: contractWith({ query }) });
    expect(channel.findsByAttempt).toBeUndefined();
    expect(await channel.query?.({ attemptId: 'att-1', sentAt: NOW })).toEqual({ kind: 'no-answer', reason: expect.stringContaining('contract.query has no byAttemptId') });
  });
});

it.each([
  [{ kind: 'none' }, 'https://rec.example/1.wav?a=1', {}],
  [{ kind: 'header', header: 'X-Token', credential: 'apiKey', prefix: 'T ' }, 'https://rec.example/1.wav?a=1', { 'X-Token': 'T jy-key' }],
  [{ kind: 'query', parameter: 'auth', credential: 'apiKey' }, 'https://rec.example/1.wav?a=1&auth=jy-key', {}],
])('a recording is opened by %j, at known hosts only', async (access, url, headers) => {
  const channel = open({ contract: contractWith({ recording: { access } }), recordingHosts: ['rec.example'] });
  const locate = (vendorUrl?: string): unknown => channel.recording?.locate({ vendorCallId: 'c-1', ...(vendorUrl === undefined ? {} : { vendorUrl }) });
  expect(await locate('https://me:pw@rec.example/1.wav?a=1')).toEqual({ kind: 'found', url, headers, publicUrl: 'https://rec.example/1.wav?a=1' });
  expect(await locate('https://evil.example/1.wav')).toMatchObject({ kind: 'not-yet' });
  expect(await locate('file:///etc/passwd')).toMatchObject({ kind: 'not-yet' });
  expect([await locate('no url'), await locate()]).toMatchObject([{ kind: 'never' }, { kind: 'never' }]);
});

describe('faults', () => {
  it('of a contract come all at once, each with its path, and repeat no text', () => {
    const contract = {
      numberFormat: 'PRIVATE',
      signing: { headers: { 'X-A': '{PRIVATE}' }, method: { kind: 'digest', algorithm: 'hmac-sha256', over: '{PRIVATE' } },
      dial: { request: { path: 'PRIVATE', body: { form: 'json', fields: { a: { b: ['{timestamp}', '{PRIVATE}'], c: null, d: new Secret('PRIVATE') } } } }, answer: { code: 'a..PRIVATE', accepted: [], vendorCallId: '__proto__.x', notPlaced: { 1: 'PRIVATE' } } },
      callbacks: { message: { event: 'e', events: { 1: 'PRIVATE' }, causes: { 1: 8 } }, acknowledgement: { contentType: 'PRIVATE', body: '' }, PRIVATE2: 1 },
      cancel: { request: { method: 'DELETE', path: '/{caller}', body: { form: 'json', fields: {} } }, answer: { code: 'code', accepted: ['0'] } },
    };
    const faults = faultsOf(configure({ contract })).map((fault) => fault.replace('PRIVATE2', ''));
    expect(faults.join('\n')).not.toContain('PRIVATE');
    const paths = faults.map((fault) => fault.slice(0, fault.indexOf(':')).replace('settings.contract.', '')).sort();
    expect(paths).toEqual([
      'callbacks', 'callbacks.acknowledgement.contentType', 'callbacks.message.causes.1', 'callbacks.message.events.1',
      'cancel.request.path', 'dial.answer.accepted', 'dial.answer.code', 'dial.answer.notPlaced.1', 'dial.request.body.fields.a.b.1', 'dial.request.body.fields.a.c', 'dial.request.body.fields.a.d', 'dial.request.path',
      'numberFormat', 'signing.headers.X-A', 'signing.method.over',
    ]);
  });

  it('between its parts are told once each is right', () => {
    const bodySigned = { ...defaultContract.signing, headers: {}, method: { kind: 'digest', algorithm: 'md5', over: '{body}{secret.nowhere}' } };
    expect(faultsOf(configure({ contract: contractWith({ signing: bodySigned }) }))).toEqual([
      expect.stringMatching(/^settings\.credentials\.nowhere: needed/), expect.stringMatching(/^settings\.contract\.signing\.method: a digest that no template sends/),
    ]);
    const dial = { ...defaultContract.dial, request: { path: '/x', body: { form: 'json', fields: { s: '{signature}', m: '{maxDurationSeconds}', a: '{displayToCaller}', b: '{displayToCalled}' } } } };
    expect(faultsOf(configure({ contract: contractWith({ dial }) }))).toEqual([expect.stringMatching(/^settings\.contract\.signing\.method\.over: covers/)]);
    expect(faultsOf(configure({ contract: contractWith({ dial, signing: { method: { kind: 'none' } } }) }))).toEqual([expect.stringMatching(/^settings\.contract\.signing\.method: must be a digest/)]);
  });

  it('of a channel file: its contract inline, its capabilities by `without`', () => {
    const text = (without: string): string => `channels:
  - { id: jy-main, vendor: jy, protocol: connector, callbackSecrets: [{ value: long-enough-secret }], ${without} settings: { endpoint: 'https://jy.example', credentials: { token: { value: t } }, contract: {
      signing: { method: { kind: header, header: X-Token, credential: token } },
      dial: { request: { path: /dial, body: { form: json, fields: { id: '{attemptId}', from: '{caller}', to: '{called}' } } }, answer: { code: code, accepted: ['0'], vendorCallId: id } },
      callbacks: { message: { attemptId: id, event: e, events: { end: ended } }, acknowledgement: { contentType: text/plain, body: ok } } } } }`;
    const all = '[cancel, query, probe, recording, displayNumbers, maxDuration]';
    const file = parseChannelFile(text(`without: ${all},`), () => '');
    expect(file).toMatchObject({ ok: true, channels: [{ capabilities: { cancel: false, query: false, probe: false, recording: false, displayNumbers: false, maxDuration: false } }] });
    expect(parseChannelFile(text('without: [query, probe, recording, displayNumbers, maxDuration],'), () => '')).toEqual({ ok: false, faults: ['channels[0].without: must list cancel, since the settings have no contract.cancel (channel jy-main)'] });
  });
});

it('paths find what a body itself has, and nothing else', () => {
  const at = (document: unknown, path: string): string | undefined => textAt(document, parsePath(path));
  const document = { a: { b: [{ c: 5 }, null] }, d: 'null', e: ' x ', f: false };
  expect(['a.b[0].c', 'd', 'e', 'f', 'a', 'a.b[1]', 'a.b[9].c', 'constructor.name', '__proto__', 'a.b.length', 'e.length', '$'].map((path) => at(document, path))).toEqual(['5', undefined, 'x', 'false', ...Array(8).fill(undefined)]);
  expect(at([{ x: 1 }], '$[0].x')).toBe('1');
  for (const wrong of ['', '.a', 'a.', 'a..b', 'a[x]', 'a[0', 'a b', '$$', 'a.'.repeat(12) + 'a']) expect(parsePath(wrong)).toBeUndefined();
});

it('bodies: entities stay as they are, long numbers keep their digits, what is too large or no such body is none', () => {
  const parse = (text: string, form: 'json' | 'xml' | 'form'): unknown => parseDocument(Buffer.from(text), form);
  expect(parse('{"id":1037058396471308289,"s":"1037058396471308289 \\" 1037058396471308289","f":1.5}', 'json')).toEqual({ id: '1037058396471308289', s: '1037058396471308289 " 1037058396471308289', f: 1.5 });
  expect(parse('a=1&a=2&b=%E5%B8%AD', 'form')).toEqual({ a: '2', b: '席' });
  expect(parse('<r><a>007</a><b>&amp;</b><c>1</c><c>2</c></r>', 'xml')).toEqual({ r: { a: '007', b: '&amp;', c: ['1', '2'] } });
  expect(parse('<!DOCTYPE r [<!ENTITY x "boom">]><r>&x;</r>', 'xml')).not.toEqual({ r: 'boom' });
  expect([parse('{', 'json'), parse('<r>', 'xml'), parse(`"${'x'.repeat(300_000)}"`, 'json')]).toEqual([undefined, undefined, undefined]);
  const started = performance.now();
  for (const text of ['"\\"'.repeat(80_000), `{"a":"${'\\"'.repeat(100_000)}1234567890123456`, '['.repeat(200_000), '1'.repeat(250_000)]) parse(text, 'json');
  for (const text of ['<a>'.repeat(80_000), '<'.repeat(250_000), `<r>${'<a/>'.repeat(60_000)}</r>`]) parse(text, 'xml');
  expect(performance.now() - started).toBeLessThan(5000);
});
