import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeCallEvent, topics, type CallEvent } from '@cc/contracts';
import { createEventLog, type EventLog } from '@cc/event-log';
import { NoMetrics, SilentLog, newId } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService, type ServiceDefinition } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { describeWithNginx, eventually, freshDatabase, spawnScript, type FreshDatabase } from '@cc/testing';
import { z } from 'zod';
import { callbackIngest } from '../../apps/e9-callback-ingest/src/service';
import { eventDispatcher } from '../../apps/event-dispatcher/src/service';
import { recordStore } from '../../apps/record-store/src/service';
import { freePorts } from '../e2e/free-ports';
import { Nginx } from './nginx-process';
import { Vendor } from './vendor';

const CLI = resolve(__dirname, '../../apps/cc-cli/src/main.ts');
const SECRET = 'callback-secret-0123456789abcdef';
const OPERATOR_KEY = 'cco_0123456789abcdef0123456789abcdef';
const CHANNELS = JSON.stringify({
  channels: [{
    id: 'e9-main', vendor: 'e9', protocol: 'callback', callbackSecrets: [{ value: SECRET }],
    settings: { endpoint: 'http://127.0.0.1:9', accountSid: 'e9account00000000000000000000001', authToken: { value: 'e9token0000000000000000000000001' }, appId: 'e9app000000000000000000000000001' },
  }, {
    id: 'hw-voice', vendor: 'hw', protocol: 'voiceCall', callbackSecrets: [{ value: SECRET }],
    settings: { endpoint: 'http://127.0.0.1:9', appKey: 'key', appSecret: { value: 'secret' }, displayNbr: '+8675512345678', displayCalleeNbr: '+8675512345678', callbackUrl: { value: `http://cc.example/callbacks/hw-voice/${SECRET}` } },
  }, {
    id: 'hw-main', vendor: 'hw', protocol: 'createCall', callbackSecrets: [{ value: SECRET }],
    settings: { endpoint: 'http://127.0.0.1:9', appKey: 'key', appSecret: { value: 'secret' }, callbackUrl: { value: `http://cc.example/callbacks/hw-main/${SECRET}` } },
  }, {
    id: 'jy-main', vendor: 'jy', protocol: 'connector', callbackSecrets: [{ value: SECRET }],
    settings: { endpoint: 'http://127.0.0.1:9', credentials: { apiKey: { value: 'key' }, apiSecret: { value: 'secret' } } },
  }],
});
const Report = z.looseObject({ lines: z.number(), imported: z.number(), repeated: z.number(), notTaken: z.number(), stored: z.number(), refusedAgain: z.number(), refused: z.number(), broken: z.number(), brokenLines: z.array(z.object({ file: z.string(), line: z.number(), reason: z.string() })), stopped: z.unknown().optional() });

interface Call {
  readonly callId: string;
  readonly attemptId: string;
}

/** What e9 tells of an answered call, in its order. */
function story({ attemptId }: Call): Buffer[] {
  const message = (fields: string): Buffer => Buffer.from(`<req><type>1</type><callId>v-${attemptId}</callId><userData>${attemptId}</userData>${fields}</req>`);
  return [
    message('<action>CallInvite</action><userFlag>0</userFlag><dateCreated>20260324180001</dateCreated>'), message('<action>CallInvite</action><userFlag>1</userFlag><dateCreated>20260324180006</dateCreated>'),
    message('<action>CallEstablish</action><dateCreated>20260324180012</dateCreated>'),
    message('<action>Hangup</action><dateCreated>20260324180043</dateCreated><startTimeA>20260324180006</startTimeA><startTimeB>20260324180012</startTimeB><endTime>20260324180042</endTime><duration>30</duration><recordUrl></recordUrl><byeType>0</byeType>'),
  ];
}

