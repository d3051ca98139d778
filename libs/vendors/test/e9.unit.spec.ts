import { createHash } from 'node:crypto';
import { AxiosHttpExchange } from '@cc/http';
import { Clock } from '@cc/kernel';
import { vendorOf, type DialRequest, type QueriedCall, type VendorChannel } from '@cc/vendors';
import { parseCallback } from '../src/e9/e9.callbacks';
import { e9Numbers } from '../src/e9/e9.numbers';
import { nationalNumber } from '../src/national-number';
import { beijingTimestamp, FixedZone, parseWallClock } from '../src/vendor-time';
import { vendorText } from '../src/vendor-text';
import { vendorKits } from './vendor-kits';
import { VendorServer } from './vendor-server';

const SID = 'ACCOUNT0ACCOUNT0ACCOUNT0ACCOUNT0';
const TOKEN = 'TOKEN000TOKEN000TOKEN000TOKEN000';
const request: DialRequest = { attemptId: 'att-1', caller: '+8613912345678', called: '+8613812345678', record: true };
const upperMd5 = (text: string): string => createHash('md5').update(text).digest('hex').toUpperCase();

class SteppingClock extends Clock {
  now = Date.UTC(2016, 2, 24, 16, 5, 9, 987);
  nowMs(): number {
    return this.now;
  }
}
const clock = new SteppingClock();
const server = new VendorServer();
let endpoint = '';
beforeAll(async () => {
  endpoint = await server.start();
});
afterAll(() => server.stop());
beforeEach(() => server.seen.splice(0));

function channelWith(more: Readonly<Record<string, unknown>> = {}): VendorChannel {
  const configured = vendorOf('e9', 'callback')?.configure({ settings: { ...vendorKits['e9/callback']?.settings(endpoint), ...more }, callsBack: true });
  if (configured?.ok !== true) throw new Error(JSON.stringify(configured));
  return configured.open({ http: new AxiosHttpExchange(), clock });
}
const answer = (resp: Readonly<Record<string, unknown>>): { body: string } => ({ body: JSON.stringify({ resp }) });

it.each([
  ['+8613912345678', 'mobile', '13912345678'],
  ['+8619912345678', 'mobile', '19912345678'],
  ['+861062345678', 'landline', '01062345678'],
  ['+862162345678', 'landline', '02162345678'],
  ['+8657186543210', 'landline', '057186543210'],
  ['+868917654321', 'landline', '08917654321'],
  ['+869917654321', 'landline', '09917654321'],
  ['+864001234567', 'service-400', '4001234567'],
  ['+8695588', 'service-9', '95588'],
  ['+86110', undefined, undefined],
  ['+8612', undefined, undefined],
  ['+8611012345678', undefined, undefined],
  ['+86139123456789', undefined, undefined],
  ['+86106234567', undefined, undefined],
  ['+4915112345678', undefined, undefined],
  ['13912345678', undefined, undefined],
  ['+86139 1234 5678', undefined, undefined],
  ['+8613912345678;x', undefined, undefined],
])('%s is dialled nationally as %s %s', (e164, kind, digits) => {
  expect(nationalNumber(e164)).toEqual(kind === undefined ? undefined : { kind, digits });
});

it('takes only mobiles and landlines as leg A, and names each number it cannot take, masked', () => {
  expect(e9Numbers({ ...request, displayToCaller: '+864001234567', displayToCalled: '+861062345678' })).toEqual({
    ok: true, numbers: { from: '13912345678', to: '13812345678', fromSerNum: ['4001234567'], toSerNum: ['01062345678'] },
  });
  const refused = e9Numbers({ ...request, caller: '+864001234567', called: '+12025550123' });
  expect(refused).toEqual({ ok: false, reason: expect.stringMatching(/as the caller; .* as the called number/) });
  expect(JSON.stringify(refused)).not.toMatch(/4001234567|2025550123/);
});

it('reads wall-clock times in a fixed zone and refuses dates that do not exist', () => {
  const shanghai = FixedZone.parse('Asia/Shanghai');
  expect(parseWallClock('20160324180031', shanghai)).toBe(Date.UTC(2016, 2, 24, 10, 0, 31));
  expect(parseWallClock('2016/03/24 18:00:31', FixedZone.parse('+08:00'))).toBe(Date.UTC(2016, 2, 24, 10, 0, 31));
  expect(parseWallClock('20160324180031', FixedZone.parse('-03:30'))).toBe(Date.UTC(2016, 2, 24, 21, 30, 31));
  expect(parseWallClock('20160229000000', FixedZone.parse('UTC'))).toBe(Date.UTC(2016, 1, 29));
  for (const wrong of ['20150229000000', '20161301000000', '20160324250000', '2016032418003', 'null', '']) expect(parseWallClock(wrong, 0)).toBeUndefined();
  expect(FixedZone.safeParse('Europe/Berlin').success).toBe(false);
  expect(beijingTimestamp(Date.UTC(2016, 11, 31, 16, 0, 0))).toBe('20170101000000');
});

