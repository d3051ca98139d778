import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { SilentLog, pause } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import { vendorSimulator } from '../src/service';

const SID = 'a'.repeat(32);
const TOKEN = 'b'.repeat(32);
const APP = 'c'.repeat(32);
const A = '13912345678';
const LIMIT_MS = 20_000;
jest.setTimeout(2 * LIMIT_MS);

interface Received {
  readonly xml: string;
  readonly contentType: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
}

/** The application's side of e9's callbacks. */
class CallbackReceiver {
  readonly received: Received[] = [];
  status = 200;
  private readonly parser = new XMLParser({ parseTagValue: false, ignoreDeclaration: true });
  private readonly server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const xml = Buffer.concat(chunks).toString();
      this.received.push({ xml, contentType: request.headers['content-type'], fields: CallbackFields.parse(this.parser.parse(xml)).req });
      response.writeHead(this.status).end('<Response><statusCode>0000</statusCode></Response>');
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = AddressOf.parse(this.server.address());
    return `http://127.0.0.1:${port}/callbacks`;
  }

  of(callId: string): Received[] {
    return this.received.filter(({ fields }) => fields['callId'] === callId);
  }

  close(): Promise<unknown> {
    return new Promise((resolve) => this.server.close(resolve));
  }
}

const CallbackFields = z.object({ req: z.record(z.string(), z.string()) });
const AddressOf = z.object({ port: z.number() }) satisfies z.ZodType<Pick<AddressInfo, 'port'>>;
const E9Resp = z.object({ resp: z.looseObject({ statusCode: z.string(), callId: z.string().optional() }) });
const Rings = z.object({ items: z.array(z.looseObject({ vendor: z.string(), leg: z.string(), number: z.string(), vendorCallId: z.string(), ringAt: z.number() })) });
const Stats = z.object({ counts: z.record(z.string(), z.number()) });
const HwResp = z.looseObject({ retCode: z.union([z.string(), z.number()]), result: z.looseObject({}).optional() });

const md5 = (text: string): string => createHash('md5').update(text).digest('hex').toUpperCase();
const timestampAt = (epochMs: number): string => new Date(epochMs + 8 * 3600 * 1000).toISOString().slice(0, 19).replace(/[-T:]/g, '');

