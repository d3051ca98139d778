import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeChannelNotification, topics } from '@cc/contracts';
import { Sealer, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { openNotification } from '@cc/vendors';
import axios from 'axios';
import { z } from 'zod';
import { CallbackStore } from '../src/out/callback-store';
import { Spool } from '../src/out/spool';
import { callbackIngest } from '../src/service';
import { DatabaseGate } from './database-gate';
import { spoolOptions } from './spool-options';

const KEY = Buffer.alloc(32, 7);
const SECRET = 'callback-secret-0123456789abcdef';
const CHANNELS = JSON.stringify({
  channels: [{
    id: 'e9-main', vendor: 'e9', protocol: 'callback', weight: 10, callbackSecrets: [{ value: SECRET }],
    settings: { endpoint: 'http://127.0.0.1:9', accountSid: 'e9account00000000000000000000001', authToken: { value: 'e9token0000000000000000000000001' }, appId: 'e9app000000000000000000000000001' },
  }, {
    id: 'hw-voice', vendor: 'hw', protocol: 'voiceCall', callbackSecrets: [{ value: SECRET }],
    settings: { endpoint: 'http://127.0.0.1:9', appKey: 'key', appSecret: { value: 'secret' }, displayNbr: '+8675512345678', displayCalleeNbr: '+8675512345678', callbackUrl: { value: `http://cc.example/callbacks/hw-voice/${SECRET}` } },
  }, {
    id: 'jy-main', vendor: 'jy', protocol: 'connector', callbackSecrets: [{ value: SECRET }],
    settings: { endpoint: 'http://127.0.0.1:9', credentials: { apiKey: { value: 'key' }, apiSecret: { value: 'secret' } } },
  }],
});
const Headers = z.record(z.string(), z.string());
const xml = (attemptId: string): string => `<req><action>CallInvite</action><callId>v-${attemptId}</callId><userData>${attemptId}</userData><userFlag>0</userFlag><dateCreated>20261124120000</dateCreated></req>`;

describe('the callback ingest on PostgreSQL', () => {
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let root: string;
  let spoolDir: string;

  beforeEach(async () => {
    fresh = await freshDatabase();
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 2, applicationName: 'test' });
    root = await mkdtemp(join(tmpdir(), 'cc-ingest-'));
    spoolDir = join(root, 'spool');
    await writeFile(join(root, 'channels.yaml'), CHANNELS, { mode: 0o600 });
  });

  afterEach(async () => {
    await database.close();
    await fresh.drop();
    await rm(root, { recursive: true, force: true });
  });

  const start = (databaseUrl = fresh.url): Promise<RunningService> => startService(callbackIngest, loadServiceSettings(callbackIngest, {
    CC_E9_CALLBACK_INGEST_PORT: '0', CC_DATABASE_URL: databaseUrl, CC_CHANNELS_FILE: join(root, 'channels.yaml'), CC_ENCRYPTION_KEY: KEY.toString('base64'), CC_E9_CALLBACK_INGEST_SPOOL_DIR: spoolDir,
    CC_E9_CALLBACK_INGEST_RETENTION_HOURS: '0',
  }), new SilentLog(), () => undefined);

  /** The notifications of the log, opened, in the order in which they were appended. */
  async function forwarded(): Promise<{ attemptId: string | undefined; body: string }[]> {
    const rows = await database.query<{ key: string; value: Buffer; headers: string }>(`SELECT key, value, headers FROM log_record WHERE topic = $1 ORDER BY appended_at, part, off`, [topics.channelNotifications.name]);
    return rows.map((row) => {
      const decoded = decodeChannelNotification({ ...row, headers: Headers.parse(JSON.parse(row.headers)) });
      if (decoded.kind !== 'known') throw new Error(`a notification is ${decoded.kind}`);
      return { attemptId: decoded.message.attemptId, body: openNotification(decoded.message.sealed, decoded.message, new Sealer(KEY, 'notifications')).body.toString() };
    });
  }

  const forwardedIs = (count: number): Promise<unknown> => eventually(async () => (await forwarded()).length === count);

  test('a callback is acknowledged in the vendor\'s words and comes into the log sealed, addressed by what it names', async () => {
    const service = await start();
    const post = (path: string) => axios.post<string>(`${service.url}${path}`, xml('att-1'), { headers: { 'content-type': 'application/xml' }, validateStatus: () => true, proxy: false });
    expect(await post(`/callbacks/e9-main/${SECRET}`)).toMatchObject({ status: 200, data: '<Response><statusCode>0000</statusCode><statusMsg>Success</statusMsg></Response>' });
    await forwardedIs(1);
    expect(await forwarded()).toEqual([{ attemptId: 'att-1', body: xml('att-1') }]);
    for (const path of [`/callbacks/e9-main/${SECRET}x`, `/callbacks/e9-other/${SECRET}`]) expect((await post(path)).status).toBe(404);
    await service.stop();
    expect(await forwarded()).toHaveLength(1);
  });

  test('a callback that is about several calls becomes one notification for each, with an id of its own', async () => {
    const service = await start();
    const fee = (attemptId: string) => ({ sessionId: `session-of-${attemptId}@example`, userData: attemptId });
    const reply = await axios.post<unknown>(`${service.url}/callbacks/hw-voice/${SECRET}`, { eventType: 'fee', feeLst: [fee('att-1'), fee('att-2')] }, { proxy: false });
    expect(reply).toMatchObject({ status: 200, data: {} });
    await forwardedIs(2);
    await service.stop();
    expect((await forwarded()).sort((a, b) => (String(a.attemptId) < String(b.attemptId) ? -1 : 1))).toEqual(['att-1', 'att-2'].map((attemptId) => ({ attemptId, body: JSON.stringify({ eventType: 'fee', feeLst: [fee(attemptId)] }) })));
    const ids = await database.query<{ id: string }>(`SELECT headers::jsonb ->> 'ce_id' AS id FROM log_record WHERE topic = $1`, [topics.channelNotifications.name]);
    expect(new Set(ids.map(({ id }) => id)).size).toBe(2);
  });

  test.each<[string, unknown, Record<string, string>]>([
    ['hw-voice', { eventType: 'alerting', statusInfo: {} }, { 'x-aksk': 'UsernameToken Username="key", PasswordDigest="d", Nonce="n", Created="c"' }],
    ['jy-main', { event: 'a-ringing', attemptId: 'att-1' }, { 'x-cc-timestamp': '1', 'x-cc-nonce': 'n', 'x-cc-signature': 'wrong' }],
  ])('a forged callback of %s is stored and acknowledged like any other, and its verdict goes with it', async (channel, body, headers) => {
    const service = await start();
    expect(await axios.post<unknown>(`${service.url}/callbacks/${channel}/${SECRET}`, body, { headers, proxy: false })).toMatchObject({ status: 200 });
    await forwardedIs(1);
    await service.stop();
    const [row] = await database.query<{ verdict: string; reason: string }>(`SELECT headers::jsonb ->> 'ce_verdict' AS verdict, headers::jsonb ->> 'ce_verdictreason' AS reason FROM log_record WHERE topic = $1`, [topics.channelNotifications.name]);
    expect(row).toEqual({ verdict: 'forged', reason: expect.stringContaining('signature') });
  });

  test('a push with as many fees as the vendor sends at once is taken, one of more than 256 KiB is not', async () => {
    const service = await start();
    const post = (body: string) => axios.post<unknown>(`${service.url}/callbacks/hw-voice/${SECRET}`, body, { headers: { 'content-type': 'application/json' }, validateStatus: () => true, proxy: false });
    const fees = (length: number) => JSON.stringify({ eventType: 'fee', feeLst: Array.from({ length: 50 }, (_, index) => ({ sessionId: `s-${index}@example`, recordFileDownloadUrl: 'x'.repeat(length) })) });
    expect((await post(fees(4000))).status).toBe(200);
    expect((await post(fees(6000))).status).toBe(413);
    await service.stop();
  });

  test('a service that starts while PostgreSQL is away is ready, takes callbacks, moves them once it is there, and can be stopped before', async () => {
    const gate = new DatabaseGate(fresh.url);
    const url = await gate.address();
    const post = (service: RunningService, id: string) => axios.post<unknown>(`${service.url}/callbacks/e9-main/${SECRET}`, xml(id), { headers: { 'content-type': 'application/xml' }, proxy: false });
    const stoppedBefore = await start(url);
    expect((await post(stoppedBefore, 'att-1')).status).toBe(200);
    await stoppedBefore.stop();
    const service = await start(url);
    expect((await axios.get(`${service.url}/readyz`, { proxy: false })).status).toBe(200);
    expect((await post(service, 'att-2')).status).toBe(200);
    const figures = (): Promise<string> => axios.get<string>(`${service.url}/metrics`, { proxy: false }).then(({ data }) => data);
    await eventually(async () => /^cc_spool_backlog_age_seconds\S* [1-9.]/m.test(await figures()));
    expect(await figures()).toMatch(/^cc_spool_backlog_bytes\S* [1-9]\d\d+$/m);
    await gate.open();
    await eventually(async () => /^cc_spool_backlog_bytes\S* 0$/m.test(await figures()), { limitMs: 20_000 });
    await service.stop();
    await gate.close();
    expect((await forwarded()).map(({ attemptId }) => attemptId).sort()).toEqual(['att-1', 'att-2']);
  });

  test('a callback that is still coming in when the service stops is stored and acknowledged, and in the log at the latest after the next start', async () => {
    const service = await start();
    const body = xml('att-slow');
    const slow = connect(Number(new URL(service.url).port), '127.0.0.1').setEncoding('utf8');
    let answer = '';
    slow.on('data', (text: string) => (answer += text));
    slow.write(`POST /callbacks/e9-main/${SECRET} HTTP/1.1\r\nhost: x\r\ncontent-type: text/xml\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 20)}`);
    // Connections are taken in their order: once this one is answered, the slow one is known.
    await axios.get(`${service.url}/livez`, { proxy: false });
    const stopped = service.stop();
    await eventually(async () => (await axios.get(`${service.url}/livez`, { proxy: false, validateStatus: () => true }).catch(() => undefined)) === undefined);
    slow.write(body.slice(20));
    await stopped;
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    const again = await start();
    await forwardedIs(1);
    await again.stop();
    expect(await forwarded()).toEqual([{ attemptId: 'att-slow', body }]);
  });

  test('a spool with damage is replayed around it, and what could not be read is kept beside it', async () => {
    const open = (): Promise<Spool> => Spool.open(spoolOptions(spoolDir));
    const spool = await open();
    const store = new CallbackStore(spool, KEY);
    const callback = (id: string) => ({ id: `ntf-${id}`, channel: 'e9-main', receivedAt: 1, sourceAddress: '127.0.0.1', headers: {}, body: Buffer.from(xml(id)).toString('base64') });
    await store.keep(callback('att-1'));
    await appendFile(join(spoolDir, '000000000001.spool'), 'CCF1 no frame');
    await store.keep(callback('att-2'));
    await spool.close();
    const sealedByOther = await open();
    await new CallbackStore(sealedByOther, Buffer.alloc(32, 8)).keep(callback('att-3'));
    await new CallbackStore(sealedByOther, KEY).keep(callback('att-4'));
    await sealedByOther.close();
    const last = await open();
    await new CallbackStore(last, KEY).keep(callback('att-5'));
    await new CallbackStore(last, KEY).keep(callback('att-6'));
    await last.close();
    const newest = await open();
    await newest.append(Buffer.from('the newest segment'));
    await newest.close();
    const changed = await readFile(join(spoolDir, '000000000003.spool'));
    changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
    await writeFile(join(spoolDir, '000000000003.spool'), changed);
    const service = await start();
    await forwardedIs(4);
    await eventually(async () => !(await readdir(spoolDir)).some((name) => /^00000000000[1234]\.spool$/.test(name)));
    await service.stop();
    expect((await forwarded()).map(({ attemptId }) => attemptId)).toEqual(['att-1', 'att-2', 'att-4', 'att-5']);
    expect((await readdir(spoolDir)).filter((name) => name.endsWith('.damaged')).sort()).toEqual([1, 2, 3, 4].map((segment) => `00000000000${segment}.spool.damaged`));
    expect(await readFile(join(spoolDir, '000000000003.spool.damaged'))).toEqual(changed);
  });
});
