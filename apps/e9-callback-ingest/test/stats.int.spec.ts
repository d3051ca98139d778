import { eventually } from '@cc/testing';
import axios from 'axios';
import { e9Channel, jyChannel, RunningIngest, SECRET } from './running-ingest';

const KEY = 'olga-key-0123456789abcdefghij';

describe('the statistics of the door', () => {
  let ingest: RunningIngest;
  beforeAll(async () => {
    ingest = await RunningIngest.start({ channels: [{ ...e9Channel, callbackSources: ['203.0.113.7'] }, jyChannel], settings: { CC_E9_CALLBACK_INGEST_OPERATOR_KEYS: `olga:${KEY}`, CC_E9_CALLBACK_INGEST_TRUSTED_PROXIES: '127.0.0.1' } });
  }, 60_000);
  afterAll(() => ingest.stop());

  const stats = (authorization?: string) => axios.get<unknown>(`${ingest.url}/callbacks/stats`, { proxy: false, validateStatus: () => true, ...(authorization === undefined ? {} : { headers: { authorization } }) });

  it('count what was received, stored, refused, forged and replayed, by channel, for operators alone', async () => {
    for (const source of ['203.0.113.7', '203.0.113.7', '198.51.100.1']) expect((await ingest.post(`e9-main/${SECRET}`, '<req/>', { 'x-forwarded-for': source })).status).toBe(200);
    await ingest.post(`e9-main/${SECRET}x`, '<req/>');
    await ingest.post(`e9-main/${SECRET}`, Buffer.alloc(300 * 1024));
    await ingest.post(`e9-other/${SECRET}`, '<req/>');
    await eventually(async () => (await ingest.forwarded()).length === 3);
    const e9 = { channel: 'e9-main', received: 4, stored: 3, refused: { 'wrong-secret': 1, 'body-too-large': 1 }, failedVerification: 1, replayed: 3, backlog: { callbacks: 0, ageSeconds: 0 } };
    const jy = { channel: 'jy-main', received: 0, stored: 0, refused: {}, failedVerification: 0, replayed: 0, backlog: { callbacks: 0, ageSeconds: 0 } };
    await eventually(async () => {
      expect((await stats(`Bearer ${KEY}`)).data).toEqual({ since: expect.any(Number), refused: { 'unknown-channel': 1, 'wrong-secret': 1, 'body-too-large': 1, timeout: 0, 'headers-too-large': 0, malformed: 0, 'too-many-connections': 0 }, channels: [e9, jy] });
    });
    expect([(await stats()).status, (await stats(`Bearer ${KEY}x`)).status]).toEqual([401, 403]);
  });

  it('tell what waits while the log is away, and since when', async () => {
    await ingest.database.query('ALTER TABLE log_record RENAME TO away');
    await ingest.post(`jy-main/${SECRET}`, '{}', { 'content-type': 'application/json' });
    await eventually(async () => {
      expect((await stats(`Bearer ${KEY}`)).data).toMatchObject({ channels: [{}, { channel: 'jy-main', stored: 1, replayed: 0, failedVerification: 0, backlog: { callbacks: 1 } }] });
    });
    await ingest.database.query('ALTER TABLE away RENAME TO log_record');
    await eventually(async () => {
      expect((await stats(`Bearer ${KEY}`)).data).toMatchObject({ channels: [{}, { channel: 'jy-main', stored: 1, replayed: 1, failedVerification: 1, backlog: { callbacks: 0, ageSeconds: 0 } }] });
    });
  });
});
