import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxiosHttpExchange } from '@cc/http';
import { Clock, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { eventually } from '@cc/testing';
import { Secret, vendorOf, type CallFact, type DialRequest, type RawNotification, type VendorChannel } from '@cc/vendors';
import { z } from 'zod';
import { vendorSimulator } from '../src/service';

const AddressOf = z.object({ port: z.number() });
const Rings = z.object({ items: z.array(z.looseObject({ vendor: z.string(), leg: z.string(), attemptId: z.string() })) });

class RealClock extends Clock {
  constructor(private readonly ahead = 0) {
    super();
  }
  nowMs(): number {
    return Date.now() + this.ahead;
  }
}

/** The application's side of the callbacks: keeps each as it came. */
class CallbackReceiver {
  readonly received: RawNotification[] = [];
  private readonly server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      this.received.push({ kind: 'callback', headers, body: Buffer.concat(chunks), receivedAt: Date.now() });
      response.writeHead(200).end('{"code":"0"}');
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${AddressOf.parse(this.server.address()).port}/callbacks`;
  }

  close(): Promise<unknown> {
    return new Promise((resolve) => this.server.close(resolve));
  }
}

describe('the adapter against the simulator', () => {
  const receiver = new CallbackReceiver();
  const exchange = new AxiosHttpExchange();
  let service: RunningService;
  let channel: VendorChannel;
  let attempts = 0;

  const open = (more: Readonly<Record<string, unknown>> = {}, clock: Clock = new RealClock()): VendorChannel => {
    const settings = { endpoint: `${service.url}/jy`, credentials: { apiKey: new Secret('jy-key'), apiSecret: new Secret('jy-secret') }, ...more };
    const configured = vendorOf('jy', 'connector')?.configure({ settings, callsBack: true });
    if (configured?.ok !== true) throw new Error(JSON.stringify(configured));
    return configured.open({ http: exchange, clock });
  };

  beforeAll(async () => {
    const env = { CC_VENDOR_SIMULATOR_PORT: '0', CC_SIM_SPEED: '400', CC_SIM_JY_API_KEY: 'jy-key', CC_SIM_JY_API_SECRET: 'jy-secret', CC_SIM_JY_CALLBACK_URL: await receiver.listen() };
    service = await startService(vendorSimulator, loadServiceSettings(vendorSimulator, env), new SilentLog(), (reason) => { throw new Error(reason); });
    channel = open();
  });
  afterAll(async () => {
    await service.stop();
    await receiver.close();
  });

  const dialTo = (digits: string, more: Partial<DialRequest> = {}): DialRequest => ({ attemptId: `attempt-${(attempts += 1)}`, caller: '+8613912345678', called: `+86138123456${digits}`, record: true, ...more });
  const callbacksOf = (attemptId: string): RawNotification[] => receiver.received.filter((raw) => channel.subjectOf(raw).attemptId === attemptId);
  const factsIn = (raw: RawNotification): readonly CallFact[] => {
    const normalised = channel.normalise(raw, { recordRequested: true });
    if (normalised.kind === 'unintelligible') throw new Error(normalised.reason);
    expect(normalised.unknownCodes).toEqual([]);
    return normalised.facts;
  };
  const isEnd = ({ type }: CallFact): boolean => type === 'cc.call.ended.v1';
  const nameOf = ({ type, derived }: CallFact): string => `${type.slice('cc.call.'.length, -'.v1'.length)}${derived === true ? '?' : ''}`;

  async function place(request: DialRequest): Promise<string> {
    const outcome = await channel.dial(request);
    if (outcome.kind !== 'accepted') throw new Error(JSON.stringify(outcome));
    return outcome.vendorCallId;
  }
  async function factsOf(attemptId: string): Promise<CallFact[]> {
    await eventually(() => callbacksOf(attemptId).flatMap(factsIn).some(isEnd));
    return callbacksOf(attemptId).flatMap(factsIn);
  }
  const endOf = async (attemptId: string) => (await factsOf(attemptId)).find(isEnd);

  test('a call, from the dial over every signed callback and the query to its recording', async () => {
    const request = dialTo('80', { maxDurationSeconds: 90, displayToCaller: '+864001234567' });
    const vendorCallId = await place(request);
    const facts = await factsOf(request.attemptId);
    expect(facts.map(nameOf)).toEqual(['a-ringing', 'a-answered', 'b-ringing', 'connected', 'a-answered?', 'connected?', 'ended', 'recording-available']);
    expect(facts.find(isEnd)).toMatchObject({ closeType: 0, vendorCode: 'normal', endedBy: 'b' });
    const callbacks = callbacksOf(request.attemptId);
    expect(callbacks.map((raw) => [channel.callbacks?.verify(raw), channel.subjectOf(raw).vendorCallId])).toEqual(Array(5).fill([{ kind: 'trusted' }, vendorCallId]));
    const asked = [await channel.query?.({ attemptId: request.attemptId, vendorCallId, sentAt: 0 }), await channel.query?.({ attemptId: request.attemptId, sentAt: 0 })];
    for (const answer of asked) expect(answer?.kind === 'told' ? factsIn(answer.notification).map(nameOf) : answer).toEqual(['a-answered', 'connected', 'ended', 'recording-available']);
    const announced = facts.find(({ type }) => type === 'cc.call.recording-available.v1');
    const vendorUrl = announced !== undefined && 'vendorUrl' in announced ? announced.vendorUrl : undefined;
    const directory = await mkdtemp(join(tmpdir(), 'cc-jy-'));
    const target = join(directory, 'recording.wav');
    await eventually(async () => {
      const location = await channel.recording?.locate({ vendorCallId, ...(vendorUrl === undefined ? {} : { vendorUrl }) });
      if (location?.kind !== 'found') throw new Error(JSON.stringify(location));
      const { url, headers } = location;
      return (await exchange.download({ method: 'GET', url, headers, target, maxBytes: 10_000_000, timeoutMs: 5000 })).kind === 'stored';
    });
    expect((await readFile(target)).subarray(0, 4).toString()).toBe('RIFF');
    await rm(directory, { recursive: true });
    expect((await fetch(String(vendorUrl))).status).toBe(403);
  });

  test.each([
    ['81', 1, 'a-unreachable'], ['82', 2, 'b-unreachable'], ['83', 3, 'a-busy'], ['84', 4, 'b-busy'], ['86', 0, 'normal'], ['88', 5, 'max-duration'], ['91', 0, 'normal'], ['92', 0, 'normal'],
  ])('to …%s ends as %i, %s', async (digits, closeType, vendorCode) => {
    const request = dialTo(digits);
    await place(request);
    expect(await endOf(request.attemptId)).toMatchObject({ closeType, vendorCode });
  });

  test('callbacks come twice, or never: then the query knows', async () => {
    const [twice, none] = [dialTo('90'), dialTo('89')];
    const vendorCallId = await place(none);
    await place(twice);
    await eventually(() => callbacksOf(twice.attemptId).length === 10);
    await eventually(async () => {
      const answer = await channel.query?.({ attemptId: none.attemptId, vendorCallId, sentAt: 0 });
      return answer?.kind === 'told' && factsIn(answer.notification).some(isEnd);
    });
    expect(callbacksOf(none.attemptId)).toEqual([]);
  });

  test('a dial that is refused, fails, or loses its answer: the last is found by our attempt id, the others are not', async () => {
    const [refused, failed, lost] = [dialTo('85'), dialTo('94'), dialTo('93')];
    expect(await channel.dial(refused)).toMatchObject({ kind: 'rejected', vendorCode: 'number-refused', blame: 'call' });
    expect(await channel.dial(failed)).toMatchObject({ kind: 'unknown', reason: 'HTTP status 500' });
    expect(await channel.dial(lost)).toMatchObject({ kind: 'unknown' });
    const query = (request: DialRequest) => channel.query?.({ attemptId: request.attemptId, sentAt: 0 });
    expect([await query(refused), await query(failed), await query(lost)]).toMatchObject([{ kind: 'not-found' }, { kind: 'not-found' }, { kind: 'told' }]);
    expect(await endOf(lost.attemptId)).toMatchObject({ closeType: 0 });
    const { items } = Rings.parse(await (await fetch(`${service.url}/control/rings?number=${encodeURIComponent(lost.called)}`)).json());
    expect(items).toMatchObject([{ vendor: 'jy', leg: 'B', attemptId: lost.attemptId }]);
  });

  test('a cancel ends a call once; callbacks go where the dial says', async () => {
    const other = new CallbackReceiver();
    const named = open({ callbackUrl: new Secret(await other.listen()) });
    const request = dialTo('88', { maxDurationSeconds: 28_800 });
    const outcome = await named.dial(request);
    const vendorCallId = outcome.kind === 'accepted' ? outcome.vendorCallId : '';
    expect(await channel.cancel?.({ vendorCallId })).toEqual({ kind: 'accepted' });
    await eventually(() => other.received.flatMap(factsIn).some((fact) => fact.type === 'cc.call.ended.v1' && fact.endedBy === 'application'));
    expect(await channel.cancel?.({ vendorCallId })).toMatchObject({ kind: 'refused', vendorCode: 'not-found' });
    expect(callbacksOf(request.attemptId)).toEqual([]);
    await other.close();
  });

  test('nothing without the right signature, key and time; the probe tells', async () => {
    const wrongKey = open({ credentials: { apiKey: new Secret('other'), apiSecret: new Secret('jy-secret') } });
    const wrongSecret = open({ credentials: { apiKey: new Secret('jy-key'), apiSecret: new Secret('other') } });
    const wrongTime = open({}, new RealClock(-3_600_000));
    for (const wrong of [wrongKey, wrongSecret, wrongTime]) {
      expect(await wrong.dial(dialTo('80'))).toMatchObject({ kind: 'rejected', vendorCode: 'not-authorised', blame: 'channel' });
      expect(await wrong.probe?.()).toMatchObject({ kind: 'failed' });
    }
    expect(await channel.probe?.()).toEqual({ kind: 'well' });
    const signed = { 'x-cc-key': 'jy-key' };
    expect(await (await fetch(`${service.url}/jy/v1/health`, { headers: signed })).json()).toMatchObject({ code: 'not-authorised' });
  });
});