it('makes a vendor\'s words fit for logs', () => {
  expect(vendorText('被叫 13812345678 无效\n', [])).toBe('被叫 138****5678 无效');
  expect(vendorText('token TOKEN000TOKEN000TOKEN000TOKEN000 or sesame', ['sesame'])).toBe('token *** or ***');
  expect(vendorText('字'.repeat(500))).toHaveLength(200);
});

describe('a dial', () => {
  it('is signed with one Beijing timestamp and sends the documented fields', async () => {
    server.react = () => answer({ statusCode: '000000', callId: 'c-1', subStatusCode: '900206' });
    const outcome = await channelWith().dial({ ...request, maxDurationSeconds: 120, displayToCalled: '+864001234567' });
    expect(outcome).toEqual({ kind: 'accepted', vendorCallId: 'c-1' });
    const [seen] = server.seen;
    const stamp = '20160325000509';
    expect(seen).toMatchObject({ method: 'POST', path: `/2016-01-01/Accounts/${SID}/Calls/callBack`, headers: { 'content-type': 'application/json;charset=utf-8', accept: 'application/json;charset=utf-8' } });
    expect(seen?.query.get('sig')).toBe(upperMd5(SID + TOKEN + stamp));
    expect(Buffer.from(seen?.headers.authorization ?? '', 'base64').toString()).toBe(`${SID}:${stamp}`);
    expect(JSON.parse(seen?.body ?? '')).toEqual({
      callback: { appId: 'APP00000APP00000APP00000APP00000', from: '13912345678', to: '13812345678', toSerNum: ['4001234567'], needRecord: '1', userData: 'att-1', maxCallTime: '120' },
    });
  });

  it('longer than the vendor allows is not sent; a code that the vendor confirmed as "not placed" is a refusal', async () => {
    server.react = () => answer({ statusCode: '900050', represent: 'x' });
    expect(await channelWith().dial({ ...request, maxDurationSeconds: 28_801 })).toMatchObject({ kind: 'unfit' });
    expect(server.seen).toHaveLength(0);
    expect(await channelWith({ notPlacedCodes: ['900050'] }).dial(request)).toMatchObject({ kind: 'rejected', vendorCode: '900050' });
  });

  it.each([
    ['900098', 'call'], ['900100', 'channel'], ['900117', 'channel'], ['900201', 'call'], ['900221', 'call'], ['900331', 'call'], ['900400', 'call'], ['900499', 'call'],
  ])('refused with %s was not placed, for which the %s is to blame', async (statusCode, blame) => {
    server.react = () => answer({ statusCode });
    expect(await channelWith().dial(request)).toEqual({ kind: 'rejected', vendorCode: statusCode, reason: 'the vendor gave no reason', blame });
  });
});

it('cancels, and tells a refusal from an unknown outcome', async () => {
  const channel = channelWith();
  server.react = () => answer({ statusCode: '000000', callId: 'c-1' });
  expect(await channel.cancel?.({ vendorCallId: 'c-1' })).toEqual({ kind: 'accepted' });
  expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ req: { appId: 'APP00000APP00000APP00000APP00000', callId: 'c-1' } });
  server.react = () => answer({ statusCode: '900217', represent: 'callId 不合法' });
  expect(await channel.cancel?.({ vendorCallId: 'c-1' })).toEqual({ kind: 'refused', vendorCode: '900217', reason: 'callId 不合法' });
  server.react = () => ({ status: 502, body: '' });
  expect(await channel.cancel?.({ vendorCallId: 'c-1' })).toEqual({ kind: 'unknown', reason: 'HTTP status 502' });
  server.react = () => 'reset';
  expect(await channel.cancel?.({ vendorCallId: 'c-1' })).toMatchObject({ kind: 'unknown' });
});

const asked: QueriedCall = { attemptId: 'a-1', vendorCallId: 'c-1', sentAt: 1 };

