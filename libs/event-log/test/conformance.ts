import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { partitionOf, type EventLog, type LogRecord, type Outcome, type RunningSubscription, type Subscription } from '@cc/event-log';
import { deadLetterTopicsOf, type TopicDeclaration } from '@cc/contracts';
import { pause } from '@cc/kernel';
import type { Database } from '@cc/postgres';
import { eventually, spawnScript, type Script } from '@cc/testing';
import { z } from 'zod';
import { appliedNumbers, declareTopic, failing, lastSeq, numbered, numberOf, parkedNumbers, PARTITIONS, recordEffects, recording, tally, workersOf } from './effects';
import { openLog, type Backend, type OpenLog } from './log-under-test';
import { deadLetterCases, parkedId, release } from './dead-letter-cases';
import { FaultyLine } from './outages';
import type { Job } from './worker';

const WORKER = join(__dirname, 'worker.ts');

/** A driver that promises what the port promises. */
export interface DriverUnderTest {
  backend(): Backend;
}

/** What one spec file needs: an open log, a new topic a test, and everything stopped in the end. */
export class Bench {
  private readonly running: RunningSubscription[] = [];
  private readonly scripts: Script[] = [];
  private readonly owned: { close(): Promise<void> }[] = [];

  constructor(
    private readonly open: OpenLog,
    private readonly backend: Backend,
  ) {}

  static async start(backend: Backend): Promise<Bench> {
    return new Bench(await openLog(backend, 'spec'), backend);
  }

  get eventLog(): EventLog {
    return this.open.eventLog;
  }

  get database(): Database {
    return this.open.database;
  }

  async topic(more: Partial<TopicDeclaration> = {}): Promise<string> {
    const name = `t-${randomUUID()}`;
    const topic = declareTopic(name, more);
    await this.eventLog.ensureTopics([topic, ...deadLetterTopicsOf(topic)]);
    return name;
  }

  /** Stopped after the test. */
  async subscribe(subscription: Subscription): Promise<RunningSubscription> {
    const running = this.eventLog.subscribe(subscription);
    this.running.push(running);
    await running.ready;
    return running;
  }

  /** Another member on the same backend; closed after the test. */
  async member(name: string): Promise<OpenLog> {
    return this.own(await openLog(this.backend, name));
  }

  /** A process of its own; killed after the test. */
  worker(job: Omit<Job, 'backend'>): Script {
    const script = spawnScript(WORKER, [JSON.stringify({ backend: this.backend, ...job })]);
    this.scripts.push(script);
    return script;
  }

  /** Resolves when the group has applied so many distinct numbers; the tally shows what else it did. */
  async applied(group: string, topic: string, count: number, limitMs = 30_000): Promise<{ twice: number; outOfOrder: number }> {
    return eventually(
      async () => {
        const { applied, ...faults } = await tally(this.database, group, topic);
        if (applied < count) throw new Error(`${applied} of ${count} applied`);
        return faults;
      },
      { limitMs, everyMs: 50 },
    );
  }

  /** Closed after the test. */
  own<T extends { close(): Promise<void> }>(thing: T): T {
    this.owned.push(thing);
    return thing;
  }

  async clean(): Promise<void> {
    await Promise.all(this.running.splice(0).map((running) => running.stop()));
    await Promise.all(this.scripts.splice(0).map((script) => script.kill()));
    await Promise.all(this.owned.splice(0).map((thing) => thing.close()));
  }

  async close(): Promise<void> {
    await this.clean();
    await this.open.close();
  }
}

/** Records of one call each, numbered from 0, over so many keys. */
export async function appendNumbers(eventLog: EventLog, topic: string, count: number, keys: number, from = 0): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  for (let at = 0; at < count; at += 100) {
    await Promise.all(numbers.slice(at, at + 100).map((n) => eventLog.append(topic, [numbered(`k${n % keys}`, n)])));
  }
}

// Single cases take seconds, the kills about a minute.
jest.setTimeout(180_000);

const NO_FAULTS = { twice: 0, outOfOrder: 0 };
const GoldenKeys = z.array(z.object({ key: z.string(), partitions: z.record(z.string(), z.number()) }));

/** The port's promises, to be called inside a `describe`; `bench` is there once the tests run. */
export function conformance(driver: DriverUnderTest): void {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start(driver.backend());
  });
  afterEach(() => bench.clean());
  afterAll(() => bench.close());

  describe('appending and reading', () => readingCases(() => bench));
  describe('positions', () => positionCases(() => bench));
  describe('records that fail', () => failureCases(() => bench));
  describe('dead letters', () => deadLetterCases(() => bench));
  describe('processes', () => processCases(() => bench));
  describe('outages of the database', () => outageCases(driver));
}

