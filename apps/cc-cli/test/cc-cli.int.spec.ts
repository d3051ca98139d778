import { CallEvent, CallRecord, decodeCallCommand, decodeChannelOverride, encodeCallEvent, encodeCallRecord, encodeChannelHealth, encodeRouteSimulation, topics, type WireRecord } from '@cc/contracts';
import { createEventLog, handled, type EventLog } from '@cc/event-log';
import { NoMetrics, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, spawnScript, type FreshDatabase } from '@cc/testing';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { callGateway } from '../../call-gateway/src/service';
import { runCommandLine } from '../src/run-command-line';

const [ACME, OLGA] = ['acme-key-0123456789abcdefghij', 'olga-key-0123456789abcdefghij'];
const Placed = z.object({ callId: z.string() });

let fresh: FreshDatabase;
let service: RunningService;
let database: TypeOrmDatabase;
let eventLog: EventLog;
const written: WireRecord[] = [];

beforeAll(async () => {
  fresh = await freshDatabase();
  const settings = loadServiceSettings(callGateway, {
    CC_CALL_GATEWAY_PORT: '0', CC_DATABASE_URL: fresh.url, CC_API_KEYS: `acme:${ACME}`, CC_CALL_GATEWAY_OPERATOR_KEYS: `olga:${OLGA}`, CC_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    CC_OSS_REGION: 'oss-cn-test', CC_OSS_BUCKET: 'none', CC_OSS_ENDPOINT: 'http://127.0.0.1:1', CC_OSS_ACCESS_KEY_ID: 'x', CC_OSS_ACCESS_KEY_SECRET: 'x',
  });
  service = await startService(callGateway, settings, new SilentLog(), () => undefined);
  database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
  eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
  await eventLog.subscribe({ group: 'test', topics: [topics.callCommands.name, topics.channelOverrides.name], handle: ({ records }) => {
    written.push(...records);
    return Promise.resolve(handled);
  } }).ready;
  const capabilities = { cancel: true, query: true, recording: true, displayNumbers: true, maxDuration: true, ivrText: false, probe: false, followUp: 'callbacks' as const };
  await eventLog.append(topics.channelHealth.name, [encodeChannelHealth({ channel: 'e9-main', vendor: 'e9', protocol: 'callback', enabled: true, capabilities, weight: 10, state: 'up', score: 0.5, reason: 'recent dials are fine', since: 1, liveCalls: 3, line: { kind: 'seat', names: ['1001'] } })]);
  await eventually(async () => (await cc('channel', 'list')).out.includes('e9-main'));
}, 60_000);
afterAll(async () => {
  await service.stop();
  await eventLog.close();
  await database.close();
  await fresh.drop();
}, 30_000);