it('keeps a record query\'s answer byte for byte, and gives nothing where there is nothing', async () => {
  const channel = channelWith();
  const found = answer({ statusCode: '000000', callNotify: { action: 'Hangup', byeType: '0' } });
  server.react = () => found;
  expect(await channel.query?.(asked)).toEqual({ kind: 'told', notification: { kind: 'query', headers: {}, body: Buffer.from(found.body), receivedAt: clock.now, request: 'Records/query' } });
  expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ req: { callId: 'c-1', type: 1 } });
  server.react = () => answer({ statusCode: '900217', represent: 'no such call' });
  expect(await channel.query?.(asked)).toMatchObject({ kind: 'told', nothing: true });
  server.react = () => answer({ statusCode: '900224', represent: 'too often' });
  expect(await channel.query?.(asked)).toMatchObject({ kind: 'no-answer' });
  server.react = () => ({ status: 500, body: found.body });
  expect(await channel.query?.(asked)).toMatchObject({ kind: 'no-answer' });
  expect(await channel.query?.({ attemptId: 'a-1', sentAt: 1 })).toMatchObject({ kind: 'no-answer' });
  expect(server.seen).toHaveLength(4);
});

it('acknowledges in the vendor\'s words and can verify no callback', () => {
  const { callbacks } = channelWith();
  expect(callbacks).toMatchObject({
    acknowledgement: { status: 200, contentType: 'application/xml;charset=utf-8', body: '<Response><statusCode>0000</statusCode><statusMsg>Success</statusMsg></Response>' },
  });
  expect(callbacks?.verify({ kind: 'callback', headers: {}, body: Buffer.alloc(0), receivedAt: 0 })).toEqual({ kind: 'unverifiable' });
});

describe('a recording', () => {
  const call = { vendorCallId: 'c-1' };
  it('is opened by the credential, which goes to known hosts only and is not part of the public address', async () => {
    const recording = channelWith().recording;
    const vendorUrl = `${endpoint}/r/1.mp3?x=1`;
    expect(await recording?.locate({ ...call, vendorUrl })).toEqual({ kind: 'found', url: `${vendorUrl}&auth=${upperMd5(`${SID}:${TOKEN}`)}`, headers: {}, publicUrl: vendorUrl });
    for (const elsewhere of ['http://attacker.example/1.mp3', 'http://127.0.0.1:1/1.mp3', 'file:///etc/passwd', endpoint.replace('127.0.0.1', '127.0.0.1@attacker.example')]) {
      expect(await recording?.locate({ ...call, vendorUrl: elsewhere })).toEqual({ kind: 'not-yet', reason: expect.stringContaining('recordingHosts') });
    }
    expect(await channelWith({ recordingHosts: ['files.example'] }).recording?.locate({ ...call, vendorUrl: 'https://files.example/1.mp3' })).toMatchObject({ kind: 'found' });
    const withUser = await recording?.locate({ ...call, vendorUrl: vendorUrl.replace('//', '//user:private@') });
    expect(withUser).toMatchObject({ kind: 'found', publicUrl: vendorUrl });
    expect(JSON.stringify(withUser)).not.toContain('private');
    expect(await recording?.locate(call)).toMatchObject({ kind: 'never' });
    expect(await recording?.locate({ ...call, vendorUrl: 'no url' })).toMatchObject({ kind: 'never' });
    expect(recording).toMatchObject({ firstTryAfterMs: 600_000, giveUpAfterMs: 172_800_000 });
  });
});

it('looks at a large broken message in time that grows with its length only: growing with its square would outlast the test', () => {
  const body = Buffer.from(`<req>${'<userData><callId><action>'.repeat(100_000)}`);
  const normalised = channelWith().normalise({ kind: 'callback', headers: {}, body, receivedAt: 1 }, { recordRequested: false });
  expect(normalised).toMatchObject({ kind: 'unintelligible' });
});

it.each([
  ['<action>Hangup</action><callId> a-1 </callId><userData>att-1</userData>', { action: 'Hangup', callId: 'a-1', userData: 'att-1' }],
  ['\n <action>Hangup</action>\n <byeType></byeType>\n', { action: 'Hangup' }],
  ['<action>Hangup</action><userData>a &amp; b</userData>', { action: 'Hangup', userData: 'a &amp; b' }],
])('reads a plain message as the parser of any XML reads it: %s', (fields, expected) => {
  const read = (text: string): unknown => parseCallback(Buffer.from(text));
  expect(read(`<?xml version='1.0'?><req>${fields}</req>`)).toEqual(expected);
  // A comment is not plain.
  expect(read(`<?xml version='1.0'?><req><!-- -->${fields}</req>`)).toEqual(expected);
});

it('takes a field that a message has twice from its first place', () => {
  expect(parseCallback(Buffer.from('<req><action>Hangup</action><action>CallInvite</action></req>'))).toEqual({ action: 'Hangup' });
});
