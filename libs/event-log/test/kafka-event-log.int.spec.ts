import { randomUUID } from 'node:crypto';
import { createEventLog, eventLogMigrations } from '@cc/event-log';
import { Log, NoMetrics, pause, SilentLog } from '@cc/kernel';
import { runMigrations, TypeOrmDatabase } from '@cc/postgres';
import { describeWithKafka, describeWithKafkaBroker, eventually, freshDatabase, kafkaBrokers, startKafkaBroker, type FreshDatabase, type KafkaBroker } from '@cc/testing';
import { ConfigResourceTypes, Kafka, logLevel, type Admin } from 'kafkajs';
import { appendNumbers, Bench, conformance } from './conformance';
import { appliedNumbers, createEffectTables, declareTopic, numbered, recording, tally } from './effects';
import { openLog } from './log-under-test';
import { FaultyLine } from './outages';

const NO_FAULTS = { twice: 0, outOfOrder: 0 };

async function preparedDatabase(): Promise<FreshDatabase> {
  const fresh = await freshDatabase();
  const database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 2, applicationName: 'setup' });
  await runMigrations(database, 'event-log', eventLogMigrations);
  await createEffectTables(database);
  await database.close();
  return fresh;
}

class KeptLog extends Log {
  readonly errors: string[] = [];
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(message: string): void {
    this.errors.push(message);
  }
  child(): Log {
    return this;
  }
}