function outageCases(driver: DriverUnderTest): void {
  let line: FaultyLine;
  let bench: Bench;
  beforeAll(async () => {
    line = await FaultyLine.to(driver.backend().databaseUrl);
    bench = await Bench.start({ ...driver.backend(), databaseUrl: line.url });
  });
  afterEach(() => bench.clean());
  afterAll(async () => {
    await bench.close();
    line.cut();
  });

  it('goes on by itself when the database was away, and loses and repeats nothing', async () => {
    const topic = await bench.topic();
    await bench.subscribe({ group: 'outage', topics: [topic], handle: recording('outage') });
    await appendNumbers(bench.eventLog, topic, 100, 10);
    await bench.applied('outage', topic, 100);
    line.cut();
    const during = appendNumbers(bench.eventLog, topic, 100, 10, 100);
    await pause(1500);
    await line.mend();
    await during;
    await appendNumbers(bench.eventLog, topic, 100, 10, 200);
    expect(await bench.applied('outage', topic, 300)).toEqual(NO_FAULTS);
    expect((await tally(bench.database, 'outage', topic)).applied).toBe(300);
  });

  it('neither appends nor applies twice what was committed without an answer', async () => {
    const topic = await bench.topic();
    await bench.subscribe({ group: 'unanswered', topics: [topic], handle: recording('unanswered') });
    for (let n = 0; n < 5; n += 1) {
      line.loseAnswersOfCommits(2);
      await bench.eventLog.append(topic, [numbered('k', 2 * n), numbered('l', 2 * n + 1)]);
      await bench.applied('unanswered', topic, 2 * n + 2);
      line.loseAnswersOfCommits(0);
    }
    expect(await bench.applied('unanswered', topic, 10)).toEqual(NO_FAULTS);
    const [row] = await bench.database.query<{ offsets: number }>(`SELECT count(DISTINCT (part, off)) AS offsets FROM effect WHERE grp = 'unanswered' AND topic = $1`, [topic]);
    expect(row?.offsets).toBe(10);
  });
}

