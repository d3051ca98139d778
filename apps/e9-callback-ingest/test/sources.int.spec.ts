import { eventually } from '@cc/testing';
import { e9Channel, RunningIngest, SECRET } from './running-ingest';

const BODY = '<req><action>CallInvite</action><callId>v-1</callId><userData>att-1</userData></req>';
const VENDOR = '203.0.113.9';

describe('a channel that names the sources of its callbacks', () => {
  let ingest: RunningIngest;
  beforeAll(async () => {
    const channels = [{ ...e9Channel, callbackSources: ['203.0.113.0/24'] }, { ...e9Channel, id: 'e9-open' }];
    ingest = await RunningIngest.start({ channels, settings: { CC_E9_CALLBACK_INGEST_TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' } });
  }, 60_000);
  afterAll(() => ingest.stop());

  it.each([
    ['from one of them', 'e9-main', VENDOR, { verdict: 'trusted' }],
    ['from elsewhere', 'e9-main', '198.51.100.1', { verdict: 'forged', failedCheck: 'source', verdictReason: expect.stringContaining('callbackSources') }],
    ['that only claims to come from one of them', 'e9-main', `${VENDOR}, 198.51.100.1`, { verdict: 'forged', failedCheck: 'source' }],
    ['of a channel that names none', 'e9-open', '198.51.100.1', { verdict: 'unverifiable' }],
  ])('stores and acknowledges a callback like any other, and its verdict goes with it: %s', async (_what, channel, forwardedFor, verdict) => {
    const before = (await ingest.forwarded()).length;
    expect(await ingest.post(`${channel}/${SECRET}`, BODY, { 'x-forwarded-for': forwardedFor })).toMatchObject({ status: 200, data: expect.stringContaining('0000') });
    const { header, raw } = await eventually(async () => (await ingest.forwarded())[before] ?? false);
    expect(header).toMatchObject({ channel, attemptId: 'att-1', ...verdict });
    expect(raw.body.toString()).toBe(BODY);
  });

  it('has those counted that failed', async () => {
    expect(await ingest.metric('cc_callbacks_forged_total', { channel: 'e9-main', check: 'source' })).toBe(2);
  });
});