describeWithKafka('the event log on Kafka', () => {
  let fresh: FreshDatabase;
  const brokers = kafkaBrokers() ?? [];
  beforeAll(async () => {
    fresh = await preparedDatabase();
  });
  afterAll(() => fresh.drop());

  conformance({ backend: () => ({ databaseUrl: fresh.url, brokers }) });

  describe('the outbox relay', () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.start({ databaseUrl: fresh.url, brokers });
    });
    afterEach(() => bench.clean());
    afterAll(() => bench.close());

    /** A topic that only the relays of the test move records to. */
    async function topicWithoutRelay(): Promise<string> {
      const name = `t-${randomUUID()}`;
      const log = await openLog({ databaseUrl: fresh.url, brokers }, 'creator');
      await log.eventLog.ensureTopics([declareTopic(name)]);
      await log.close();
      return name;
    }

    async function writeOutbox(topic: string, count: number, from: number): Promise<void> {
      for (let n = from; n < from + count; n += 10) {
        const records = Array.from({ length: 10 }, (_, index) => numbered(`k${(n + index) % 20}`, n + index));
        await bench.database.transaction((tx) => bench.eventLog.appendInTransaction(tx, topic, records));
      }
    }

    async function inKafka(topic: string): Promise<number> {
      return (await bench.eventLog.lag(`nobody-${topic}`, topic)).reduce((sum, { records }) => sum + records, 0);
    }

    it('sends again what it could not note as sent, and no group takes it twice', async () => {
      const topic = await topicWithoutRelay();
      await bench.subscribe({ group: 'relayed', topics: [topic], handle: recording('relayed') });
      const line = await FaultyLine.to(fresh.url);
      const relay = bench.own(await openLog({ databaseUrl: line.url, brokers }, 'relay'));
      await relay.eventLog.ensureTopics([declareTopic(topic)]);
      for (let round = 0; round < 3; round += 1) {
        // In the first round the relay joins.
        line.dropNextCommits(round === 0 ? 0 : 2);
        await writeOutbox(topic, 100, round * 100);
        expect(await bench.applied('relayed', topic, (round + 1) * 100)).toEqual(NO_FAULTS);
        await eventually(() => line.commitsLeftToDrop === 0);
      }
      await eventually(async () => (await bench.database.query(`SELECT 1 FROM log_record WHERE topic = $1`, [topic])).length === 0);
      expect(await inKafka(topic)).toBeGreaterThan(300);
      await eventually(async () => (await bench.eventLog.lag('relayed', topic)).every(({ records }) => records === 0));
      expect(await tally(bench.database, 'relayed', topic)).toEqual({ applied: 300, ...NO_FAULTS });
      const [row] = await bench.database.query<{ parts: number }>(`SELECT count(DISTINCT part) AS parts FROM effect WHERE topic = $1 GROUP BY key ORDER BY 1 DESC LIMIT 1`, [topic]);
      expect(row?.parts).toBe(1);
      await bench.clean();
      line.cut();
    });

    it('is taken over when it is killed, without loss, repetition or disorder', async () => {
      const topic = await topicWithoutRelay();
      await bench.subscribe({ group: 'rekilled', topics: [topic], handle: recording('rekilled') });
      for (let round = 0; round < 4; round += 1) {
        const relay = bench.worker({ role: 'relay', name: `relay${round}`, topic });
        await relay.line(/^ready$/);
        const writing = writeOutbox(topic, 300, round * 300);
        const before = (await tally(bench.database, 'rekilled', topic)).applied;
        await eventually(async () => (await tally(bench.database, 'rekilled', topic)).applied > before + 30, { limitMs: 20_000, everyMs: 5 });
        await relay.kill();
        await writing;
      }
      bench.worker({ role: 'relay', name: 'last', topic });
      expect(await bench.applied('rekilled', topic, 1200)).toEqual(NO_FAULTS);
    });

    it('carries a PostgreSQL log over to Kafka, where each group goes on at its record', async () => {
      const topic = `t-${randomUUID()}`;
      const embedded = bench.own(await Bench.start({ databaseUrl: fresh.url }));
      await embedded.eventLog.ensureTopics([declareTopic(topic)]);
      await appendNumbers(embedded.eventLog, topic, 100, 10);
      await embedded.subscribe({ group: 'moves', topics: [topic], handle: recording('moves') });
      await embedded.applied('moves', topic, 100);
      await embedded.clean();
      await appendNumbers(embedded.eventLog, topic, 50, 10, 100);
      await bench.eventLog.ensureTopics([declareTopic(topic)]);
      await bench.subscribe({ group: 'moves', topics: [topic], handle: recording('moves') });
      await bench.subscribe({ group: 'begins', topics: [topic], handle: recording('begins') });
      for (const group of ['moves', 'begins']) expect(await bench.applied(group, topic, 150)).toEqual(NO_FAULTS);
    });
  });

  describe('topics', () => {
    const raw = new Kafka({ brokers, clientId: 'spec', logLevel: logLevel.NOTHING });
    let admin: Admin;
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.start({ databaseUrl: fresh.url, brokers });
      admin = raw.admin();
      await admin.connect();
    });
    afterEach(() => bench.clean());
    afterAll(async () => {
      await bench.close();
      await admin.disconnect();
    });

    async function settings(topic: string): Promise<Map<string, string>> {
      const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }] });
      return new Map(resources.flatMap(({ configEntries }) => configEntries.map(({ configName, configValue }) => [configName, configValue] as const)));
    }

    it('have the declared partitions, retention and compaction, and keep what others set', async () => {
      const topic = await bench.topic({ partitions: 2, retentionMs: 86_400_000 });
      expect(Object.fromEntries(await settings(topic))).toMatchObject({ 'retention.ms': '86400000', 'cleanup.policy': 'delete' });
      const foreign = [{ name: 'max.message.bytes', value: '2000000' }, { name: 'retention.ms', value: '5' }];
      await admin.alterConfigs({ validateOnly: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries: foreign }] });
      await bench.eventLog.ensureTopics([declareTopic(topic, { partitions: 5, compacted: true })]);
      await eventually(async () => (await settings(topic)).get('cleanup.policy') === 'compact');
      expect(Object.fromEntries(await settings(topic))).toMatchObject({ 'retention.ms': '-1', 'max.message.bytes': '2000000' });
      expect(await bench.eventLog.lag('x', topic)).toHaveLength(5);
    });

    it('that were made anew by somebody else are not read from a stale position until they are replayed', async () => {
      const topic = await bench.topic({ partitions: 1 });
      await appendNumbers(bench.eventLog, topic, 50, 5);
      const reading = await bench.subscribe({ group: 'stale', topics: [topic], handle: recording('stale') });
      await bench.applied('stale', topic, 50);
      await reading.stop();
      await admin.deleteTopics({ topics: [topic] });
      await eventually(async () => !(await admin.listTopics()).includes(topic));
      await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: 1 }] });
      await eventually(async () => (await admin.fetchTopicOffsets(topic)).length === 1);
      const log = new KeptLog();
      const late = bench.own(await openLog({ databaseUrl: fresh.url, brokers }, 'late', log));
      await late.eventLog.append(topic, [numbered('k0', 1000)]);
      const refused = late.eventLog.subscribe({ group: 'stale', topics: [topic], handle: recording('stale') });
      await eventually(() => log.errors.some((message) => message.includes('lies beyond its end')));
      await refused.stop();
      expect(await appliedNumbers(bench.database, 'stale', topic, 'k0')).not.toContain(1000);
      await late.eventLog.replayFromStart('stale', topic);
      const again = late.eventLog.subscribe({ group: 'stale', topics: [topic], handle: recording('stale') });
      await eventually(async () => (await appliedNumbers(bench.database, 'stale', topic, 'k0')).includes(1000));
      await again.stop();
    });

    it('that CC makes anew are read from their first record', async () => {
      const topic = await bench.topic({ partitions: 1 });
      await appendNumbers(bench.eventLog, topic, 50, 5);
      const reading = await bench.subscribe({ group: 'anew', topics: [topic], handle: recording('anew') });
      await bench.applied('anew', topic, 50);
      await reading.stop();
      await admin.deleteTopics({ topics: [topic] });
      await eventually(async () => !(await admin.listTopics()).includes(topic));
      await bench.eventLog.ensureTopics([declareTopic(topic, { partitions: 1 })]);
      // The producer has counted on in the former topic, which the new one does not take; the next producer begins anew.
      await eventually(() => bench.eventLog.append(topic, [numbered('k0', 1000)]).then(() => true), { limitMs: 20_000 });
      await bench.subscribe({ group: 'anew', topics: [topic], handle: recording('anew') });
      await eventually(async () => (await appliedNumbers(bench.database, 'anew', topic, 'k0')).includes(1000));
    });

    it('take more than a batch of the broker holds', async () => {
      const topic = await bench.topic();
      const value = Buffer.alloc(8_000, 'x');
      const append = bench.eventLog.append(topic, Array.from({ length: 600 }, () => ({ key: 'same', value, headers: {} })));
      const sizes: number[] = [];
      await bench.subscribe({ group: 'large', topics: [topic], handle: async ({ records }) => Promise.resolve(sizes.push(...records.map((record) => record.value?.length ?? 0))).then(() => ({ kind: 'handled' })) });
      await append;
      await eventually(() => sizes.length === 600);
      expect(new Set(sizes)).toEqual(new Set([8_000]));
    });

    it('take records from a service without a database, which cannot read', async () => {
      const topic = await bench.topic();
      const eventLog = createEventLog({ driver: 'kafka', brokers, clientId: 'ingest', log: new SilentLog(), metrics: new NoMetrics(), onFatal: () => undefined });
      await eventLog.ensureTopics([declareTopic(topic)]);
      await appendNumbers(eventLog, topic, 20, 5);
      expect(() => eventLog.subscribe({ group: 'g', topics: [topic], handle: recording('g') })).toThrow('append only');
      await eventLog.close();
      await bench.subscribe({ group: 'ingested', topics: [topic], handle: recording('ingested') });
      expect(await bench.applied('ingested', topic, 20)).toEqual(NO_FAULTS);
    });
  });
});