async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what} did not come about`);
    await pause(5);
  }
}

describe('the simulator over HTTP', () => {
  const receiver = new CallbackReceiver();
  let service: RunningService;

  beforeAll(async () => {
    const env = {
      CC_VENDOR_SIMULATOR_PORT: '0', CC_SIM_SPEED: '400', CC_SIM_E9_ACCOUNT_SID: SID, CC_SIM_E9_AUTH_TOKEN: TOKEN, CC_SIM_E9_APP_ID: APP,
      CC_SIM_E9_CALLBACK_URL: await receiver.listen(), CC_SIM_HW_APP_KEY: 'key', CC_SIM_HW_APP_SECRET: 'secret', CC_SIM_E9_QUERIES_PER_MINUTE: '1000',
    };
    service = await startService(vendorSimulator, loadServiceSettings(vendorSimulator, env), new SilentLog(), (reason) => { throw new Error(reason); });
  });
  afterAll(async () => {
    await service.stop();
    await receiver.close();
  });

  interface Sent { readonly path?: string; readonly body?: unknown; readonly sig?: string; readonly timestamp?: string; readonly headers?: Record<string, string> }

  function e9(what: string, { path, body, sig, timestamp = timestampAt(Date.now()), headers = {} }: Sent): Promise<Response> {
    const query = sig ?? md5(SID + TOKEN + timestamp);
    return fetch(`${service.url}/e9${path ?? `/2016-01-01/Accounts/${SID}`}/${what}?sig=${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json;charset=utf-8', accept: 'application/json;charset=utf-8', authorization: Buffer.from(`${SID}:${timestamp}`).toString('base64'), ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  const dialBody = (to: string, more: object = {}): object => ({ callback: { appId: APP, from: A, to, ...more } });
  const e9Answer = async (response: Promise<Response>) => E9Resp.parse(await (await response).json()).resp;

  async function dial(to: string, more: object = {}): Promise<string> {
    const { statusCode, callId } = await e9Answer(e9('Calls/callBack', { body: dialBody(to, more) }));
    expect(statusCode).toBe('000000');
    return callId ?? '';
  }

  const hangupOf = (callId: string): Promise<Received> => until('the hang-up', () => receiver.of(callId).find(({ fields }) => fields['action'] === 'Hangup'));
  const ringsOf = async (query: string): Promise<z.infer<typeof Rings>['items']> => Rings.parse(await (await fetch(`${service.url}/control/rings?${query}`)).json()).items;

  test('e9: an answered call, from the dial to its recording', async () => {
    const callId = await dial('13812345678', { needRecord: '1', userData: 'attempt-1', toSerNum: [A], maxCallTime: '120' });
    expect(callId).toMatch(/^[0-9a-f]{32}$/);
    const { fields: end } = await hangupOf(callId);
    const actions = receiver.of(callId).map(({ fields }) => `${fields['action']}${fields['userFlag'] ?? ''}`);
    expect(actions).toEqual(['CallInvite0', 'CallInvite1', 'CallEstablish', 'Hangup']);
    expect(receiver.of(callId).map(({ contentType, fields }) => [contentType, fields['type'], fields['appId'], fields['caller'], fields['called'], fields['userData']]))
      .toEqual(Array(4).fill(['application/xml;charset=utf-8', '1', APP, A, '13812345678', 'attempt-1']));
    expect(receiver.of(callId).map(({ fields }) => fields['subType'])).toEqual(['0', '1', '1', '1']);
    expect(end).toMatchObject({ byeType: '0', startTimeA: expect.stringMatching(/^\d{14}$/), startTimeB: expect.stringMatching(/^\d{14}$/), endTime: expect.stringMatching(/^\d{14}$/) });

    const rings = await ringsOf('number=%2B8613812345678');
    expect(rings.filter(({ vendorCallId }) => vendorCallId === callId)).toMatchObject([{ vendor: 'e9', leg: 'B', number: '13812345678', userData: 'attempt-1', answeredAt: expect.any(Number), endedAt: expect.any(Number) }]);

    const url = end['recordUrl'] ?? '';
    expect(url).toMatch(new RegExp(`^${service.url}/e9/recordings/\\d{8}/${callId}\\.mp3$`));
    expect((await fetch(`${url}?auth=${md5(`${SID}:${TOKEN}`).toLowerCase()}`)).status).toBe(403);
    expect((await fetch(url)).status).toBe(403);
    expect((await fetch(`${url}?auth=${md5(`${SID}:${TOKEN}`)}`)).status).toBe(404);
    const audio = await until('the recording', async () => {
      const response = await fetch(`${url}?auth=${md5(`${SID}:${TOKEN}`)}`);
      return response.status === 200 ? Buffer.from(await response.arrayBuffer()) : undefined;
    });
    expect(audio.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xf3]));
  });

  test('hw: an answered call, from the token to its recording', async () => {
    const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${service.url}/hw/${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
    const { AccessToken } = z.looseObject({ AccessToken: z.string() }).parse(await (await post('apigovernance/api/oauth/tokenByAkSk', { app_key: 'key', app_secret: 'secret' }, { 'x-token-expire': '3600' })).json());
    const call = async (what: string, body: unknown) => HwResp.parse(await (await post(`apiaccess/CC-Management/v1/mobileAgent/${what}`, body, { authorization: `Bearer ${AccessToken}`, 'x-app-key': 'key' })).json());

    const startedAt = Date.now();
    const created = await call('createCall', { caller: A, called: '13812345670', callData: 'attempt-2', callerPresent: '4001234567' });
    expect(created).toMatchObject({ retCode: '0', result: { callSerialNo: expect.stringMatching(/^\d{19}$/) } });
    const callSerialNo = created.result?.['callSerialNo'];
    const states: unknown[] = [];
    const ended = await until('the end', async () => {
      const { result } = await call('queryCallState', { callSerialNo });
      if (states.at(-1) !== result?.['state']) states.push(result?.['state']);
      return result?.['state'] === 3 ? result : undefined;
    });
    expect(ended).toMatchObject({ reasonCode: 0, callData: 'attempt-2', caller: A, called: '13812345670', endTime: expect.any(Number) });
    expect([0, 1, 2, 3].filter((state) => states.includes(state))).toEqual(states);

    const records = await call('queryCallDetailRecord', { startTime: String(startedAt - 1000), endTime: String(Date.now()), caller: A });
    const infos = z.object({ callInfo: z.array(z.looseObject({ callSerialNo: z.string() })) }).parse(records.result).callInfo;
    expect(infos.find((info) => info.callSerialNo === callSerialNo)).toMatchObject({ state: 3, reasonCode: 0, alertingTime: expect.any(Number), talkingTime: expect.any(Number), agentTalkingTime: expect.any(Number) });

    const address = await until('the address', async () => {
      const answer = await call('getRecordingAddress', { callSerialNo });
      return answer.retCode === 0 ? answer.result : undefined;
    });
    const url = String(address['url']);
    expect(url.length).toBeLessThanOrEqual(200);
    const recording = await fetch(url);
    expect([recording.status, recording.headers.get('content-type')]).toEqual([200, 'audio/wav']);
    expect(Buffer.from(await recording.arrayBuffer()).subarray(0, 4).toString()).toBe('RIFF');
    expect((await fetch(url.replace(/signature=./, 'signature=x'))).status).toBe(403);
    expect((await ringsOf(`since=${startedAt}`)).filter(({ vendor }) => vendor === 'hw')).toMatchObject([{ leg: 'A', number: A, callData: 'attempt-2' }, { leg: 'B', number: '13812345670' }]);
  });

  test('e9: credentials and bodies are checked before anything is placed', async () => {
    const late = timestampAt(Date.now() - 12 * 3_600_000 - 60_000);
    const body = dialBody('13812345678');
    const refused: [code: string, sent: Sent][] = [
      ['900111', { body, sig: 'x' }],
      ['900109', { body, timestamp: late }],
      ['900099', { body, path: `/2013-12-26/Accounts/${SID}` }],
      ['900110', { body, path: `/2016-01-01/Accounts/${'x'.repeat(32)}` }],
      ['900101', { body, headers: { authorization: '' } }],
      ['900098', { body: '{"callback":' }],
      ['900098', { body: {} }],
      ['900098', { body: { call: { appId: APP } } }],
      ['900098', { body: { callback: {}, more: {} } }],
      ['900098', { body: { callback: 'text' } }],
      ['900098', { body: JSON.stringify(body), headers: { 'content-type': 'text/plain' } }],
      ['900201', { body: dialBody('13812345678', { from: '+8613912345678' }) }],
      ['900221', { body: dialBody('13812345685') }],
    ];
    for (const [code, sent] of refused) {
      const response = await e9('Calls/callBack', sent);
      const { resp } = E9Resp.parse(await response.json());
      expect([response.status, resp.statusCode, resp.callId]).toEqual([200, code, undefined]);
      expect(resp).toMatchObject({ represent: expect.any(String), dateCreated: expect.stringMatching(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d$/) });
    }
    expect(await ringsOf('number=13812345685')).toEqual([]);
    expect((await fetch(`${service.url}/e9/2016-01-01/Accounts/${SID}/Calls/callBack`, { method: 'POST', body: JSON.stringify(body) })).status).toBe(200);
  });

  test('e9: XML is understood and, where Accept says so, spoken', async () => {
    const xml = `<?xml version='1.0'?><callback><appId>${APP}</appId><from>${A}</from><to>13812345681</to><fromSerNum>[4001234567]</fromSerNum><needRecord>1</needRecord></callback>`;
    const response = await e9('Calls/callBack', { body: xml, headers: { 'content-type': 'application/xml;charset=utf-8', accept: 'application/xml;charset=utf-8' } });
    const text = await response.text();
    expect(response.headers.get('content-type')).toBe('application/xml;charset=utf-8');
    expect(text).toMatch(/^<\?xml version='1\.0'\?><resp><statusCode>000000<\/statusCode><dateCreated>[^<]+<\/dateCreated><callId>[0-9a-f]{32}<\/callId><subStatusCode><\/subStatusCode><\/resp>$/);
    const { fields } = await hangupOf(/<callId>(.+)<\/callId>/.exec(text)?.[1] ?? '');
    expect(fields).toMatchObject({ byeType: '1', startTimeA: 'null', startTimeB: 'null', duration: '0', recordUrl: '', userData: 'null', subType: '1' });
    expect((await e9Answer(e9('Calls/callBack', { body: xml.replace('</callback>', ''), headers: { 'content-type': 'application/xml' } }))).statusCode).toBe('900098');
  });

  test('e9: the query repairs what no callback told', async () => {
    const callId = await dial('13812345689', { userData: 'attempt-3' });
    const ask = () => e9Answer(e9('Records/query', { body: { req: { callId, type: 1 } } }));
    const before: unknown[] = [];
    const record = await until('the record', async () => {
      const answer = await ask();
      if (answer.statusCode === '000000') return answer;
      before.push(answer.statusCode);
      return undefined;
    });
    expect(new Set(before)).toEqual(new Set(before.length === 0 ? [] : ['900217']));
    expect(record['callNotify']).toMatchObject({ action: 'Hangup', callId, userData: 'attempt-3', byeType: '0' });
    expect(receiver.of(callId)).toEqual([]);
  });

  test('e9: a cancelled call is hung up, and a refused callback is not repeated', async () => {
    const callId = await dial('13812345688', { maxCallTime: 28_800 });
    await until('the bridge', () => receiver.of(callId).find(({ fields }) => fields['action'] === 'CallEstablish'));
    receiver.status = 503;
    expect(await e9Answer(e9('Calls/CancelCallback', { body: { req: { appId: APP, callId } } }))).toMatchObject({ statusCode: '000000', callId });
    const { fields } = await hangupOf(callId);
    expect(fields['byeType']).toBe('0');
    const counts = await until('the count', async () => {
      const { counts: all } = Stats.parse(await (await fetch(`${service.url}/control/stats`)).json());
      return all['e9.callback.refused'] === undefined ? undefined : all;
    });
    receiver.status = 200;
    expect(counts['e9.callback.refused']).toBe(1);
    expect(receiver.of(callId).map(({ fields: { action } }) => action)).toEqual(['CallInvite', 'CallInvite', 'CallEstablish', 'Hangup']);
  });

  test('the dial’s own faults: lost answer, HTTP 500, slow answer', async () => {
    await expect(e9('Calls/callBack', { body: dialBody('13812340093', { userData: 'lost' }) })).rejects.toThrow();
    const rings = await until('the ring', async () => {
      const found = await ringsOf('number=13812340093');
      return found.length === 1 ? found : undefined;
    });
    expect(rings).toMatchObject([{ leg: 'B', userData: 'lost' }]);
    expect((await e9('Calls/callBack', { body: dialBody('13812340094') })).status).toBe(500);
    expect(await ringsOf('number=13812340094')).toEqual([]);
    const slow = await e9Answer(e9('Calls/callBack', { body: dialBody('13812340095') }));
    expect(slow.statusCode).toBe('000000');
    expect((await ringsOf('')).filter(({ vendorCallId }) => vendorCallId === slow.callId).map(({ leg }) => leg)).toEqual(['A', 'B']);
  });

  test('e9: a truncated recording breaks off half way', async () => {
    const callId = await dial('13812340098', { needRecord: 1 });
    const url = `${(await hangupOf(callId)).fields['recordUrl']}?auth=${md5(`${SID}:${TOKEN}`)}`;
    const response = await until('the recording', async () => {
      const answer = await fetch(url);
      return answer.status === 200 ? answer : undefined;
    });
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  test('hw: nothing without a live token, and no body but a JSON object', async () => {
    const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> => fetch(`${service.url}/hw/${path}`, { method: 'POST', headers, body });
    const wanted = JSON.stringify({ app_key: 'key', app_secret: 'secret' });
    const tokenPath = 'apigovernance/api/oauth/tokenByAkSk';
    expect([
      (await post(tokenPath, JSON.stringify({ app_key: 'key', app_secret: 'x' }))).status, (await post(tokenPath, 'x')).status, (await post(tokenPath, wanted, { 'x-token-expire': '3601' })).status,
    ]).toEqual([401, 400, 400]);
    const token = await (await post(tokenPath, wanted)).json();
    expect(token).toMatchObject({ AccessToken: expect.any(String), ApplyType: 'Bearer', Expires: '600', AppKey: 'key' });
    const authorization = `Bearer ${z.looseObject({ AccessToken: z.string() }).parse(token).AccessToken}`;
    const dialPath = 'apiaccess/CC-Management/v1/mobileAgent/createCall';
    const dialText = JSON.stringify({ caller: A, called: '13812340070' });
    expect([
      (await post(dialPath, dialText)).status, (await post(dialPath, dialText, { authorization: 'Bearer x' })).status, (await post(dialPath, dialText, { authorization, 'x-app-key': 'x' })).status,
      (await post(dialPath, '[]', { authorization })).status, (await post(dialPath, dialText.replace('70', '94'), { authorization })).status,
    ]).toEqual([401, 401, 401, 400, 500]);
    expect(await ringsOf('number=13812340070')).toEqual([]);
    await expect(post(dialPath, dialText.replace('70', '93'), { authorization })).rejects.toThrow();
    expect(await until('the ring', async () => (await ringsOf('number=%2B8613812340093')).find(({ vendor }) => vendor === 'hw'))).toMatchObject({ leg: 'B' });
  });

  test('the control side lists scenarios and calls, refuses bad filters and forgets rings', async () => {
    const get = async (path: string): Promise<unknown> => (await fetch(`${service.url}/control/${path}`)).json();
    expect(await get('scenarios')).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ digits: '83', name: 'a-busy', happens: expect.any(String) })]) });
    const callId = await dial('13812345684');
    await hangupOf(callId);
    expect(await get('calls')).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ id: callId, vendor: 'e9', scenario: 'b-busy', phase: 'ended' })]) });
    expect((await fetch(`${service.url}/control/rings?since=yesterday`)).status).toBe(422);
    expect((await fetch(`${service.url}/control/rings?until=5`)).status).toBe(422);
    expect((await ringsOf('')).length).toBeGreaterThan(0);
    expect((await fetch(`${service.url}/control/rings`, { method: 'DELETE' })).status).toBe(204);
    expect((await ringsOf('')).filter(({ vendorCallId }) => vendorCallId === callId)).toEqual([]);
  });
});

test('a stop ends slow answers and drops what was still to come', async () => {
  const receiver = new CallbackReceiver();
  const env = { CC_VENDOR_SIMULATOR_PORT: '0', CC_SIM_E9_ACCOUNT_SID: SID, CC_SIM_E9_AUTH_TOKEN: TOKEN, CC_SIM_E9_APP_ID: APP, CC_SIM_E9_CALLBACK_URL: await receiver.listen() };
  const service = await startService(vendorSimulator, loadServiceSettings(vendorSimulator, env), new SilentLog(), () => undefined);
  const timestamp = timestampAt(Date.now());
  const slow = fetch(`${service.url}/e9/2016-01-01/Accounts/${SID}/Calls/callBack?sig=${md5(SID + TOKEN + timestamp)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: Buffer.from(`${SID}:${timestamp}`).toString('base64') },
    body: JSON.stringify({ callback: { appId: APP, from: A, to: '13812345695' } }),
  });
  await until('the call', async () => Stats.parse(await (await fetch(`${service.url}/control/stats`)).json()).counts['e9.dial.placed']);
  await service.stop();
  expect((await slow).status).toBe(200);
  expect(receiver.received).toEqual([]);
  await receiver.close();
});
