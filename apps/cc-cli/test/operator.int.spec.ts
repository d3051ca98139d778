import { CallEvent, encodeCallEvent, topics, type WireRecord } from '@cc/contracts';
import { createEventLog, type EventLog } from '@cc/event-log';
import { NoMetrics, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { callGateway } from '../../call-gateway/src/service';
import { recordStore } from '../../record-store/src/service';
import { runCommandLine } from '../src/run-command-line';

const [ACME, OLGA] = ['acme-key-0123456789abcdefghij', 'olga-key-0123456789abcdefghij'];

let fresh: FreshDatabase;
let services: RunningService[];
let database: TypeOrmDatabase;
let eventLog: EventLog;

beforeAll(async () => {
  fresh = await freshDatabase();
  const gateway = loadServiceSettings(callGateway, {
    CC_CALL_GATEWAY_PORT: '0', CC_DATABASE_URL: fresh.url, CC_API_KEYS: `acme:${ACME}`, CC_CALL_GATEWAY_OPERATOR_KEYS: `olga:${OLGA}`, CC_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'), CC_CALL_GATEWAY_OPERATOR_ANSWER_SECONDS: '4',
    CC_OSS_REGION: 'oss-cn-test', CC_OSS_BUCKET: 'none', CC_OSS_ENDPOINT: 'http://127.0.0.1:1', CC_OSS_ACCESS_KEY_ID: 'x', CC_OSS_ACCESS_KEY_SECRET: 'x',
  });
  services = [
    await startService(callGateway, gateway, new SilentLog(), () => undefined),
    await startService(recordStore, loadServiceSettings(recordStore, { CC_RECORD_STORE_PORT: '0', CC_DATABASE_URL: fresh.url }), new SilentLog(), () => undefined),
  ];
  database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
  eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
}, 60_000);
afterAll(async () => {
  for (const service of services) await service.stop();
  await eventLog.close();
  await database.close();
  await fresh.drop();
}, 30_000);

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function cc(...args: string[]): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommandLine(args, { CC_URL: services[0]?.url, CC_API_KEY: ACME, CC_OPERATOR_KEY: OLGA }, { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const base = (callId: string, name: string, n: number) => ({ id: `${callId}/${name}`, callId, tenant: 'acme', occurredAt: n, recordedAt: n });
const number = { masked: '+86139****0001', ref: 'r', sealed: 's' };
const requested = (callId: string) => CallEvent.parse({ type: 'cc.call.requested.v1', ...base(callId, 'requested', Date.now()), source: 'gateway', caller: number, called: number, record: false });
const started = (callId: string) => CallEvent.parse({ type: 'cc.call.attempt-started.v1', ...base(callId, 'started', Date.now()), source: 'router', attemptId: `${callId}-1`, channel: 'e9-main', vendor: 'e9', attemptNumber: 1, recordRequested: false });
const ended = (callId: string) => CallEvent.parse({ type: 'cc.call.ended.v1', ...base(callId, 'ended', Date.now()), source: 'callback', attemptId: `${callId}-1`, channel: 'e9-main', closeType: 1 });
const encode = (event: CallEvent): WireRecord => encodeCallEvent(event, 'test');
const tell = (...records: readonly WireRecord[]): Promise<void> => eventLog.append(topics.callEvents.name, records);
const recordOf = async (callId: string) => (await database.query<{ state: string; version: number }>('SELECT state, version FROM call_record WHERE cc_call_id = $1', [callId]))[0];
const parkedOf = async (group: string, key: string): Promise<number> => (await database.query(`SELECT 1 FROM dead_letter WHERE grp = $1 AND key = $2`, [group, key])).length;
const letterOf = (group: string, key: string): Promise<string> => eventually(async () => new RegExp(`^(${group}/\\d+) +${topics.callEvents.name} +${key} `, 'm').exec((await cc('dead-letters', 'list', '--service', group)).out)?.[1] ?? false);

/** While it lasts, the record store cannot process any event of any call. */
async function whileBroken(work: () => Promise<void>): Promise<void> {
  await database.query('ALTER TABLE record_event RENAME TO record_event_away');
  await work();
  await database.query('ALTER TABLE record_event_away RENAME TO record_event');
}

describe('cc dead-letters', () => {
  it('lists what is parked, and says of whom nothing is known', async () => {
    const { code, out, err } = await cc('dead-letters', 'list');
    expect({ code, out }).toEqual({ code: 1, out: 'nothing is parked' });
    expect(err).toMatch(/^What is parked there is not known:\n {2}No answer from channel-router within 4 s: it is down, or behind\n/);
    expect(err).not.toContain('record-store');
    expect(await cc('dead-letters', 'list', '--service', 'record-store', '--json')).toEqual({ code: 0, out: '{"items":[],"totals":[{"service":"record-store","total":0}],"silent":[],"failed":[]}', err: '' });
  });

  it('releases a key in its order once the cause is mended, what came meanwhile included', async () => {
    await whileBroken(async () => {
      await tell(encode(requested('call-1')), encode(started('call-1')));
      await eventually(async () => (await parkedOf('record-store', 'call-1')) === 2);
      const failed = await cc('dead-letters', 'release', await letterOf('record-store', 'call-1'));
      expect(failed).toMatchObject({ code: 1, out: expect.stringMatching(/^record-store\/\d+: a record failed again and stays; 0 released, 2 of the key still parked\n.*record_event/), err: 'Not everything was released' });
    });
    await tell(encode(ended('call-1')));
    await eventually(async () => (await parkedOf('record-store', 'call-1')) === 3);
    const letter = await letterOf('record-store', 'call-1');
    expect(await cc('dead-letters', 'release', letter, '--reason', 'the table is back')).toEqual({ code: 0, out: `${letter}: done; 3 released, 0 of the key still parked`, err: '' });
    expect(await recordOf('call-1')).toEqual({ state: 'close', version: 3 });
    const shown = await cc('dead-letters', 'show', letter);
    for (const line of [/^state +not parked any more$/m, / parked +relation "record_event" does not exist$/m, / failed-again +olga +/m, / released +olga +the table is back$/m]) expect(shown.out).toMatch(line);
  });

  it('shows a record masked, and drops it for good', async () => {
    await tell({ ...encode(started('call-2')), value: Buffer.from('{"callId":"call-2","to":"13900000001"}') }, encode(requested('call-2')));
    await eventually(async () => (await parkedOf('record-store', 'call-2')) === 2);
    const letter = await letterOf('record-store', 'call-2');
    const shown = await cc('dead-letters', 'show', letter);
    for (const line of [/^key +call-2$/m, /^others +1$/m, /^reason +tenant: /m, /^ce_type +cc\.call\.attempt-started\.v1$/m, /^value +\{"callId":"call-2","to":"139\*{4}0001"\}$/m]) expect(shown.out).toMatch(line);
    expect(await cc('dead-letters', 'drop', letter)).toMatchObject({ code: 2, err: expect.stringMatching(/^Missing: --reason/) });
    expect(await cc('dead-letters', 'drop', letter, '--reason', 'a torn event')).toEqual({ code: 0, out: `Dropped for good. ${letter}: done; 1 released, 0 of the key still parked`, err: '' });
    expect(await recordOf('call-2')).toMatchObject({ version: 1 });
    expect(await cc('dead-letters', 'drop', letter, '--reason', 'again')).toMatchObject({ code: 1, err: expect.stringContaining('not-parked (404)') });
  });

  it('releases every key of a service, each to its end', async () => {
    const calls = Array.from({ length: 210 }, (_, n) => `many-${n}`);
    await whileBroken(async () => {
      await tell(...calls.map((callId) => encode(requested(callId))));
      await tell(...Array.from({ length: 250 }, (_, n) => encode(CallEvent.parse({ ...started('many-0'), id: `many-0/${n}` }))));
      await eventually(async () => (await database.query(`SELECT 1 FROM dead_letter WHERE grp = 'record-store'`)).length === 460, { limitMs: 60_000 });
    });
    const all = await cc('dead-letters', 'release-all', '--service', 'record-store', '--topic', topics.callEvents.name);
    expect(all).toMatchObject({ code: 0, err: '' });
    expect(all.out).toMatch(/^record-store\/\d+: done; 251 released, 0 of the key still parked$/m);
    expect(all.out).toMatch(/^210 keys, 0 of them still parked$/m);
    expect(await recordOf('many-0')).toMatchObject({ version: 251 });
    expect(await recordOf('many-209')).toMatchObject({ version: 1 });
  }, 120_000);

  it('takes no other address', async () => {
    for (const letter of ['7', 'record-store', 'record-store/x']) expect(await cc('dead-letters', 'show', letter)).toMatchObject({ code: 2, err: expect.stringContaining('is no dead letter') });
    expect(await cc('dead-letters', 'show', 'record-store/999999')).toMatchObject({ code: 1, err: expect.stringContaining('no-such-dead-letter (404)') });
    expect(await cc('dead-letters', 'show', 'hw-poller/1')).toMatchObject({ code: 1, err: expect.stringMatching(/^no-answer \(503\): No answer from hw-poller within 4 s/) });
  }, 40_000);
});

describe('cc records rebuild', () => {
  const calls = Array.from({ length: 120 }, (_, n) => `rebuild-${String(n).padStart(3, '0')}`);
  const published = async (callId: string): Promise<number> => (await database.query(`SELECT 1 FROM log_record WHERE topic = $1 AND key = $2`, [topics.callRecords.name, callId])).length;
  const rowOf = (callId: string) => database.query('SELECT * FROM call_record WHERE cc_call_id = $1', [callId]);
  beforeAll(async () => {
    await tell(...calls.flatMap((callId) => [requested(callId), started(callId), ended(callId)].map(encode)));
    await eventually(async () => (await database.query(`SELECT 1 FROM call_record WHERE cc_call_id LIKE 'rebuild-%' AND version = 3`)).length === calls.length, { limitMs: 30_000 });
  }, 60_000);

  it('finds 0 that differ, page by page, and stores nothing', async () => {
    const before = await published('rebuild-000');
    const [row] = await database.query<{ records: number }>('SELECT count(*) AS records FROM call_record');
    expect(await cc('records', 'rebuild')).toEqual({ code: 0, out: `${row?.records ?? 0} calls checked, 0 records differ from their events, 0 stored anew`, err: '' });
    expect(await published('rebuild-000')).toBe(before);
  });

  it('says in which columns a record differs, and stores and announces it as its events give it', async () => {
    const [good] = await rowOf('rebuild-007');
    await database.query(`UPDATE call_record SET state = 'conn', close_type = NULL, caller = '+8613900000001', caller_sealed = 'of another', version = 9 WHERE cc_call_id = 'rebuild-007'`);
    const before = await published('rebuild-007');
    const dry = await cc('records', 'rebuild', '--call', 'rebuild-007', '--dry-run');
    expect(dry).toMatchObject({ code: 1, err: expect.stringMatching(/^0 were expected to differ/) });
    for (const line of [/^rebuild-007\ncolumn +stored +from its events$/m, /^caller +\+86139\*{4}0001 +\+86139\*{4}0001$/m, /^state +conn +close$/m, /^close_type +null +1$/m, /^version +9 +3$/m, /^caller_sealed +\(sealed\) +\(sealed\)$/m, /^1 calls checked, 1 records differ from their events$/m]) expect(dry.out).toMatch(line);
    expect((await rowOf('rebuild-007'))[0]).toMatchObject({ version: 9 });
    const from = String(Number(good?.['created']));
    const real = await cc('records', 'rebuild', '--from', from, '--to', String(Number(from) + 1), '--json');
    expect(JSON.parse(real.out.split('\n').at(-1) ?? '')).toMatchObject({ differing: 1, rebuilt: 1, dryRun: false });
    expect(await rowOf('rebuild-007')).toEqual([good]);
    expect(await published('rebuild-007')).toBe(before + 1);
    expect(await cc('records', 'rebuild', '--call', 'rebuild-007')).toMatchObject({ code: 0 });
  });

  it('finds records that are missing, that nothing tells of, that lie in two months, and events that cannot be read', async () => {
    await database.query(`DELETE FROM call_record WHERE cc_call_id = 'rebuild-011'`);
    await database.query(`UPDATE record_event SET event = '{}' WHERE call_id = 'rebuild-012' AND event_id = 'rebuild-012/started'`);
    await database.query(`DELETE FROM record_event WHERE call_id = 'rebuild-013'`);
    await database.query(`CREATE TABLE call_record_2020_01 PARTITION OF call_record FOR VALUES FROM (1577836800000) TO (1580515200000)`);
    await database.query(`UPDATE call_record SET created = 1577836800001 WHERE cc_call_id = 'rebuild-014'`);
    const { code, out } = await cc('records', 'rebuild');
    expect(code).toBe(1);
    for (const line of [/^rebuild-011\n.*\n\(record\) +no record +one record$/m, /^rebuild-012\n.*\n\(record\) +a record +its events cannot be read: /m, /^rebuild-013\n.*\n\(record\) +a record +no record: nobody has told who requested the call$/m, /^rebuild-014\n.*\ncreated +1577836800001 +\d{13}$/m, /, 4 records differ from their events, 2 stored anew$/m]) expect(out).toMatch(line);
    expect(await rowOf('rebuild-011')).toMatchObject([{ state: 'close', version: 3 }]);
    expect(await rowOf('rebuild-014')).toMatchObject([{ created: expect.any(Number), version: 3 }]);
    expect((await rowOf('rebuild-014'))[0]?.['created']).not.toBe(1577836800001);
  });

  it('does its work beside the consumer, and neither loses an event nor goes back', async () => {
    const events = Array.from({ length: 40 }, (_, n) => encode(CallEvent.parse({ type: 'cc.call.cancel-requested.v1', ...base('rebuild-020', `cancel/${n}`, n), source: 'gateway' })));
    const telling = (async () => {
      for (const event of events) await tell(event);
    })();
    for (let round = 0; round < 6; round += 1) {
      await database.query(`UPDATE call_record SET state = 'init' WHERE cc_call_id = 'rebuild-020'`);
      await cc('records', 'rebuild', '--call', 'rebuild-020');
    }
    await telling;
    await eventually(async () => (await recordOf('rebuild-020'))?.version === 43);
    expect(await cc('records', 'rebuild', '--call', 'rebuild-020')).toMatchObject({ out: expect.stringMatching(/^1 calls checked, 0 |\n1 calls checked, 1 /) });
    expect(await recordOf('rebuild-020')).toEqual({ state: 'close', version: 43 });
    const heads = await database.query<{ headers: string }>(`SELECT headers FROM log_record WHERE topic = $1 AND key = 'rebuild-020' ORDER BY off`, [topics.callRecords.name]);
    const versions = heads.map(({ headers }) => Number(/rebuild-020\/(\d+)/.exec(headers)?.[1]));
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
  }, 60_000);

  it('waits for a batch of events that is just changing a record, and goes by what that brought', async () => {
    const late = CallEvent.parse({ type: 'cc.call.cancel-requested.v1', ...base('rebuild-030', 'cancel', 1), source: 'gateway' });
    await database.query(`UPDATE call_record SET state = 'init' WHERE cc_call_id = 'rebuild-030'`);
    let rebuilding: Promise<Run> | undefined;
    await database.transaction(async (tx) => {
      await tx.query('INSERT INTO record_event (call_id, event_id, event) VALUES ($1, $2, $3)', [late.callId, late.id, JSON.stringify(late)]);
      await tx.query(`UPDATE call_record SET version = 4, state = 'close' WHERE cc_call_id = 'rebuild-030'`);
      rebuilding = cc('records', 'rebuild', '--call', 'rebuild-030');
      await eventually(async () => (await database.query(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cc-record-store' AND wait_event_type = 'Lock'`)).length > 0);
    });
    await rebuilding;
    expect(await recordOf('rebuild-030')).toEqual({ state: 'close', version: 4 });
  });

  it('takes no other selection', async () => {
    expect(await cc('records', 'rebuild', '--from', 'yesterday')).toMatchObject({ code: 2, err: expect.stringContaining('--from is no time') });
    expect(await cc('records', 'rebuild', '--call', 'c', '--from', '2026-11-24')).toMatchObject({ code: 2, err: '--call goes without --from and --to' });
    expect(await cc('records', 'rebuild', '--from', '2030-01-01')).toMatchObject({ code: 0, out: expect.stringMatching(/^0 calls checked/) });
    expect(await cc('records', 'rebuild', '--call', 'nobody')).toMatchObject({ code: 0, out: expect.stringMatching(/^1 calls checked, 0 /) });
  });
});