function readingCases(bench: () => Bench): void {
  it('gives every record to every group once, in the order of its key', async () => {
    const { eventLog, database } = bench();
    const topic = await bench().topic();
    await bench().subscribe({ group: 'one', topics: [topic], handle: recording('one') });
    await bench().subscribe({ group: 'two', topics: [topic], maxBatch: 7, handle: recording('two') });
    await appendNumbers(eventLog, topic, 1500, 40);
    for (const group of ['one', 'two']) {
      expect(await bench().applied(group, topic, 1500)).toEqual(NO_FAULTS);
      expect((await tally(database, group, topic)).applied).toBe(1500);
    }
  });

  it('returns keys, headers and bytes as they were given', async () => {
    const topic = await bench().topic();
    const given = [
      { key: '', value: Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte)), headers: {} },
      { key: '租户一/用户甲', value: Buffer.alloc(0), headers: { 来源: '回拨', empty: '', quoted: '"\\\n{}' } },
      { key: '𠮷😀', value: null, headers: { ce_type: 'x' } },
    ];
    const seen: LogRecord[] = [];
    await bench().subscribe({ group: 'bytes', topics: [topic], handle: async ({ records }) => Promise.resolve(seen.push(...records)).then(() => ({ kind: 'handled' })) });
    const before = Date.now();
    await bench().eventLog.append(topic, given);
    await eventually(() => seen.length === 3);
    const byKey = new Map(seen.map((record) => [record.key, record]));
    for (const { key, value, headers } of given) expect(byKey.get(key)).toMatchObject({ topic, value, headers });
    for (const { appendedAtMs } of seen) expect(Math.abs(appendedAtMs - before)).toBeLessThan(60_000);
  });

  it('puts each key where the Java client of Kafka puts it', async () => {
    const topic = await bench().topic({ partitions: 12 });
    const golden = GoldenKeys.parse(JSON.parse(readFileSync(join(__dirname, 'fixtures/java-partitions.json'), 'utf8')));
    const seen = new Map<string, number>();
    await bench().subscribe({
      group: 'partitions',
      topics: [topic],
      handle: async ({ partition, records }) => Promise.resolve(records.forEach(({ key }) => seen.set(key, partition))).then(() => ({ kind: 'handled' })),
    });
    await bench().eventLog.append(topic, golden.map(({ key }) => ({ key, value: null, headers: {} })));
    await eventually(() => seen.size === golden.length);
    for (const { key, partitions } of golden) expect([key, seen.get(key)]).toEqual([key, partitions['12']]);
  });

  it('appends in a transaction exactly if it commits', async () => {
    const { eventLog, database } = bench();
    const topic = await bench().topic();
    await bench().subscribe({ group: 'outbox', topics: [topic], handle: recording('outbox') });
    await expect(
      database.transaction(async (tx) => {
        await eventLog.appendInTransaction(tx, topic, [numbered('k', 1), numbered('l', 1)]);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await database.transaction((tx) => eventLog.appendInTransaction(tx, topic, [numbered('k', 2), numbered('k', 3)]));
    await bench().applied('outbox', topic, 2);
    expect(await appliedNumbers(database, 'outbox', topic, 'k')).toEqual([2, 3]);
    expect(await appliedNumbers(database, 'outbox', topic, 'l')).toEqual([]);
  });

  it('refuses what a driver could not keep, and nothing smaller', async () => {
    const { eventLog, database } = bench();
    const topic = await bench().topic();
    const sized = (bytes: number) => [{ key: 'k', value: Buffer.alloc(bytes), headers: {} }];
    await eventLog.append(topic, sized(899_000));
    await expect(eventLog.append(topic, sized(900_000))).rejects.toMatchObject({ kind: 'input', code: 'record-too-large' });
    await expect(database.transaction((tx) => eventLog.appendInTransaction(tx, topic, sized(900_000)))).rejects.toMatchObject({ kind: 'input' });
    await expect(eventLog.append(topic, [numbered('a\0b', 1)])).rejects.toMatchObject({ kind: 'input', code: 'record-key-unusable' });
  });

  it('refuses a topic that nobody has created', async () => {
    await expect(bench().eventLog.append('t-nobody', [numbered('k', 1)])).rejects.toMatchObject({ kind: 'missing' });
  });
}

function positionCases(bench: () => Bench): void {
  it('goes on where the group stopped, tells its lag, and replays from the start', async () => {
    const { eventLog, database } = bench();
    const topic = await bench().topic();
    const behind = async (): Promise<number> => (await eventLog.lag('resumes', topic)).reduce((sum, { records }) => sum + records, 0);
    await appendNumbers(eventLog, topic, 60, 6);
    expect(await behind()).toBe(60);
    expect(await eventLog.lag('resumes', topic)).toHaveLength(PARTITIONS);
    const first = await bench().subscribe({ group: 'resumes', topics: [topic], handle: recording('resumes') });
    await bench().applied('resumes', topic, 60);
    await eventually(async () => (await behind()) === 0);
    await first.stop();
    await first.stop();
    await appendNumbers(eventLog, topic, 30, 6, 60);
    expect(await behind()).toBe(30);
    const byKey = (await eventLog.lag('resumes', topic)).filter(({ records }) => records > 0).map(({ partition }) => partition);
    expect(new Set(byKey)).toEqual(new Set(Array.from({ length: 6 }, (_, n) => partitionOf(`k${n}`, PARTITIONS))));
    const second = await bench().subscribe({ group: 'resumes', topics: [topic], handle: recording('resumes') });
    expect(await bench().applied('resumes', topic, 90)).toEqual(NO_FAULTS);
    await second.stop();
    await eventLog.replayFromStart('resumes', topic);
    expect(await behind()).toBe(90);
    await database.query(`DELETE FROM effect WHERE grp = 'resumes'`);
    await bench().subscribe({ group: 'resumes', topics: [topic], handle: recording('resumes') });
    expect(await bench().applied('resumes', topic, 90)).toEqual(NO_FAULTS);
  });

  test('a closed log reads no more: its subscriptions end with it', async () => {
    const topic = await bench().topic();
    const closing = await bench().member('closing');
    let taken = 0;
    const record = recording('closes');
    await closing.eventLog.subscribe({ group: 'closes', topics: [topic], handle: async (batch) => {
      taken += batch.records.length;
      return await record(batch);
    } }).ready;
    await appendNumbers(bench().eventLog, topic, 20, 6);
    await bench().applied('closes', topic, 20);
    await closing.eventLog.close();
    const takenBefore = taken;
    await appendNumbers(bench().eventLog, topic, 40, 6, 20);
    await bench().subscribe({ group: 'closes', topics: [topic], handle: recording('closes') });
    expect(await bench().applied('closes', topic, 60)).toEqual(NO_FAULTS);
    expect(taken).toBe(takenBefore);
  });
}

function failureCases(bench: () => Bench): void {
  it('parks the key of a poison record, delays no other key, and releases it in order', async () => {
    const { eventLog, database } = bench();
    const topic = await bench().topic({ partitions: 1 });
    let broken = true;
    await appendNumbers(eventLog, topic, 100, 10);
    await bench().subscribe({ group: 'poison', topics: [topic], handle: failing('poison', (record) => broken && [23, 56].includes(numberOf(record))) });
    // k3 has handled 3 and 13, k6 has handled 6 to 46.
    expect(await bench().applied('poison', topic, 100 - 8 - 5)).toEqual(NO_FAULTS);
    await eventually(async () => (await eventLog.lag('poison', topic))[0]?.records === 0);
    expect(await appliedNumbers(database, 'poison', topic, 'k3')).toEqual([3, 13]);
    const parked = await parkedNumbers(database, 'poison', topic);
    expect(parked.filter(({ held }) => !held).map(({ n, reason }) => [n, reason])).toEqual([[23, 'cannot handle 23'], [56, 'cannot handle 56']]);
    await appendNumbers(eventLog, topic, 10, 10, 100);
    await bench().applied('poison', topic, 87 + 8);
    const id = await parkedId(bench(), 'poison', topic, 'k3');
    expect(await release(bench(), 'poison', id)).toEqual({ outcome: 'failed', released: 0, left: 9, reason: 'cannot handle 23' });
    expect(await appliedNumbers(database, 'poison', topic, 'k3')).toEqual([3, 13]);
    broken = false;
    expect(await release(bench(), 'poison', id)).toEqual({ outcome: 'done', released: 9, left: 0 });
    expect(await appliedNumbers(database, 'poison', topic, 'k3')).toEqual([3, 13, 23, 33, 43, 53, 63, 73, 83, 93, 103]);
    await appendNumbers(eventLog, topic, 10, 10, 110);
    await bench().applied('poison', topic, 87 + 8 + 9 + 9);
    expect((await appliedNumbers(database, 'poison', topic, 'k3')).at(-1)).toBe(113);
    expect((await parkedNumbers(database, 'poison', topic)).map(({ n }) => n)).toEqual([56, 66, 76, 86, 96, 106, 116]);
    expect(await tally(database, 'poison', topic)).toMatchObject(NO_FAULTS);
  });

  it('parks what the handler names, with the later records of the key that it had already applied', async () => {
    const { eventLog, database } = bench();
    const topic = await bench().topic({ partitions: 1 });
    await eventLog.append(topic, [numbered('a', 1), numbered('b', 2), numbered('a', 3), numbered('b', 4)]);
    await bench().subscribe({
      group: 'named',
      topics: [topic],
      handle: async ({ tx, records }): Promise<Outcome> => {
        const bad = records.filter((record) => numberOf(record) === 1);
        await recordEffects(tx, 'named', 'spec', topic, records.filter((record) => !bad.includes(record)));
        return { kind: 'handled', parked: bad.map((record) => ({ record, reason: 'schema' })) };
      },
    });
    await bench().applied('named', topic, 2);
    await eventually(async () => (await parkedNumbers(database, 'named', topic)).length === 2);
    expect(await appliedNumbers(database, 'named', topic, 'a')).toEqual([]);
    expect(await appliedNumbers(database, 'named', topic, 'b')).toEqual([2, 4]);
    expect(await parkedNumbers(database, 'named', topic)).toMatchObject([{ n: 1, held: false, reason: 'schema' }, { n: 3, held: true }]);
  });

  it('delivers a batch again for as long as the handler asks for it, and parks nothing', async () => {
    const { eventLog, database } = bench();
    const topic = await bench().topic({ partitions: 1 });
    let asked = 0;
    await eventLog.append(topic, [numbered('a', 1), numbered('a', 2)]);
    await bench().subscribe({
      group: 'retries',
      topics: [topic],
      handle: async ({ tx, records }): Promise<Outcome> => {
        await recordEffects(tx, 'retries', 'spec', topic, records);
        asked += 1;
        return asked < 6 ? { kind: 'retry', reason: 'the vendor is away' } : { kind: 'handled' };
      },
    });
    await bench().applied('retries', topic, 2);
    expect(asked).toBe(6);
    expect(await appliedNumbers(database, 'retries', topic, 'a')).toEqual([1, 2]);
    expect(await parkedNumbers(database, 'retries', topic)).toEqual([]);
  });
}

const JobsDone = /^acked (\d+)$/;

function processCases(bench: () => Bench): void {
  it('shares the partitions among processes, and hands over when one leaves', async () => {
    const { eventLog, database } = bench();
    const topic = await bench().topic();
    const workers = ['a', 'b'].map((name) => bench().worker({ role: 'consume', name, topic, group: 'shared' }));
    for (const worker of workers) await worker.line(/^ready$/);
    let appended = 0;
    const feedUntil = async (done: (since: Map<string, number>) => boolean, seq: number): Promise<void> => {
      await eventually(async () => {
        await appendNumbers(eventLog, topic, 60, 30, appended);
        appended += 60;
        return done(await workersOf(database, 'shared', topic, seq));
      }, { limitMs: 30_000 });
    };
    await feedUntil((since) => since.size === 2, 0);
    workers[0]?.signal('SIGTERM');
    expect(await workers[0]?.ended(15_000)).toEqual({ code: 0, signal: null });
    const left = await lastSeq(database);
    await feedUntil((since) => (since.get('b') ?? 0) > 0, left);
    expect(await bench().applied('shared', topic, appended)).toEqual(NO_FAULTS);
    expect((await workersOf(database, 'shared', topic, left)).has('a')).toBe(false);
  });

  it('survives 20 kills of consumers in the middle of their batches: nothing lost, repeated or out of order', async () => {
    const { eventLog, database } = bench();
    const topic = await bench().topic();
    const start = (name: string): Script => bench().worker({ role: 'consume', name, topic, group: 'killed', batchSeconds: 0.05 });
    const crew = ['a', 'b', 'c'].map(start);
    for (const worker of crew) await worker.line(/^ready$/);
    let appended = 0;
    for (let round = 0; round < 20; round += 1) {
      await appendNumbers(eventLog, topic, 150, 30, appended);
      appended += 150;
      const before = (await tally(database, 'killed', topic)).applied;
      await eventually(async () => (await tally(database, 'killed', topic)).applied > before, { limitMs: 30_000, everyMs: 10 });
      const victim = crew.shift();
      crew.push(start(`r${round}`));
      await victim?.kill();
    }
    expect(await bench().applied('killed', topic, appended, 60_000)).toEqual(NO_FAULTS);
    expect((await tally(database, 'killed', topic)).applied).toBe(appended);
  });

  it('has everything that a killed producer was told is there', async () => {
    const { database } = bench();
    const topic = await bench().topic();
    const producer = bench().worker({ role: 'append', name: 'p', topic });
    await producer.line(/^acked \d{3}$/);
    await producer.kill();
    const acked = Number(JobsDone.exec(producer.lines.at(-1) ?? '')?.[1]);
    await bench().subscribe({ group: 'reader', topics: [topic], handle: recording('reader') });
    expect(await bench().applied('reader', topic, acked + 1)).toEqual(NO_FAULTS);
    const rows = await database.query<{ n: number }>(`SELECT n FROM effect WHERE grp = 'reader' AND topic = $1 AND n <= $2`, [topic, acked]);
    expect(new Set(rows.map(({ n }) => n)).size).toBe(acked + 1);
  });

  it('has the records of a killed process exactly for the transactions that it committed', async () => {
    const { database } = bench();
    const topic = await bench().topic();
    const producer = bench().worker({ role: 'outbox', name: 'o', topic });
    await producer.line(/^acked \d{3}$/);
    await producer.kill();
    await bench().subscribe({ group: 'outboxed', topics: [topic], handle: recording('outboxed') });
    const committed = await eventually(async () => {
      const [row] = await database.query<{ open: number; count: number }>(
        `SELECT (SELECT count(*) FROM pg_stat_activity WHERE application_name = 'o' AND state <> 'idle') AS open, count(*) AS count FROM outbox_row WHERE topic = $1`,
        [topic],
      );
      return row?.open === 0 && row.count;
    });
    expect(await bench().applied('outboxed', topic, committed)).toEqual(NO_FAULTS);
    const strangers = await database.query(`SELECT n FROM effect WHERE grp = 'outboxed' AND topic = $1 AND n NOT IN (SELECT n FROM outbox_row WHERE topic = $1)`, [topic]);
    expect(strangers).toEqual([]);
  });
}
