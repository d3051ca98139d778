import { eventLogMigrations, PostgresEventLog } from '@cc/event-log';
import { runMigrations, TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { appendNumbers, Bench, conformance } from './conformance';
import { createEffectTables, declareTopic, numbered, recording } from './effects';

describe('the event log on PostgreSQL', () => {
  let fresh: FreshDatabase;
  beforeAll(async () => {
    fresh = await freshDatabase();
    const database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 2, applicationName: 'setup' });
    await runMigrations(database, 'event-log', eventLogMigrations);
    await createEffectTables(database);
    await database.close();
  });
  afterAll(() => fresh.drop());

  conformance({ backend: () => ({ databaseUrl: fresh.url }) });

  describe('upkeep', () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.start({ databaseUrl: fresh.url });
    });
    afterEach(() => bench.clean());
    afterAll(() => bench.close());

    async function upkeep(): Promise<void> {
      if (!(bench.eventLog instanceof PostgresEventLog)) throw new Error('Not the PostgreSQL log');
      await bench.eventLog.runUpkeep();
    }

    async function offsets(topic: string): Promise<{ off: number; key: string; value: string | null }[]> {
      return bench.database.query(`SELECT off, key, convert_from(value, 'UTF8') AS value FROM log_record WHERE topic = $1 ORDER BY part, off`, [topic]);
    }

    it('deletes records past their retention, and readers pass the gap', async () => {
      const topic = await bench.topic({ partitions: 1, retentionMs: 60_000 });
      await appendNumbers(bench.eventLog, topic, 50, 5);
      await bench.database.query(`UPDATE log_record SET appended_at = appended_at - 61000 WHERE topic = $1 AND off < 30`, [topic]);
      await upkeep();
      expect((await offsets(topic)).map(({ off }) => off)).toEqual(Array.from({ length: 20 }, (_, n) => 30 + n));
      expect((await bench.eventLog.lag('late', topic))[0]?.records).toBe(20);
      await bench.subscribe({ group: 'late', topics: [topic], handle: recording('late') });
      expect(await bench.applied('late', topic, 20)).toEqual({ twice: 0, outOfOrder: 0 });
      await bench.database.query(`UPDATE log_record SET appended_at = appended_at - 61000 WHERE topic = $1`, [topic]);
      await upkeep();
      expect(await offsets(topic)).toEqual([]);
      expect((await bench.eventLog.lag('later', topic))[0]?.records).toBe(0);
      // Without moving on, a group would find the deleted records due for ever.
      await bench.subscribe({ group: 'last', topics: [topic], handle: recording('last') });
      await eventually(async () => (await bench.database.query(`SELECT 1 FROM log_cursor WHERE grp = 'last' AND topic = $1 AND off = 49`, [topic])).length === 1);
      await bench.eventLog.append(topic, [numbered('k0', 50)]);
      expect((await offsets(topic)).map(({ off }) => off)).toEqual([50]);
    });

    it('keeps the last value of each key of a compacted topic, and forgets a key after its tombstone', async () => {
      const topic = await bench.topic({ partitions: 1, compacted: true });
      await appendNumbers(bench.eventLog, topic, 30, 3);
      await upkeep();
      expect((await offsets(topic)).map(({ key, value }) => [key, value])).toEqual([['k0', '27'], ['k1', '28'], ['k2', '29']]);
      await bench.eventLog.append(topic, [numbered('k1', 30), { key: 'k0', value: null, headers: {} }, numbered('k3', 32)]);
      await bench.database.query(`UPDATE log_record SET appended_at = appended_at - 1 WHERE topic = $1`, [topic]);
      await upkeep();
      expect((await offsets(topic)).map(({ key, value }) => [key, value])).toEqual([['k2', '29'], ['k1', '30'], ['k3', '32']]);
    });

    it('adds partitions and corrects settings, and takes no partition away', async () => {
      const topic = await bench.topic({ partitions: 2 });
      await bench.eventLog.ensureTopics([declareTopic(topic, { partitions: 4, retentionMs: 5, compacted: true })]);
      expect(await bench.eventLog.lag('x', topic)).toHaveLength(4);
      await bench.eventLog.ensureTopics([declareTopic(topic, { partitions: 1 })]);
      expect(await bench.eventLog.lag('x', topic)).toHaveLength(4);
      expect(await bench.database.query(`SELECT partitions, retention_ms, compacted FROM log_topic WHERE topic = $1`, [topic])).toEqual([{ partitions: 4, retention_ms: null, compacted: false }]);
    });
  });
});
