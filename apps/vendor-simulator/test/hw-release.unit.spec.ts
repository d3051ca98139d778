import http from 'node:http';
import { AxiosHttpExchange } from '@cc/http';
import { SilentLog, SystemClock } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { eventually } from '@cc/testing';
import { Secret, vendorOf, type DialRequest, type RawNotification, type VendorChannel } from '@cc/vendors';
import { z } from 'zod';
import { vendorSimulator } from '../src/service';

describe('the release callback of 双呼', () => {
  const received: RawNotification[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ kind: 'callback', headers: {}, body: Buffer.concat(chunks), receivedAt: Date.now() });
      response.writeHead(200).end('{"retCode":"0","retMsg":"success"}');
    });
  });
  let service: RunningService;
  let channel: VendorChannel;

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = z.object({ port: z.number() }).parse(server.address());
    const env = { CC_VENDOR_SIMULATOR_PORT: '0', CC_SIM_SPEED: '400', CC_SIM_HW_APP_KEY: 'key', CC_SIM_HW_APP_SECRET: 'secret' };
    service = await startService(vendorSimulator, loadServiceSettings(vendorSimulator, env), new SilentLog(), (reason) => { throw new Error(reason); });
    const settings = { endpoint: `${service.url}/hw`, appKey: 'key', appSecret: new Secret('secret'), callbackUrl: new Secret(`http://127.0.0.1:${port}/callbacks/hw-main/a-callback-secret`) };
    const configured = vendorOf('hw', 'createCall')?.configure({ settings, callsBack: true });
    if (configured?.ok !== true) throw new Error(JSON.stringify(configured));
    channel = configured.open({ http: new AxiosHttpExchange(), clock: new SystemClock() });
  });
  afterAll(async () => {
    await service.stop();
    await new Promise((resolve) => server.close(resolve));
  });

  const dialTo = (digits: string): DialRequest => ({ attemptId: `attempt-${digits}`, caller: '+8613912345678', called: `+86138123456${digits}`, record: true });
  const releasesOf = (attemptId: string): RawNotification[] => received.filter((raw) => channel.subjectOf(raw).attemptId === attemptId);

  test('resolves a call whose dial answer was lost, and so does the history by our attempt id', async () => {
    const request = dialTo('93');
    const sentAt = Date.now();
    expect(await channel.dial(request)).toMatchObject({ kind: 'unknown' });
    await eventually(() => releasesOf(request.attemptId).length === 1);
    const [release] = releasesOf(request.attemptId);
    if (release === undefined) throw new Error('no release');
    expect(Object.keys(z.record(z.string(), z.unknown()).parse(JSON.parse(release.body.toString()))).sort()).toEqual([
      'agentAlertingTime', 'agentReleaseTime', 'agentTalkDuration', 'agentTalkingTime', 'alertingTime', 'callData', 'callSerialNo', 'called', 'caller', 'createCallTime', 'locationId', 'recordfile', 'releaseReason', 'releaseTime',
      'serviceNo', 'talkDuration', 'talkingTime',
    ]);
    const normalised = channel.normalise(release, { recordRequested: true });
    expect(normalised).toMatchObject({
      unknownCodes: [],
      facts: ['a-ringing', 'a-answered', 'b-ringing', 'connected', 'ended', 'recording-available'].map((name) => ({ type: `cc.call.${name}.v1` })),
    });
    const answer = await channel.query?.({ attemptId: request.attemptId, sentAt, caller: request.caller });
    if (answer?.kind !== 'told') throw new Error(JSON.stringify(answer));
    expect(channel.subjectOf(answer.notification)).toEqual(channel.subjectOf(release));
    expect(channel.normalise(answer.notification, { recordRequested: true })).toEqual(normalised);
  });

  test.each([['81', 1, '4'], ['82', 2, '5'], ['86', 0, '1']])('to …%s ends with close type %i and reason %s', async (digits, closeType, vendorCode) => {
    const request = dialTo(digits);
    await channel.dial(request);
    await eventually(() => releasesOf(request.attemptId).length === 1);
    expect(releasesOf(request.attemptId).map((raw) => channel.normalise(raw, { recordRequested: false }))).toEqual([
      expect.objectContaining({ facts: expect.arrayContaining([expect.objectContaining({ type: 'cc.call.ended.v1', closeType, vendorCode })]) }),
    ]);
  });
});