const env = () => ({ CC_URL: service.url, CC_API_KEY: ACME, CC_OPERATOR_KEY: OLGA });

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function ccIn(environment: Record<string, string>, ...args: string[]): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommandLine(args, environment, { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { code, out: out.join('\n'), err: err.join('\n') };
}
const cc = (...args: string[]): Promise<Run> => ccIn(env(), ...args);
const placeCall = async (): Promise<string> => Placed.parse(JSON.parse((await cc('call', 'place', '--from', '13900000001', '--to', '13900000002', '--json')).out)).callId;
const base = (callId: string) => ({ callId, tenant: 'acme', occurredAt: Date.now(), recordedAt: Date.now(), source: 'router', attemptId: `${callId}-1`, channel: 'e9-main' });
const started = (callId: string) => CallEvent.parse({ ...base(callId), type: 'cc.call.attempt-started.v1', id: `${callId}/started`, vendor: 'e9', attemptNumber: 1, recordRequested: false, route: { basis: 'all', channel: 'e9-main', candidates: [{ channel: 'e9-main', state: 'up', score: 1, weight: 10, liveCalls: 0 }, { channel: 'old', state: 'down', score: 0, weight: 1, liveCalls: 0, excluded: { code: 'down', reason: 'it is down' } }] } });
const tell = (...events: CallEvent[]) => eventLog.append(topics.callEvents.name, events.map((event) => encodeCallEvent(event, 'test')));

describe('cc call', () => {
  it('places a call with all that was typed, shows it with its attempts, routes and timeline, and cancels it', async () => {
    const placed = await cc('call', 'place', '--from', '13900000001', '--to', '13900000002', '--agent', 'ann', '--biz-data', '{"order":7}', '--record', '--max-duration', '60');
    expect(placed).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^callId +call-\w+$/m) });
    for (const line of [/^agent +ann$/m, /^caller +\+86139\*{4}0001$/m, /^bizData +\{"order":7\}$/m, /^createdAt +20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/m]) expect(placed.out).toMatch(line);
    const callId = /^callId +(\S+)$/m.exec(placed.out)?.[1] ?? '';
    await tell(started(callId));
    const shown = await eventually(async () => {
      const run = await cc('call', 'show', callId);
      return run.out.includes('attempt-started') && run;
    });
    for (const line of [/^1 +call-\w+-1 +e9-main +e9 +sending /m, /e9-main \(by all\)$/m, /^\* +e9-main +up +1\.00 +10 +0$/m, /^ +old +down +0\.00 +1 +0 +down: it is down$/m, / requested +gateway$/m, / attempt-started +router +e9-main$/m]) expect(shown.out).toMatch(line);
    expect(JSON.parse((await cc('call', 'show', callId, '--json')).out)).toMatchObject({ call: { callId }, attempts: [{ state: 'sending' }], routes: { items: [{ route: { channel: 'e9-main' } }] }, events: [{}, {}] });
    expect((await cc('call', 'cancel', callId)).code).toBe(0);
    await eventually(() => written.map(decodeCallCommand).some((command) => command.kind === 'known' && command.message.type === 'cc.call.cancel.v1' && command.message.callId === callId));
  });

  it('follows a call until it has ended', async () => {
    const callId = await placeCall();
    const watching = cc('call', 'watch', callId, '--json');
    await tell(started(callId));
    await eventually(async () => (await cc('call', 'show', callId)).out.includes('attempt-started'));
    const [row] = await database.query<{ record: unknown }>('SELECT record FROM gateway_call WHERE call_id = $1', [callId]);
    await eventLog.append(topics.callRecords.name, [encodeCallRecord({ ...CallRecord.parse(row?.record), version: 9, state: 'close', stage: 'ended', closeType: 0, closeReason: 'normal', durationSeconds: 12 })]);
    const { code, out } = await watching;
    expect(code).toBe(0);
    expect(out.split('\n').map((line): unknown => JSON.parse(line))).toMatchObject([{ type: 'cc.call.requested.v1' }, { type: 'cc.call.attempt-started.v1' }, { callId, state: 'close', durationSeconds: 12 }]);
    expect((await cc('call', 'watch', callId)).out).toMatch(/requested +gateway\n.* attempt-started +router +e9-main\nended +normal\n/);
  });

  it('prints the faults of a request with their fields, or the problem as JSON, and fails', async () => {
    const { code, out, err } = await cc('call', 'place', '--to', '110');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^invalid-request \(422\)\n {2}field +fault\n {2}\/from +must be given, .*\n {2}\/to +is no valid telephone number\n {2}request req-/);
    expect(JSON.parse((await cc('call', 'show', 'none', '--json')).err)).toMatchObject({ code: 'no-such-call', status: 404 });
  });
});

