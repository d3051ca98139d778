import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxiosHttpExchange } from '@cc/http';
import { SilentLog, SystemClock } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { eventually } from '@cc/testing';
import { Secret, vendorOf, type CallFact, type DialRequest, type RawNotification, type VendorChannel } from '@cc/vendors';
import { z } from 'zod';
import { vendorSimulator } from '../src/service';

const SECRET = 'voice-secret';
const AddressOf = z.object({ port: z.number() }) satisfies z.ZodType<Pick<AddressInfo, 'port'>>;
const Rings = z.object({ items: z.array(z.looseObject({ vendor: z.string(), leg: z.string(), number: z.string(), vendorCallId: z.string() })) });
const Calls = z.object({ items: z.array(z.looseObject({ id: z.string(), protocol: z.string().optional() })) });

/** The application's side of the pushes: keeps each as it came and answers as the adapter wants. */
class PushReceiver {
  readonly received: RawNotification[] = [];
  private readonly server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      this.received.push({ kind: 'callback', headers, body: Buffer.concat(chunks), receivedAt: Date.now() });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${AddressOf.parse(this.server.address()).port}/callbacks/hw-voice/a-secret-of-the-path`;
  }

  close(): Promise<unknown> {
    return new Promise((resolve) => this.server.close(resolve));
  }
}

describe('the adapter against the simulator', () => {
  const receiver = new PushReceiver();
  const exchange = new AxiosHttpExchange();
  let callbackUrl = '';
  let service: RunningService;
  let channel: VendorChannel;
  let attempts = 0;

  const open = (more: Readonly<Record<string, unknown>> = {}): VendorChannel => {
    const settings = { endpoint: `${service.url}/hw`, appKey: 'voice-key', appSecret: new Secret(SECRET), displayNbr: '+864001234567', displayCalleeNbr: '+861088889999',
      partyTypes: { a: ['caller'], b: ['callee'], vendor: ['platform'] }, callbackUrl: new Secret(callbackUrl), ...more };
    const configured = vendorOf('hw', 'voiceCall')?.configure({ settings, callsBack: true });
    if (configured?.ok !== true) throw new Error(JSON.stringify(configured));
    return configured.open({ http: exchange, clock: new SystemClock() });
  };

  beforeAll(async () => {
    callbackUrl = await receiver.listen();
    const env = { CC_VENDOR_SIMULATOR_PORT: '0', CC_SIM_SPEED: '400', CC_SIM_HW_VOICE_APP_KEY: 'voice-key', CC_SIM_HW_VOICE_APP_SECRET: SECRET };
    service = await startService(vendorSimulator, loadServiceSettings(vendorSimulator, env), new SilentLog(), (reason) => { throw new Error(reason); });
    channel = open();
  });
  afterAll(async () => {
    await service.stop();
    await receiver.close();
  });

  const dialTo = (digits: string, more: Partial<DialRequest> = {}): DialRequest => ({ attemptId: `attempt-${(attempts += 1)}`, caller: '+8613912345678', called: `+86138123456${digits}`, record: true, ...more });
  const ringsOf = async (number: string) => Rings.parse(await (await fetch(`${service.url}/control/rings?number=${encodeURIComponent(number)}`)).json()).items;
  const pushesOf = (attemptId: string): RawNotification[] => receiver.received.filter((raw) => channel.subjectOf(raw).attemptId === attemptId);

  async function place(request: DialRequest): Promise<string> {
    const outcome = await channel.dial(request);
    if (outcome.kind !== 'accepted') throw new Error(JSON.stringify(outcome));
    return outcome.vendorCallId;
  }

  /** The facts of a call once its fees have come, in the order of the pushes. */
  async function factsOf(attemptId: string): Promise<CallFact[]> {
    const facts = (): CallFact[] => pushesOf(attemptId).flatMap((raw) => {
      const normalised = channel.normalise(raw, { recordRequested: true });
      if (normalised.kind === 'unintelligible') throw new Error(normalised.reason);
      expect(normalised.unknownCodes).toEqual([]);
      return normalised.facts;
    });
    await eventually(() => facts().some(({ type, channelState }) => type === 'cc.call.ended.v1' && channelState === 'fee'));
    return facts();
  }
  const nameOf = ({ type, channelState, derived }: CallFact): string => `${type.slice('cc.call.'.length, -'.v1'.length)}${derived === true ? '?' : ''} by ${channelState}`;
  const endsOf = (facts: readonly CallFact[]) => facts.flatMap((fact) => (fact.type === 'cc.call.ended.v1' ? [fact] : []));

  test('a call, from the dial over every push to its recording', async () => {
    const request = dialTo('80', { maxDurationSeconds: 90 });
    const vendorCallId = await place(request);
    const facts = await factsOf(request.attemptId);
    expect(facts.map(nameOf)).toEqual([
      'a-ringing? by callout', 'a-ringing by alerting', 'a-answered by answer', 'b-ringing? by callout', 'b-ringing by alerting', 'connected by answer', 'ended by disconnect',
      'a-ringing by fee', 'a-answered by fee', 'b-ringing by fee', 'connected by fee', 'ended? by fee', 'recording-available by fee',
    ]);
    expect(endsOf(facts)).toMatchObject([{ closeType: 0, vendorCode: '0', endedBy: 'b' }, { closeType: 0, durationSeconds: expect.any(Number) }]);
    const pushes = pushesOf(request.attemptId);
    expect(pushes.map((raw) => [channel.callbacks?.verify(raw), channel.subjectOf(raw).vendorCallId])).toEqual(Array(8).fill([{ kind: 'trusted' }, vendorCallId]));
    expect(open({ callbackUrl: new Secret(`${callbackUrl}/`) }).callbacks?.verify({ kind: 'callback', headers: {}, body: Buffer.alloc(0), receivedAt: 0, ...pushes[0] })).toMatchObject({ kind: 'forged' });

    const rings = (await ringsOf(request.called)).filter((ring) => ring.vendorCallId === vendorCallId);
    expect(rings).toMatchObject([{ vendor: 'hw', leg: 'B', number: request.called, userData: expect.stringMatching(new RegExp(`^${request.attemptId}_`)) }]);
    const times = new Map(facts.filter(({ derived }) => derived !== true).map(({ type, occurredAt }) => [type, occurredAt]));
    // Pushes have whole seconds.
    expect([times.get('cc.call.b-ringing.v1'), times.get('cc.call.connected.v1'), times.get('cc.call.ended.v1')]).toEqual(['ringAt', 'answeredAt', 'endedAt'].map((name) => Math.floor(Number(rings[0]?.[name]) / 1000) * 1000));

    const available = facts.find((fact) => fact.type === 'cc.call.recording-available.v1');
    const vendorUrl = available?.type === 'cc.call.recording-available.v1' ? (available.vendorUrl ?? '') : '';
    expect(vendorUrl).toContain(`${service.url}/hw/rest/provision/voice/record/v1.0?`);
    expect((await fetch(vendorUrl, { redirect: 'manual' })).status).toBe(401);
    const location = await channel.recording?.locate({ vendorCallId, vendorUrl });
    if (location?.kind !== 'found') throw new Error(JSON.stringify(location));
    expect(location).toMatchObject({ headers: {}, publicUrl: vendorUrl });
    const directory = await mkdtemp(join(tmpdir(), 'cc-voice-'));
    try {
      const target = join(directory, 'recording');
      expect(await exchange.download({ method: 'GET', url: location.url, headers: location.headers, timeoutMs: 10_000, target, maxBytes: 1_000_000 })).toMatchObject({ kind: 'stored', contentType: 'audio/wav' });
      expect((await readFile(target)).subarray(0, 4).toString()).toBe('RIFF');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
    expect(await exchange.exchange({ method: 'GET', url: location.url.replace(/signature=./, 'signature=x'), timeoutMs: 10_000 })).toMatchObject({ status: 403 });
  });

  test.each([
    ['81', 1, 1], ['82', 2, 2], ['83', 3, 3], ['84', 4, 4], ['88', 5, 0],
  ])('scenario %s ends with close type %s by its code, and the fees let conclude %s', async (digits, byCode, byFees) => {
    const request = dialTo(digits);
    await place(request);
    expect(endsOf(await factsOf(request.attemptId)).map(({ closeType }) => closeType)).toEqual([byCode, byFees]);
  });

  test('what is lost leaves the fees to tell: every leg’s times are there without a status push', async () => {
    const request = dialTo('86');
    await place(request);
    const facts = (await factsOf(request.attemptId)).filter(({ channelState }) => channelState === 'fee');
    expect(facts.map(({ type }) => type)).toEqual(expect.arrayContaining(['cc.call.a-answered.v1', 'cc.call.connected.v1', 'cc.call.ended.v1']));
  });

  test('a cancelled call ends, and cannot be cancelled twice', async () => {
    const request = dialTo('88', { maxDurationSeconds: 86_400 });
    const vendorCallId = await place(request);
    await eventually(() => pushesOf(request.attemptId).some((raw) => channel.normalise(raw, { recordRequested: true }).kind === 'facts' && raw.body.toString().includes('answer')));
    expect(await channel.cancel?.({ vendorCallId })).toEqual({ kind: 'accepted' });
    expect(endsOf(await factsOf(request.attemptId))[0]).toMatchObject({ closeType: 0, vendorCode: '8017' });
    expect(await channel.cancel?.({ vendorCallId })).toMatchObject({ kind: 'refused', vendorCode: '1010003' });
  });

  test('the dial’s own faults: refused, a wrong digest, HTTP 500, a lost answer; the older digest is right as well', async () => {
    const refused = dialTo('85');
    expect(await channel.dial(refused)).toMatchObject({ kind: 'rejected', vendorCode: '1013003', blame: 'call' });
    expect(await channel.dial(dialTo('80', { displayToCalled: '+8675512345678' }))).toMatchObject({ kind: 'rejected', vendorCode: '1010003', blame: 'call' });
    expect(await open({ appSecret: new Secret('another') }).dial(dialTo('80'))).toMatchObject({ kind: 'rejected', vendorCode: '1023003', blame: 'channel' });
    expect(await open({ appKey: 'another' }).dial(dialTo('80'))).toMatchObject({ kind: 'rejected', vendorCode: '1023002', blame: 'channel' });
    expect(await channel.dial(dialTo('94'))).toMatchObject({ kind: 'unknown' });
    expect([...(await ringsOf(refused.called)), ...(await ringsOf('+8613812345694'))]).toEqual([]);
    const lost = dialTo('93');
    expect(await channel.dial(lost)).toMatchObject({ kind: 'unknown' });
    await factsOf(lost.attemptId);
    expect(await ringsOf(lost.called)).toHaveLength(1);
    expect(await open({ authentication: 'wsse' }).dial(dialTo('81'))).toMatchObject({ kind: 'accepted' });
  });

  test('over HTTP: nothing without credentials, no body but a JSON object, and the other product does not know these calls', async () => {
    const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> => fetch(`${service.url}/hw/${path}`, { method: 'POST', headers, body });
    const anonymous = await post('rest/httpsessions/click2Call/v2.0', '{}');
    expect([anonymous.status, await anonymous.json()]).toEqual([401, { resultcode: '1023001', resultdesc: expect.any(String) }]);
    expect((await post('rest/httpsessions/callStop/v2.0', '{}')).status).toBe(401);
    const [first] = receiver.received;
    // A push's own signature opens nothing: it is made over another text.
    expect((await post('rest/httpsessions/click2Call/v2.0', '{}', { authorization: first?.headers['authorization'] ?? '', 'x-aksk': first?.headers['x-aksk'] ?? '' })).status).toBe(403);
    const vendorCallId = await place(dialTo('81'));
    const { items } = Calls.parse(await (await fetch(`${service.url}/control/calls`)).json());
    expect(items.find(({ id }) => id === vendorCallId)).toMatchObject({ vendor: 'hw', protocol: 'voiceCall', scenario: 'a-no-answer' });
  });
});