describeWithNginx("the import of NGINX's logs", () => {
  let root: string;
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let eventLog: EventLog;
  let services: Record<'ingest' | 'others', RunningService[]>;
  let nginx: Nginx;
  let vendor: Vendor;
  let begunAt: number;

  const start = (service: ServiceDefinition, env: Record<string, string>): Promise<RunningService> => startService(service, loadServiceSettings(service, { CC_DATABASE_URL: fresh.url, ...env }), new SilentLog(), () => undefined);
  const channels = () => ({ CC_CHANNELS_FILE: join(root, 'channels.yaml'), CC_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') });

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'cc-import-'));
    writeFileSync(join(root, 'channels.yaml'), CHANNELS, { mode: 0o600 });
    fresh = await freshDatabase();
    const ingest = await start(callbackIngest, { ...channels(), CC_E9_CALLBACK_INGEST_PORT: '0', CC_E9_CALLBACK_INGEST_SPOOL_DIR: join(root, 'spool'), CC_E9_CALLBACK_INGEST_OPERATOR_KEYS: `olga:${OPERATOR_KEY}` });
    services = { ingest: [ingest], others: [await start(eventDispatcher, { ...channels(), CC_EVENT_DISPATCHER_PORT: '0' }), await start(recordStore, { CC_RECORD_STORE_PORT: '0' })] };
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
  }, 60_000);
  afterAll(async () => {
    for (const service of [...services.ingest, ...services.others]) await service.stop();
    await eventLog.close();
    await database.close();
    await fresh.drop();
    rmSync(root, { recursive: true, force: true });
  }, 30_000);

  beforeEach(async () => {
    const [port = 0, behindPort = 0] = await freePorts(2);
    nginx = await Nginx.start({ configuration: 'nginx-emergency.conf', port, behindPort });
    vendor = new Vendor(nginx.url);
    begunAt = Date.now();
  });
  afterEach(async () => {
    vendor.close();
    await nginx.stop();
  });

  async function place(): Promise<Call> {
    const callId = newId('call');
    const base = { callId, tenant: 'acme', occurredAt: Date.UTC(2026, 2, 24, 10), recordedAt: Date.UTC(2026, 2, 24, 10) };
    const number = (masked: string) => ({ masked, ref: 'ref', sealed: 'sealed' });
    const events: CallEvent[] = [
      { type: 'cc.call.requested.v1', id: `${callId}/requested`, ...base, source: 'gateway', caller: number('+861****0001'), called: number('+861****0002'), agent: 'ann', record: false },
      { type: 'cc.call.attempt-started.v1', id: `${callId}-1/started`, ...base, source: 'router', attemptId: `${callId}-1`, channel: 'e9-main', vendor: 'e9', attemptNumber: 1, recordRequested: false },
    ];
    await eventLog.append(topics.callEvents.name, events.map((event) => encodeCallEvent(event, 'test')));
    return { callId, attemptId: `${callId}-1` };
  }

  const tell = async (bodies: readonly Buffer[], path = `/callbacks/e9-main/${SECRET}`): Promise<void> => {
    for (const body of bodies) expect((await vendor.send(path, body, { headers: { 'content-type': 'application/xml;charset=utf-8' } })).status).toBe(200);
    await eventually(() => bodies.every((body) => nginx.logged().includes(JSON.stringify(body.toString()).slice(1, -1))));
  };

  const rotate = async (to: string): Promise<string> => {
    renameSync(nginx.callbackLog, join(nginx.logDir, to));
    nginx.reopenLogs();
    await eventually(() => nginx.logged().length === 0);
    return join(nginx.logDir, to);
  };

  async function run(files: readonly string[], options: readonly string[], env: Record<string, string>): Promise<{ code: number | null; out: string; text: string }> {
    const script = spawnScript(CLI, ['callbacks', 'import', ...files, '--json', ...options], { env: { CC_CALLBACKS_URL: services.ingest[0]?.url ?? '', CC_OPERATOR_KEY: OPERATOR_KEY, ...env } });
    const { code } = await script.ended(25_000);
    const out = script.lines.join('\n');
    return { code, out, text: `${out}${script.stderr}` };
  }

  async function importOf(files: readonly string[], options: readonly string[] = [], env: Record<string, string> = {}) {
    const { code, out, text } = await run(files, options, env);
    return { code, report: Report.parse(JSON.parse(out === '' ? text : out)), text };
  }

  const notifications = async (): Promise<string[]> => (await database.query<{ id: string }>(`SELECT headers::jsonb ->> 'ce_id' AS id FROM log_record WHERE topic = $1 AND appended_at >= $2`, [topics.channelNotifications.name, begunAt])).map(({ id }) => id);
  const events = async (): Promise<number> => Number((await database.query<{ count: string }>('SELECT count(DISTINCT headers::jsonb ->> \'ce_id\') AS count FROM log_record WHERE topic = $1', [topics.callEvents.name]))[0]?.count);
  const recordOf = async ({ callId }: Call): Promise<unknown> => (await database.query<Record<string, unknown>>('SELECT * FROM call_record WHERE cc_call_id = $1', [callId]))[0];
  const closed = (call: Call) => eventually(async () => {
    const record = await recordOf(call);
    return z.looseObject({ state: z.literal('close') }).safeParse(record).success && record;
  });
  const drained = (count: number) => eventually(async () => {
    const all = await notifications();
    const [lag] = await database.query<{ behind: unknown }>("SELECT count(*) AS behind FROM log_record r WHERE r.topic = $1 AND r.off > (SELECT c.off FROM log_cursor c WHERE c.grp = 'event-dispatcher' AND c.topic = r.topic AND c.part = r.part)", [topics.channelNotifications.name]);
    return all.length === count && Number(lag?.behind) === 0 && all;
  });

  it('makes of what NGINX alone has logged the record of the call, from logs rotated, packed, torn and read twice; importing it again changes nothing', async () => {
    const [first, second] = [await place(), await place()];
    const [early, late] = [story(first).slice(0, 2), [...story(first).slice(2), ...story(second)]];
    await tell(early);
    const oldest = await rotate('callbacks.log.2');
    writeFileSync(`${oldest}.gz`, gzipSync(readFileSync(oldest)));
    await tell(late);
    const rotated = await rotate('callbacks.log.1');
    const lines = readFileSync(rotated, 'latin1');
    writeFileSync(rotated, `${lines}${lines.slice(0, 40)}${lines}no line of ours\n${lines.slice(0, 200)}`, 'latin1');
    const files = [nginx.callbackLog, rotated, `${oldest}.gz`];
    const once = await importOf(files);
    expect(once.report).toMatchObject({ imported: 8, repeated: 6, notTaken: 0, refused: 0, broken: 3 });
    expect(once.report.brokenLines.map(({ file, line }) => [file, line])).toEqual([[rotated, 7], [rotated, 13], [rotated, 14]]);
    expect(once.code).toBe(1);
    expect(once.text).not.toContain(SECRET);
    const records = [await closed(first), await closed(second)];
    const ids = await drained(8);
    expect(new Set(ids).size).toBe(8);
    const told = await events();
    expect((await importOf(files)).report).toMatchObject({ imported: 8, broken: 3 });
    expect(new Set(await drained(16))).toEqual(new Set(ids));
    expect(await events()).toBe(told);
    expect([await recordOf(first), await recordOf(second)]).toEqual(records);
  });

  it.each([['e9-main'], ['hw-main'], ['hw-voice'], ['jy-main']])('follows answers that are those of the ingest: %s', async (channel) => {
    const path = `/callbacks/${channel}/${SECRET}`;
    const live = await fetch(`${services.ingest[0]?.url}${path}`, { method: 'POST', body: '{}' });
    expect(await vendor.send(path, Buffer.from('{}'))).toEqual({ status: live.status, contentType: live.headers.get('content-type'), body: await live.text() });
  });

  it('brings in every byte as it was, and what proves who sent it', async () => {
    const signature = { 'x-cc-timestamp': '1', 'x-cc-nonce': 'n', 'x-cc-signature': 'wrong' };
    expect((await vendor.send(`/callbacks/jy-main/${SECRET}`, Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), { headers: signature })).status).toBe(200);
    await eventually(() => nginx.logged().length > 0);
    expect(await importOf([nginx.callbackLog])).toMatchObject({ code: 0, report: { imported: 1 } });
    await drained(1);
    const [row] = await database.query<{ reason: string }>("SELECT headers::jsonb ->> 'ce_verdictreason' AS reason FROM log_record WHERE topic = $1 AND appended_at >= $2", [topics.channelNotifications.name, begunAt]);
    expect(row?.reason).toMatch(/signature/);
  });

  it('leaves out what nobody has taken, and says what the ingest refuses', async () => {
    await vendor.send(`/callbacks/e9-main/${SECRET}`, Buffer.alloc(300_000)).catch(() => undefined);
    await vendor.send('/callbacks/elsewhere/another-secret-0123456789', Buffer.from('x'));
    await tell([Buffer.from('of another secret')], '/callbacks/e9-main/another-secret-0123456789');
    const { code, report, text } = await importOf([nginx.callbackLog]);
    expect({ code, report }).toMatchObject({ code: 1, report: { imported: 0, notTaken: 1, refusedAgain: 1, refused: 1, refusedLines: [{ line: 3, reason: 'the ingest answered 404 no-such-callback-address' }] } });
    expect(text).not.toContain('another-secret');
    expect(await notifications()).toEqual([]);
  });

  it('sends nothing with --dry-run, needs no key for that, and takes the last line without its end', async () => {
    await tell([Buffer.from('one'), Buffer.from('two')]);
    appendFileSync(nginx.callbackLog, nginx.logged().toString('latin1').split('\n')[0]?.slice(0, -1) ?? '', 'latin1');
    expect(await importOf([nginx.callbackLog], ['--dry-run'], { CC_OPERATOR_KEY: '' })).toMatchObject({ code: 1, report: { imported: 2, broken: 1, brokenLines: [{ line: 3, reason: 'it is not whole' }] } });
    expect(await notifications()).toEqual([]);
  });

  it('takes nothing from whoever is no operator, and says so at once', async () => {
    await tell([Buffer.from('one'), Buffer.from('two')]);
    expect(await importOf([nginx.callbackLog], [], { CC_OPERATOR_KEY: 'cco_ffffffffffffffffffffffffffffffff' })).toMatchObject({ code: 1, report: { imported: 0, stopped: { reason: expect.stringContaining('CC_E9_CALLBACK_INGEST_OPERATOR_KEYS') } } });
    expect(await run([nginx.callbackLog], [], { CC_OPERATOR_KEY: '' })).toMatchObject({ code: 2, out: '', text: expect.stringContaining('CC_OPERATOR_KEY_FILE') });
    expect(await run([nginx.callbackLog, join(root, 'none')], [], {})).toMatchObject({ code: 2, out: '', text: expect.stringContaining(join(root, 'none')) });
    expect(await notifications()).toEqual([]);
  });

  it('brings in what an NGINX in front of a lost ingest could only answer with 502, and with --skip-stored nothing else', async () => {
    await nginx.stop();
    const port = Number(new URL(services.ingest[0]?.url ?? '').port);
    const [own = 0, nobody = 0] = await freePorts(2);
    nginx = await Nginx.start({ configuration: 'nginx.conf', port: own, behindPort: nobody });
    vendor = new Vendor(nginx.url);
    const call = await place();
    for (const body of story(call).slice(0, 3)) expect((await vendor.send(`/callbacks/e9-main/${SECRET}`, body)).status).toBe(502);
    const old = await rotate('callbacks.log.1');
    await nginx.stop({ keepFiles: true });
    const [again = 0] = await freePorts(1);
    const before = nginx;
    nginx = await Nginx.start({ configuration: 'nginx.conf', port: again, behindPort: port });
    vendor = new Vendor(nginx.url);
    await tell(story(call).slice(3));
    expect(await importOf([nginx.callbackLog, old], ['--skip-stored'])).toMatchObject({ code: 0, report: { imported: 3, stored: 1, broken: 0 } });
    await closed(call);
    expect(await drained(4)).toHaveLength(4);
    before.remove();
  });
});
