import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topics } from '@cc/contracts';
import { Sealer, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { openNotification } from '@cc/vendors';
import axios from 'axios';
import { callbackIngest } from '../src/service';
import { logIsMade } from './log-tables';

const KEY = Buffer.alloc(32, 7);
const SECRET = 'callback-secret-0123456789abcdef';
const OPERATOR_KEY = 'cco_0123456789abcdef0123456789abcdef';
const ARRIVED_AT = 1_795_500_000_123;
const CHANNELS = JSON.stringify({
  channels: [{
    id: 'e9-main', vendor: 'e9', protocol: 'callback', callbackSecrets: [{ value: SECRET }],
    settings: { endpoint: 'http://127.0.0.1:9', accountSid: 'e9account00000000000000000000001', authToken: { value: 'e9token0000000000000000000000001' }, appId: 'e9app000000000000000000000000001' },
  }],
});
const xml = (attemptId: string): string => `<req><action>CallInvite</action><callId>v-${attemptId}</callId><userData>${attemptId}</userData><userFlag>0</userFlag><dateCreated>20261124120000</dateCreated></req>`;

describe('an imported callback', () => {
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let root: string;
  let service: RunningService;

  beforeAll(async () => {
    fresh = await freshDatabase();
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 2, applicationName: 'test' });
    root = await mkdtemp(join(tmpdir(), 'cc-imported-'));
    await writeFile(join(root, 'channels.yaml'), CHANNELS, { mode: 0o600 });
    service = await startService(callbackIngest, loadServiceSettings(callbackIngest, {
      CC_E9_CALLBACK_INGEST_PORT: '0', CC_DATABASE_URL: fresh.url, CC_CHANNELS_FILE: join(root, 'channels.yaml'), CC_ENCRYPTION_KEY: KEY.toString('base64'),
      CC_E9_CALLBACK_INGEST_SPOOL_DIR: join(root, 'spool'), CC_E9_CALLBACK_INGEST_OPERATOR_KEYS: `olga:${OPERATOR_KEY}`,
    }), new SilentLog(), () => undefined);
    await logIsMade(database);
  });
  afterAll(async () => {
    await service.stop();
    await database.close();
    await fresh.drop();
    await rm(root, { recursive: true, force: true });
  });
  afterEach(() => database.query('DELETE FROM log_record'));

  const send = (body: string, headers: Record<string, string>) => axios.post<unknown>(`${service.url}/callbacks/e9-main/${SECRET}`, body, { headers: { 'content-type': 'application/xml', ...headers }, validateStatus: () => true, proxy: false });
  const imported = (body: string, other: Record<string, string> = {}) => send(body, { authorization: `Bearer ${OPERATOR_KEY}`, 'x-cc-arrived-at': String(ARRIVED_AT), 'x-cc-arrived-from': '203.0.113.7', ...other });
  const notifications = (count: number) => eventually(async () => {
    const rows = await database.query<{ id: string; at: string; value: Buffer }>(`SELECT headers::jsonb ->> 'ce_id' AS id, headers::jsonb ->> 'ce_receivedat' AS at, value FROM log_record WHERE topic = $1 ORDER BY appended_at, part, off`, [topics.channelNotifications.name]);
    return rows.length === count && rows;
  });

  test('goes the way of a live one, with the time at which it came, and none of the words that brought it in', async () => {
    expect(await imported(xml('att-1'))).toMatchObject({ status: 200, data: expect.stringContaining('<statusCode>0000</statusCode>') });
    const [row] = await notifications(1);
    expect(row?.at).toBe(String(ARRIVED_AT));
    const header = { id: row?.id ?? '', channel: 'e9-main', kind: 'callback' as const, receivedAt: ARRIVED_AT };
    const { body, headers } = openNotification(row?.value ?? Buffer.alloc(0), header, new Sealer(KEY, 'notifications'));
    expect(body.toString()).toBe(xml('att-1'));
    expect(Object.keys(headers)).toContain('content-type');
    expect(Object.keys(headers).filter((name) => /authorization|arrived/.test(name))).toEqual([]);
  });

  test('has the same id as often as it is imported, and another one than any other', async () => {
    await imported(xml('att-1'));
    await imported(xml('att-1'), { 'x-cc-arrived-from': '203.0.113.8' });
    await imported(xml('att-2'));
    await imported(xml('att-1'), { 'x-cc-arrived-at': String(ARRIVED_AT + 1) });
    await send(xml('att-1'), {});
    const ids = (await notifications(5)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    expect(ids.filter((id) => ids.indexOf(id) !== ids.lastIndexOf(id))).toHaveLength(2);
  });

  test.each<[string, Record<string, string>, number]>([
    ['no key', { authorization: '' }, 401], ["a vendor's word", { authorization: 'Basic abc' }, 401], ['a key that is no operator\'s', { authorization: 'Bearer cco_ffffffffffffffffffffffffffffffff' }, 403],
    ['no time', { 'x-cc-arrived-at': '' }, 422], ['seconds', { 'x-cc-arrived-at': '1795500000' }, 422], ['a time to come', { 'x-cc-arrived-at': String(Date.now() + 2 * 86_400_000) }, 422], ['no address', { 'x-cc-arrived-from': 'somewhere' }, 422],
  ])('with %s is refused and not stored: nobody else says when a callback came', async (_what, headers, status) => {
    expect((await imported(xml('att-1'), headers)).status).toBe(status);
    expect((await send(xml('att-2'), {})).status).toBe(200);
    const [row] = await notifications(1);
    expect(openNotification(row?.value ?? Buffer.alloc(0), { id: row?.id ?? '', channel: 'e9-main', kind: 'callback', receivedAt: 1 }, new Sealer(KEY, 'notifications')).body.toString()).toBe(xml('att-2'));
  });

  test('needs the secret of its channel like any other', async () => {
    expect((await axios.post<unknown>(`${service.url}/callbacks/e9-main/another-secret-0123456789`, xml('att-1'), { headers: { authorization: `Bearer ${OPERATOR_KEY}`, 'x-cc-arrived-at': String(ARRIVED_AT), 'x-cc-arrived-from': '203.0.113.7' }, validateStatus: () => true, proxy: false })).status).toBe(404);
  });
});