describeWithKafkaBroker('the event log while its broker is away', () => {
  let fresh: FreshDatabase;
  let broker: KafkaBroker;
  beforeAll(async () => {
    fresh = await preparedDatabase();
    broker = await startKafkaBroker();
  });
  afterAll(async () => {
    await broker.stop();
    await fresh.drop();
  });

  it('goes on by itself when the broker is back, and loses and repeats nothing', async () => {
    const bench = await Bench.start({ databaseUrl: fresh.url, brokers: broker.brokers, appendDeadlineMs: 60_000 });
    const topic = await bench.topic();
    const running = await bench.subscribe({ group: 'outage', topics: [topic], handle: recording('outage') });
    await appendNumbers(bench.eventLog, topic, 100, 10);
    await bench.applied('outage', topic, 100);
    await broker.kill();
    const during = appendNumbers(bench.eventLog, topic, 100, 10, 100);
    await bench.database.transaction((tx) => bench.eventLog.appendInTransaction(tx, topic, [numbered('outbox', 1000), numbered('outbox', 1001)]));
    await pause(2000);
    await broker.restart();
    await during;
    await appendNumbers(bench.eventLog, topic, 100, 10, 200);
    expect(await bench.applied('outage', topic, 302, 60_000)).toEqual(NO_FAULTS);
    expect(await appliedNumbers(bench.database, 'outage', topic, 'outbox')).toEqual([1000, 1001]);
    broker.pause();
    const alive = running.lastAliveAtMs();
    const paused = appendNumbers(bench.eventLog, topic, 100, 10, 300);
    await pause(3000);
    broker.resume();
    await paused;
    expect(await bench.applied('outage', topic, 402, 60_000)).toEqual(NO_FAULTS);
    expect(running.lastAliveAtMs()).toBeGreaterThan(alive);
    await bench.close();
  });

  it('refuses an append after its deadline, and ends all the same', async () => {
    const bench = await Bench.start({ databaseUrl: fresh.url, brokers: broker.brokers, appendDeadlineMs: 300 });
    const topic = await bench.topic();
    await bench.eventLog.append(topic, [numbered('k', 0)]);
    await broker.kill();
    await expect(bench.eventLog.append(topic, [numbered('k', 1)])).rejects.toMatchObject({ kind: 'unavailable', code: 'log-unavailable' });
    await expect(Promise.all([2, 3].map((n) => bench.eventLog.append(topic, [numbered('k', n)])))).rejects.toMatchObject({ kind: 'unavailable' });
    await bench.close();
    await broker.restart();
  });
});
