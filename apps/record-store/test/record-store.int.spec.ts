import { decodeCallRecord, encodeCallEvent, topics, type CallEvent, type CallRecord, type WireRecord } from '@cc/contracts';
import { createEventLog, handled, partitionOf, type EventLog } from '@cc/event-log';
import { NoMetrics, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { recordStore } from '../src/service';

const T0 = Date.UTC(2026, 8, 21, 12);
const MONTHS_AHEAD = 3;
const number = (masked: string) => ({ masked, ref: `ref ${masked}`, sealed: `sealed ${masked}` });

const base = (callId: string, name: string, seconds: number, createdAt = T0) => ({ id: `${callId}/${name}`, callId, tenant: 'acme', occurredAt: createdAt + seconds * 1000, recordedAt: createdAt + seconds * 1000 + 7 });
const onAttempt = (callId: string, name: string, seconds: number) => ({ ...base(callId, name, seconds), attemptId: `${callId}-1`, channel: 'e9-main' });

const requested = (callId: string, createdAt = T0): CallEvent => ({
  type: 'cc.call.requested.v1', ...base(callId, 'requested', 0, createdAt), source: 'gateway', caller: number('+861****0001'), called: number('+861****0002'), agent: 'ann', mainNum: '4008001234', extNum: '8001',
  bizData: { order: [7] }, record: true, ivr: { text: 'hello', url: 'http://127.0.0.1:9/hello.wav' },
});
const started = (callId: string): CallEvent => ({ type: 'cc.call.attempt-started.v1', ...onAttempt(callId, 'started', 1), source: 'router', vendor: 'e9', attemptNumber: 1, recordRequested: true });
const archived = (callId: string): CallEvent => ({ type: 'cc.call.recording-archived.v1', ...onAttempt(callId, 'archived', 90), source: 'archiver', object: 'rec/1.mp3', url: 'http://127.0.0.1:9/oss/rec/1.mp3', sizeBytes: 4096, sha256: 'a'.repeat(64) });

/** All that is told of one answered call, in order. */
const story = (callId: string): CallEvent[] => [
  requested(callId), started(callId),
  { type: 'cc.call.attempt-accepted.v1', ...onAttempt(callId, 'accepted', 2), source: 'router', vendorCallId: `v ${callId}` },
  { type: 'cc.call.a-ringing.v1', ...onAttempt(callId, 'a-ringing', 3), source: 'callback', channelState: 'CallInvite/0' },
  { type: 'cc.call.a-answered.v1', ...onAttempt(callId, 'a-answered', 6), source: 'callback', channelState: 'CallInvite/1' },
  { type: 'cc.call.b-ringing.v1', ...onAttempt(callId, 'b-ringing', 7), source: 'callback', channelState: 'CallInvite/1' },
  { type: 'cc.call.connected.v1', ...onAttempt(callId, 'connected', 12), source: 'callback', channelState: 'CallEstablish' },
  { type: 'cc.call.ended.v1', ...onAttempt(callId, 'ended', 42), source: 'callback', channelState: 'Hangup', closeType: 1, endedBy: 'b', vendorCode: '1', durationSeconds: 30 },
  { type: 'cc.call.recording-available.v1', ...onAttempt(callId, 'available', 43), source: 'callback', vendorCallId: `v ${callId}`, vendorUrl: 'http://127.0.0.1:9/rec/1.mp3' },
  archived(callId),
];

/** The row of a whole story. */
const ROW = {
  tenant: 'acme', main_num: '4008001234', ext_num: '8001', agent: 'ann', call_id: 'v call', caller: '+861****0001', called: '+861****0002', biz_data: '{"order":[7]}', channel: 'e9', ch_state: 'Hangup', state: 'close',
  a_call_time: T0 + 3000, b_call_time: T0 + 7000, a_offhook_time: T0 + 6000, b_offhook_time: T0 + 12_000, conn_time: T0 + 12_000, close_time: T0 + 42_000, duration: 30,
  ch_audio_url: 'http://127.0.0.1:9/rec/1.mp3', audio_url: 'http://127.0.0.1:9/oss/rec/1.mp3', ivr_url: 'http://127.0.0.1:9/hello.wav', ivr_text: 'hello', close_type: '1', updated: T0 + 90_007, created: T0,
  cc_call_id: 'call', channel_id: 'e9-main', version: 10, attempts: 1, ended_by: 'b', record_state: 'complete', recording_status: 'archived', recording_object: 'rec/1.mp3', recording_size_bytes: 4096, recording_sha256: 'a'.repeat(64),
  caller_sealed: 'sealed +861****0001', called_sealed: 'sealed +861****0002', caller_ref: 'ref +861****0001', called_ref: 'ref +861****0002',
};

/** Another order, by a step that has no divisor in common with their number. */
const shuffled = <T>(items: readonly T[], step: number): T[] => items.map((_, index) => items.at((index * step + 4) % items.length)).filter((item) => item !== undefined);

describe('the record store on PostgreSQL', () => {
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let eventLog: EventLog;
  let service: RunningService;
  const seen: CallRecord[] = [];

  beforeAll(async () => {
    fresh = await freshDatabase();
    service = await startService(recordStore, loadServiceSettings(recordStore, { CC_RECORD_STORE_PORT: '0', CC_DATABASE_URL: fresh.url, CC_RECORD_STORE_MONTHS_AHEAD: String(MONTHS_AHEAD) }), new SilentLog(), () => undefined);
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
    await eventLog.subscribe({ group: 'test', topics: [topics.callRecords.name], handle: ({ records }) => {
      for (const record of records) {
        const decoded = decodeCallRecord(record);
        if (decoded.kind !== 'known' || decoded.message.callId !== record.key) throw new Error('Not a record of the call that its key names');
        seen.push(decoded.message);
      }
      return Promise.resolve(handled);
    } }).ready;
  }, 60_000);
  afterAll(async () => {
    await service.stop();
    await eventLog.close();
    await database.close();
    await fresh.drop();
  }, 30_000);

  const encode = (event: CallEvent): WireRecord => encodeCallEvent(event, 'test');
  const append = (...records: readonly WireRecord[]): Promise<void> => eventLog.append(topics.callEvents.name, records);
  const tell = (...events: readonly CallEvent[]): Promise<void> => append(...events.map(encode));
  /** Everything that was appended has had its effect, and the test has seen it. */
  const settled = (): Promise<unknown> => eventually(async () => {
    for (const [group, topic] of [['record-store', topics.callEvents], ['test', topics.callRecords]] as const) {
      const lags = await eventLog.lag(group, topic.name);
      if (lags.length === 0 || lags.some(({ records }) => records > 0)) return false;
    }
    return true;
  }, { limitMs: 20_000 });
  const rows = async (callId: string): Promise<object[]> => (await database.query('SELECT * FROM call_record WHERE cc_call_id = $1', [callId])).map(({ id: _id, ...row }) => row);
  const versions = (callId: string): number[] => seen.filter((record) => record.callId === callId).map(({ version }) => version);

  it('has the partitions of this month and of the coming ones ready before the first call', async () => {
    await eventually(async () => {
      expect(await database.query(`SELECT count(*)::int AS n FROM pg_inherits WHERE inhparent = 'call_record'::regclass`)).toEqual([{ n: MONTHS_AHEAD + 1 }]);
      return true;
    });
  });

  it('grows one row and the record of a call with each of its events', async () => {
    for (const event of story('call')) {
      await tell(event);
      await settled();
    }
    expect(await rows('call')).toEqual([ROW]);
    expect(versions('call')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(seen.filter(({ callId }) => callId === 'call').map(({ stage }) => stage)).toEqual(['queued', 'dialing', 'dialing', 'a-ringing', 'a-answered', 'b-ringing', 'connected', 'ended', 'ended', 'ended']);
    expect(seen.at(-1)).toMatchObject({ callId: 'call', tenant: 'acme', state: 'close', bizData: { order: [7] }, caller: number('+861****0001'), durationSeconds: 30, closeType: 1, recording: { status: 'archived', object: 'rec/1.mp3' } });
  });

  it.each([[3, 1], [7, 3], [9, 4], [1, 10]])('gives the same row and the same record whatever the order, the batches and the copies (step %i, batches of %i)', async (step, batch) => {
    const inOrder = seen.filter(({ callId }) => callId === 'call').at(-1);
    // As if none of it had ever come.
    await database.query('TRUNCATE call_record, record_event');
    const events = shuffled(story('call'), step);
    for (let from = 0; from < events.length; from += batch) {
      await tell(...events.slice(Math.max(0, from - 2), from + batch), ...events.slice(from, from + 1));
      await settled();
    }
    expect(await rows('call')).toEqual([ROW]);
    expect(seen.at(-1)).toEqual(inOrder);
    expect(inOrder).toMatchObject({ version: 10 });
  });

  it('appends no further record for copies alone, also where another call of the batch has grown', async () => {
    const [copied, grown] = twoOfOnePartition();
    await tell(...story(copied));
    await settled();
    expect(versions(copied)).toEqual([10]);
    await tell(...story(copied));
    await tell(requested(grown), ...story(copied));
    await settled();
    expect(versions(grown)).toEqual([1]);
    expect(versions(copied)).toEqual([10]);
    expect(await database.query('SELECT key, reason FROM dead_letter')).toEqual([]);
  });

  it('takes an earlier copy of an event that it has, and gives the record that the copies give in any order', async () => {
    const late = story('late-copy').map((event) => ({ ...event, recordedAt: event.recordedAt + 60_000 }));
    await tell(...late);
    await settled();
    expect(seen.at(-1)).toMatchObject({ callId: 'late-copy', version: 10, updatedAt: T0 + 150_007 });
    await tell(...story('late-copy').slice(3));
    await settled();
    expect(await rows('late-copy')).toEqual([{ ...ROW, call_id: 'v late-copy', cc_call_id: 'late-copy' }]);
    expect(seen.at(-1)).toMatchObject({ callId: 'late-copy', version: 10, updatedAt: T0 + 90_007 });
    // From then on the copies of either kind change nothing.
    const before = versions('late-copy').length;
    await tell(...late, ...story('late-copy').slice(3));
    await settled();
    expect(versions('late-copy')).toHaveLength(before);
    // In the other order, and both in one batch.
    await database.query(`DELETE FROM call_record WHERE cc_call_id = 'late-copy'`);
    await database.query(`DELETE FROM record_event WHERE call_id = 'late-copy'`);
    await tell(...late.slice(0, 3), ...late.slice(3).flatMap((event, index) => [event, ...story('late-copy').slice(3 + index, 4 + index)]));
    await settled();
    expect(await rows('late-copy')).toEqual([{ ...ROW, call_id: 'v late-copy', cc_call_id: 'late-copy' }]);
    expect(await database.query('SELECT key, reason FROM dead_letter')).toEqual([]);
  });

  it('keeps one row for each of 200 calls, however their events are mixed', async () => {
    const callIds = Array.from({ length: 200 }, (_, index) => `mixed-${index}`);
    const events = shuffled(callIds.flatMap(story), 1117);
    for (let batch = 0, from = 0; batch < 30; batch += 1) {
      const size = batch === 29 ? events.length : 1 + ((batch * 37) % 131);
      await tell(...events.slice(from, from + size));
      from += size;
    }
    await settled();
    expect(await database.query(`SELECT count(*)::int AS n, count(DISTINCT cc_call_id)::int AS calls, min(version) AS least, max(version) AS most FROM call_record WHERE cc_call_id LIKE 'mixed-%' AND state = 'close' AND audio_url IS NOT NULL`)).toEqual([{ n: 200, calls: 200, least: 10, most: 10 }]);
    expect(await rows('mixed-77')).toEqual([{ ...ROW, call_id: 'v mixed-77', cc_call_id: 'mixed-77' }]);
    expect(new Set(callIds.map((callId) => versions(callId).at(-1)))).toEqual(new Set([10]));
    for (const callId of callIds) expect(versions(callId)).toEqual([...new Set(versions(callId))].sort((a, b) => a - b));
  });

  it('puts a malformed event aside with those of its call that follow, and no other call suffers', async () => {
    const [broken, other] = twoOfOnePartition();
    const malformed = { ...encode(started(broken)), value: Buffer.from('{"callId":7}') };
    await append(encode(requested(broken)), malformed, encode(archived(broken)), encode(requested(other)), encode(started(other)));
    await settled();
    expect(await database.query('SELECT grp, topic, key, held, headers::json->>$1 AS id, reason LIKE $2 AS told FROM dead_letter ORDER BY seq', ['ce_id', '%callId%'])).toEqual([
      { grp: 'record-store', topic: topics.callEvents.name, key: broken, held: false, id: `${broken}/started`, told: true },
      { grp: 'record-store', topic: topics.callEvents.name, key: broken, held: true, id: `${broken}/archived`, told: false },
    ]);
    expect(await rows(broken)).toMatchObject([{ version: 1, recording_status: 'expected' }]);
    expect(await rows(other)).toMatchObject([{ version: 2, channel_id: 'e9-main' }]);
  });

  it('puts a call into the partition of the month in which it was requested, in UTC', async () => {
    const march = Date.UTC(2019, 2, 1);
    await tell(requested('february', march - 1), requested('march', march), requested('a year ago', Date.UTC(2018, 2, 31)));
    await settled();
    expect(await database.query(`SELECT cc_call_id AS call, tableoid::regclass::text AS part FROM call_record WHERE cc_call_id IN ('february', 'march', 'a year ago') ORDER BY created`)).toEqual([
      { call: 'a year ago', part: 'call_record_2018_03' }, { call: 'february', part: 'call_record_2019_02' }, { call: 'march', part: 'call_record_2019_03' },
    ]);
  });

  it('keeps an event that comes before its call was requested, and counts it once it was', async () => {
    await tell(started('early'));
    await settled();
    expect(await rows('early')).toEqual([]);
    expect(versions('early')).toEqual([]);
    await tell(requested('early'));
    await settled();
    expect(await rows('early')).toMatchObject([{ version: 2, channel_id: 'e9-main', attempts: 1 }]);
    expect(versions('early')).toEqual([2]);
  });
});

let pairs = 0;
/** Two calls whose events come in the same batches. */
function twoOfOnePartition(): [string, string] {
  const partition = (callId: string): number => partitionOf(callId, topics.callEvents.partitions);
  const one = `pair-${(pairs += 1)}`;
  for (;;) {
    const other = `pair-${(pairs += 1)}`;
    if (partition(other) === partition(one)) return [one, other];
  }
}