describe('cc bindings and cc route', () => {
  it('set, list and delete what users have', async () => {
    expect((await cc('bindings', 'list')).out).toBe('no user is bound');
    expect((await cc('bindings', 'set', 'ann', '--agent', '1001', '--channel', 'e9-main', '--number', '13900000011')).code).toBe(0);
    expect((await cc('bindings', 'list')).out).toMatch(/^user +agent +channel +line +number +changed\nann +1001 +e9-main +1001 +\+86139\*{4}0011 +20\d\d-/);
    expect(await cc('bindings', 'delete', 'ann')).toMatchObject({ code: 0, out: 'The binding of ann is deleted.' });
    expect(await cc('bindings', 'delete', 'ann')).toMatchObject({ code: 1, err: expect.stringContaining('no-such-binding (404)') });
  });
  it('list every page', async () => {
    for (let n = 0; n < 60; n += 1) await database.query(`INSERT INTO gateway_binding VALUES ('acme', $1, '{"agent":"a","updatedAt":1}')`, [`u${n}`]);
    expect(z.object({ items: z.array(z.unknown()) }).parse(JSON.parse((await cc('bindings', 'list', '--json')).out)).items).toHaveLength(60);
  });
  it('tell the route that a call would take', async () => {
    const before = written.length;
    const simulating = cc('route', 'simulate', '--from', '13900000001', '--to', '13900000002');
    const { key } = await eventually(() => written[before] ?? false);
    await eventLog.append(topics.routeSimulations.name, [encodeRouteSimulation({ simulationId: key, tenant: 'acme', decidedAt: 1, route: { basis: 'named', lineBusy: true, candidates: [{ channel: 'e9-main', state: 'up', score: 1, weight: 10, liveCalls: 2, excluded: { code: 'channel-full', reason: 'it has 2 of 2 calls' } }] } })]);
    expect(await simulating).toMatchObject({ code: 0, out: expect.stringMatching(/^no channel \(by named; its line is busy\)\n.*\n +e9-main +up +1\.00 +10 +2 +channel-full: it has 2 of 2 calls$/) });
  });
});

