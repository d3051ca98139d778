import { SilentLog, pause } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { z } from 'zod';
import { vendorSimulator } from '../src/service';
import { CallbackList, customerSettings, dialE9, dialHw } from './vendor-customer';

const LIMIT_MS = 20_000;
jest.setTimeout(2 * LIMIT_MS);

const Leg = z.looseObject({ leg: z.string(), state: z.string(), can: z.array(z.string()) });
const Call = z.looseObject({ vendor: z.string(), id: z.string(), b: z.string(), echo: z.string().optional(), phase: z.string(), scenario: z.string(), times: z.looseObject({ end: z.string() }), legs: z.array(Leg) });
const Live = z.looseObject({ liveCalls: z.number(), calls: z.array(Call), rings: z.array(z.looseObject({})), outages: z.array(z.looseObject({ vendor: z.string() })), scripts: z.array(z.looseObject({})) });
const Problem = z.looseObject({ code: z.string(), detail: z.string(), errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional() });
const Rings = z.object({ items: z.array(z.looseObject({ leg: z.string() })) });

async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what} did not come about`);
    await pause(5);
  }
}

const startSimulator = (callbackUrl: string, speed: number): Promise<RunningService> => {
  const env = { ...customerSettings, CC_VENDOR_SIMULATOR_PORT: '0', CC_SIM_SPEED: String(speed), CC_SIM_E9_CALLBACK_URL: callbackUrl };
  return startService(vendorSimulator, loadServiceSettings(vendorSimulator, env), new SilentLog(), (reason) => { throw new Error(reason); });
};

describe('the control side', () => {
  const callbacks = new CallbackList();
  let service: RunningService;
  let numbers = 0;

  beforeAll(async () => {
    service = await startSimulator(await callbacks.listen(), 10);
  });
  afterEach(async () => {
    await control('DELETE', 'scenarios');
    await Promise.all(['e9', 'hw'].map((vendor) => control('DELETE', `outages/${vendor}`)));
  });
  afterAll(async () => {
    await service.stop();
    await callbacks.close();
  });

  const control = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${service.url}/control/${path}`, { method, ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: typeof body === 'string' ? body : JSON.stringify(body) }) });
  const get = async (path: string): Promise<unknown> => (await control('GET', path)).json();
  const problemOf = async (response: Promise<Response>): Promise<[number, z.infer<typeof Problem>]> => {
    const answer = await response;
    return [answer.status, Problem.parse(await answer.json())];
  };
  /** A number that no other test dials, of an answered call. */
  const freshNumber = (): string => {
    numbers += 1;
    return `138${String(numbers).padStart(6, '0')}80`;
  };
  const ringsAt = async (number: string): Promise<string[]> => Rings.parse(await get(`rings?number=${number}`)).items.map(({ leg }) => leg);
  const callTo = (number: string): Promise<z.infer<typeof Call>> =>
    until('the call', async () => z.object({ items: z.array(Call) }).parse(await get('calls')).items.find(({ b }) => b === number));
  const short = { ringAAfterSeconds: 0.2, answerAAfterSeconds: 0.2, ringBAfterSeconds: 0.2, answerBAfterSeconds: 0.2, talkSeconds: 0.5 };
  const vendors: [name: 'e9' | 'hw', dial: typeof dialE9][] = [['e9', dialE9], ['hw', dialHw]];

  test('a script decides what one number does, is listed, and is gone after its calls', async () => {
    const number = freshNumber();
    const posted = await control('POST', 'scenarios', { number: `+86${number}`, calls: 1, name: 'mine', end: 'b-busy', times: { ringAAfterSeconds: 0.1, answerAAfterSeconds: 0.1, ringBAfterSeconds: 0.1 } });
    expect([posted.status, await posted.json()]).toMatchObject([201, { callsLeft: 1, scenario: { name: 'mine', end: 'b-busy' } }]);
    expect(await get('scenarios')).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ digits: '99', name: 'by-hand' })]), scripts: [{ number: `+86${number}` }] });
    await dialE9(service.url, number);
    expect(await callTo(number)).toMatchObject({ scenario: 'mine', times: { end: 'b-busy' } });
    expect(await get('scenarios')).toMatchObject({ scripts: [] });
    await until('the end', () => callbacks.actions.find((action) => action === 'Hangup 4'));
  });

  test('a script is refused with all its faults, and deleted one by one', async () => {
    const [status, { errors }] = await problemOf(control('POST', 'scenarios', { vendor: 'e8', end: 'a-busy', dial: 'refused', placed: true, times: { talkSeconds: 1, sing: 1 }, more: 1 }));
    expect([status, errors?.map(({ pointer }) => pointer).sort()]).toEqual([422, ['/more', '/placed', '/times/sing', '/times/talkSeconds', '/vendor']]);
    expect(await problemOf(control('POST', 'scenarios', '{'))).toMatchObject([422, { code: 'malformed-request' }]);
    const { id } = z.looseObject({ id: z.string() }).parse(await (await control('POST', 'scenarios', { vendor: 'e9' })).json());
    expect([(await control('DELETE', `scenarios/${id}`)).status, (await control('DELETE', `scenarios/${id}`)).status]).toEqual([204, 404]);
  });

  describe.each(vendors)('%s dialled', (vendor, dial) => {
    const script = async (parts: object): Promise<string> => {
      const number = freshNumber();
      expect((await control('POST', 'scenarios', { vendor, number, times: short, ...parts })).status).toBe(201);
      return number;
    };

    test.each([
      ['html', false, 200, 'text/html; charset=utf-8', /^<!DOCTYPE html>/],
      ['redirect', false, 302, null, /^$/],
      ['failed', true, 500, 'text/plain', /Internal/],
      ['error-inside', true, 200, expect.stringContaining('application/json'), vendor === 'e9' ? /"statusCode":"900000"/ : /"retCode":"1"/],
      ['unavailable', false, 200, expect.stringContaining('application/json'), vendor === 'e9' ? /"statusCode":"900123"/ : /"retCode":"6"/],
    ] as const)('%s (placed: %s)', async (manner, placed, status, contentType, body) => {
      const number = await script({ dial: manner, placed });
      const response = await dial(service.url, number);
      expect([response.status, response.headers.get('content-type')]).toEqual([status, contentType]);
      expect(await response.text()).toMatch(body);
      if (placed) await until('the ring', async () => ((await ringsAt(number)).length > 0 ? true : undefined));
      expect(z.object({ items: z.array(Call) }).parse(await get('calls')).items.filter(({ b }) => b === number)).toHaveLength(placed ? 1 : 0);
    });

    test('truncated: half of an answer that announces the whole', async () => {
      const number = await script({ dial: 'truncated' });
      const response = await dial(service.url, number);
      expect([response.status, Number(response.headers.get('content-length')) > 0]).toEqual([200, true]);
      await expect(response.text()).rejects.toThrow();
      await until('the ring', async () => ((await ringsAt(number)).length > 0 ? true : undefined));
    });

    test('slow: as late as the script says, though the call rings at once', async () => {
      const number = await script({ dial: 'slow', answerAfterSeconds: 5 });
      const answered: number[] = [];
      const answer = dial(service.url, number).then(() => answered.push(Date.now()));
      await until('the ring', async () => ((await ringsAt(number)).length > 0 ? true : undefined));
      expect(answered).toEqual([]);
      await answer;
    });

    test('answer-after-callbacks: the call is over before its dial is answered', async () => {
      const number = await script({ dial: 'answer-after-callbacks' });
      callbacks.actions.length = 0;
      expect((await dial(service.url, number)).status).toBe(200);
      expect([(await callTo(number)).phase, callbacks.actions]).toEqual(['ended', vendor === 'e9' ? ['CallInvite0', 'CallInvite1', 'CallEstablish', 'Hangup 0'] : []]);
    });
  });

  test('an outage turns dials away and silences the vendor until it ends', async () => {
    callbacks.actions.length = 0;
    const began = await control('PUT', 'outages/e9', { refuse: 1 });
    expect([began.status, await began.json()]).toEqual([200, { vendor: 'e9', outage: { refuse: 1 } }]);
    expect(await (await dialE9(service.url, freshNumber())).json()).toMatchObject({ resp: { statusCode: '900123' } });
    expect(await (await dialHw(service.url, freshNumber())).json()).toMatchObject({ retCode: '0' });

    await control('PUT', 'outages/e9', { dial: 'placed-normally', callbacks: 'none' });
    const silent = freshNumber();
    await control('POST', 'scenarios', { number: silent, times: short });
    expect(await (await dialE9(service.url, silent)).json()).toMatchObject({ resp: { statusCode: '000000' } });
    await until('the silence', async () => (z.looseObject({ counts: z.record(z.string(), z.number()) }).parse(await get('stats')).counts['e9.callback.silenced'] === 4 ? true : undefined));
    expect(callbacks.actions).toEqual([]);
    expect(await get('outages')).toEqual({ items: [{ vendor: 'e9', outage: { callbacks: 'none' } }, { vendor: 'hw', outage: null }, { vendor: 'jy', outage: null }] });

    expect((await control('DELETE', 'outages/e9')).status).toBe(204);
    await dialE9(service.url, silent);
    await until('the callbacks', () => callbacks.actions.find((action) => action === 'Hangup 0'));
  });

  test('an outage is refused with all its faults', async () => {
    const [status, { errors }] = await problemOf(control('PUT', 'outages/e9', { dial: 'slow', placed: false, refuse: 2, more: 1 }));
    expect([status, errors?.map(({ pointer }) => pointer).sort()]).toEqual([422, ['/more', '/placed', '/refuse']]);
    expect(await problemOf(control('PUT', 'outages/e8', {}))).toMatchObject([404, { detail: expect.stringContaining('e9, hw') }]);
  });

  test('a call is played by hand, and e9 calls back what really happened', async () => {
    callbacks.actions.length = 0;
    const number = '13800000199';
    await dialE9(service.url, number, 'call_7-1');
    const { id } = await callTo(number);
    const can = (leg: number, act: string): Promise<true> => until(act, async () => ((await callTo(number)).legs[leg]?.can.includes(act) === true ? true : undefined));
    const play = (leg: string, act: string): Promise<Response> => control('POST', `calls/e9/${id}/${leg}/${act}`);
    expect(await problemOf(play('b', 'answer'))).toMatchObject([409, { detail: 'Leg B is idle: a hand can do nothing now' }]);
    await can(0, 'answer');
    const answered = await play('a', 'answer');
    expect([answered.status, Call.parse(await answered.json()).legs[0]]).toMatchObject([200, { leg: 'A', state: 'answered', can: ['hang-up'] }]);
    expect(await problemOf(play('A', 'decline'))).toMatchObject([409, { detail: 'Leg A is answered: a hand can only hang-up now' }]);
    await can(1, 'decline');
    expect((await play('B', 'decline')).status).toBe(200);
    await until('the end', () => callbacks.actions.find((action) => action.startsWith('Hangup')));
    expect(callbacks.actions).toEqual(['CallInvite0', 'CallInvite1', 'Hangup 4']);
    expect([(await play('c', 'answer')).status, (await play('a', 'sing')).status, (await control('POST', 'calls/e9/x/a/answer')).status, (await control('POST', `calls/e8/${id}/a/answer`)).status]).toEqual(Array(4).fill(404));
  });

  test('rings are found by attempt, and the summary finds a phone that rang twice for one call', async () => {
    await control('POST', 'scenarios', { vendor: 'e9', end: 'a-busy', times: { ringAAfterSeconds: 0.1 } });
    for (const attempt of ['call_8-1', 'call_8-2', 'call_9-1']) await dialE9(service.url, freshNumber(), attempt);
    const Summary = z.object({ items: z.array(z.looseObject({ echo: z.string() })), doubles: z.array(z.looseObject({ call: z.string() })) });
    const summary = await until('the rings', async () => {
      const found = Summary.parse(await get('rings/summary'));
      return found.items.some(({ echo }) => echo === 'call_9-1') ? found : undefined;
    });
    expect(summary.items).toContainEqual({ echo: 'call_8-1', ringsOfA: 1, ringsOfB: 0, firstRingAt: expect.any(Number) });
    expect(summary.doubles).toEqual([{ call: 'call_8', leg: 'A', rings: 2, echoes: ['call_8-1', 'call_8-2'] }]);
    expect(Rings.parse(await get('rings?attempt=call_8-2')).items).toMatchObject([{ leg: 'A', userData: 'call_8-2' }]);
    expect(Summary.parse(await get('rings/summary?attempt=call_9-1')).items).toHaveLength(1);
    expect((await control('GET', 'rings/summary?echo=x')).status).toBe(422);
  });

  test('the live view has the live calls first, rings, outages and scripts', async () => {
    await control('PUT', 'outages/hw', { callbacks: 'none' });
    await control('POST', 'scenarios', { vendor: 'hw' });
    await dialHw(service.url, '13800000299', '<b>');
    const live = Live.parse(await get('live'));
    expect(live.calls[0]).toMatchObject({ vendor: 'hw', b: '13800000299', echo: '<b>', legs: [{ leg: 'A' }, { leg: 'B' }] });
    const phases = live.calls.map(({ phase }) => phase === 'ended');
    expect(phases).toEqual([...phases].sort());
    expect(phases.filter((ended) => !ended)).toHaveLength(live.liveCalls);
    expect(live).toMatchObject({ speed: 10, outages: [{ vendor: 'e9', outage: null }, { vendor: 'hw', outage: { callbacks: 'none' } }, { vendor: 'jy', outage: null }], scripts: [{ vendor: 'hw' }] });
  });

  test('the page brings everything itself, and its policy lets nothing else run', async () => {
    const file = async (path: string): Promise<[type: string | null, text: string]> => {
      const response = await fetch(`${service.url}/${path}`);
      expect(response.status).toBe(200);
      return [response.headers.get('content-type'), await response.text()];
    };
    const policy = (await fetch(`${service.url}/`)).headers.get('content-security-policy') ?? '';
    expect(policy.split('; ')).toEqual(expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"]));
    expect(policy).not.toContain('unsafe');
    const [[htmlType, html], [scriptType, script], [styleType, style]] = [await file(''), await file('page.js'), await file('page.css')];
    expect([htmlType, scriptType, styleType]).toEqual(['text/html; charset=utf-8', 'text/javascript; charset=utf-8', 'text/css; charset=utf-8']);
    expect([...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address)).toEqual(['data:,', 'page.css', 'page.js']);
    expect(html).not.toMatch(/<script>|<style|style=|\son\w+=/);
    expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|https?:/);
    expect(style).not.toMatch(/@import|url\(/);
  });
});

describe('a dial that is never answered', () => {
  const outcomes: string[] = [];
  let service: RunningService;

  beforeAll(async () => {
    service = await startSimulator('http://127.0.0.1:1/', 1000);
  });
  afterAll(() => service.stop());

  const rings = async () => Rings.parse(await (await fetch(`${service.url}/control/rings`)).json()).items;

  test('rings, and waits until the simulator stops', async () => {
    await fetch(`${service.url}/control/scenarios`, { method: 'POST', body: JSON.stringify({ vendor: 'e9', dial: 'never' }) });
    const outcome = dialE9(service.url, '13812345680').then(() => outcomes.push('answered'), () => outcomes.push('ended without an answer'));
    // The whole call, which at this speed is a few hundredths of a second.
    await until('the end', async () => ((await rings()).filter(({ endedAt }) => endedAt !== undefined).length === 2 ? true : undefined));
    expect(outcomes).toEqual([]);
    await service.stop();
    await outcome;
    expect(outcomes).toEqual(['ended without an answer']);
  });
});