describe("cc with an operator's key", () => {
  it('lists, drains and resumes channels', async () => {
    expect((await cc('channel', 'list')).out).toMatch(/^channel +vendor +protocol +state .*\ne9-main +e9 +callback +up +0\.50 +10 +3 .* recent dials are fine$/);
    expect((await cc('channel', 'drain', 'e9-main', '--reason', 'contract ends')).code).toBe(0);
    expect((await cc('channel', 'resume', 'e9-main', '--reason', 'prolonged')).code).toBe(0);
    const orders = await eventually(() => {
      const found = written.map(decodeChannelOverride).filter(({ kind }) => kind === 'known');
      return found.length === 2 && found;
    });
    expect(orders).toMatchObject([{ message: { override: 'drain', operator: 'olga', reason: 'contract ends' } }, { message: { override: 'none', reason: 'prolonged' } }]);
    expect(await ccIn({ CC_URL: service.url, CC_API_KEY: ACME }, 'channel', 'drain', 'e9-main', '--reason', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('CC_OPERATOR_KEY') });
    expect(await ccIn({ CC_URL: service.url, CC_OPERATOR_KEY: ACME }, 'channel', 'drain', 'e9-main', '--reason', 'x')).toMatchObject({ code: 1, err: expect.stringMatching(/^forbidden \(403\): .*operator's key/) });
  });
  it('lists and resolves the attempts in doubt', async () => {
    expect((await cc('attempts', 'list-unknown')).out).toBe('no attempt is in doubt');
    const callId = await placeCall();
    await tell(CallEvent.parse({ ...base(callId), type: 'cc.call.attempt-unknown.v1', id: `${callId}/unknown`, reason: 'no answer' }));
    await eventually(async () => (await cc('attempts', 'list-unknown')).out.includes(`${callId}-1`));
    expect((await cc('attempts', 'resolve', `${callId}-1`, '--as', 'not-placed', '--reason', 'asked')).out).toContain('was not placed');
    await eventually(() => written.map(decodeCallCommand).some((command) => command.kind === 'known' && command.message.type === 'cc.call.resolve-attempt.v1' && command.message.attemptId === `${callId}-1`));
    expect(await cc('attempts', 'resolve', `${callId}-1`, '--as', 'lost', '--reason', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('not lost') });
  });
});

describe('cc', () => {
  it.each([
    [['nope'], /^There is no command `nope`/], [['call', 'nope'], /^There is no command `call nope`[^]*call place/], [['call', 'show'], /^Missing: CALL\n\nUsage: cc call show CALL/], [['call', 'show', 'a', 'b'], /^Too much: b/], [['call', 'place'], /^Missing: --to/],
    [['call', 'place', '--to', '1', '--nope'], /--nope/], [['call', 'place', '--to', '1', '--not-after', 'soon'], /--not-after must be a whole number/], [['channel', 'drain', 'e9-main'], /^Missing: --reason/], [['config', 'nope'], /^There is no service nope; there are call-gateway/],
  ])('takes %j for wrong usage', async (args, says) => {
    expect(await cc(...args)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(says) });
    expect(JSON.parse((await cc(...args, '--json')).err)).toMatchObject({ code: 'wrong-usage' });
  });
  it.each([[['help', 'call', 'place'], ['call', 'place', '--help']], [['help', 'call'], ['call', '--help']], [['help'], ['--help']]])('says by %j what it says by %j', async (asked, same) => {
    expect(await cc(...asked)).toEqual(await cc(...same));
  });
  it.each([[['--help'], /^Usage: cc <command>[^]*bindings set/], [[], /^Usage/], [['call', '--help'], /^(?![^]*bindings set)[^]*call place/], [['call', 'place', '--help'], /--when-busy reject\|wait[^]*CC_API_KEY/], [['config', '--help'], /SERVICE/]])('helps with %j', async (args, says) => {
    expect(await cc(...args)).toMatchObject({ code: 0, out: expect.stringMatching(says), err: '' });
  });
  it('prints the settings of a service, as text and as JSON', async () => {
    expect((await ccIn({}, 'config', 'call-gateway')).out).toMatch(/^CC_CALL_GATEWAY_NOT_AFTER_SECONDS +integer 1\.\.3600 +60 +s +A call/m);
    expect(JSON.parse((await ccIn({}, 'config', 'record-store', '--json')).out)).toMatchObject({ service: 'record-store', settings: expect.arrayContaining([expect.objectContaining({ name: 'CC_DATABASE_URL', required: true, secret: true })]) });
  });
  it('needs a key, and says which', async () => {
    expect(await ccIn({ CC_URL: service.url }, 'bindings', 'list')).toMatchObject({ code: 2, err: expect.stringContaining('CC_API_KEY_FILE') });
    expect(await ccIn({ CC_URL: service.url }, 'channel', 'list')).toMatchObject({ code: 2, err: expect.stringContaining('CC_API_KEY or CC_OPERATOR_KEY') });
  });
  it('is a process whose exit code tells', async () => {
    const main = join(__dirname, '../src/main.ts');
    const good = spawnScript(main, ['channel', 'list'], { env: env() });
    expect((await good.ended(25_000)).code).toBe(0);
    expect(good.lines.join('\n')).toContain('e9-main');
    const bad = spawnScript(main, ['nope'], { env: env() });
    expect((await bad.ended(25_000)).code).toBe(2);
    expect({ lines: bad.lines, stderr: bad.stderr }).toEqual({ lines: [], stderr: expect.stringContaining('no command') });
  });
});

describe('cc at an address where no gateway is', () => {
  let other: Server;
  let url: string;
  let answer = { status: 200, body: '<html>' };
  beforeAll(async () => {
    other = createServer((_request, response) => response.writeHead(answer.status, { 'content-type': 'text/html', location: '/elsewhere' }).end(answer.body));
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const address = other.address();
    url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  });
  afterAll(() => new Promise((done) => other.close(done)));

  it('says so when the connection breaks in the middle of the answer', async () => {
    const breaking = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"items"');
      setImmediate(() => response.destroy());
    });
    await new Promise<void>((done) => breaking.listen(0, '127.0.0.1', done));
    const address = breaking.address();
    const at = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    expect(await ccIn({ CC_URL: at, CC_API_KEY: ACME }, 'bindings', 'list')).toMatchObject({ code: 1, err: expect.stringContaining(`No answer from ${at}`) });
    await new Promise((done) => breaking.close(done));
  });

  it.each([[{ status: 200, body: '<html>' }, /no JSON/], [{ status: 500, body: '{"error":1}' }, /answered 500, but not as call-gateway does/], [{ status: 200, body: '{"items":[{"user":7}]}' }, /not what this version of cc understands \(0\.user/], [{ status: 302, body: '' }, /No answer from/]])('says so: %j', async (told, says) => {
    answer = told;
    expect(await ccIn({ CC_URL: url, CC_API_KEY: ACME }, 'bindings', 'list')).toMatchObject({ code: 1, out: '', err: expect.stringMatching(says) });
  });
  it('says so when nothing listens there', async () => {
    expect(await ccIn({ CC_URL: 'http://127.0.0.1:2', CC_API_KEY: ACME }, 'bindings', 'list')).toMatchObject({ code: 1, err: 'No answer from http://127.0.0.1:2 (ECONNREFUSED): is call-gateway running? CC_URL says where it is' });
  });
});
