import { createEventLog, eventLogMigrations, handled, type EventLog } from '@cc/event-log';
import { NoMetrics, SilentLog, withDeadline, type Metrics } from '@cc/kernel';
import { runMigrations, TypeOrmDatabase } from '@cc/postgres';
import { secondsSince } from './measure';
import { CommitMetrics, Finish, type batchesOf } from './records';

/** Where the log under test lives; with brokers it is on Kafka. */
export interface Place {
  readonly databaseUrl: string;
  readonly brokers?: readonly string[];
}

const LIMIT_MS = 120_000;

async function withLog<T>(place: Place, metrics: Metrics, use: (log: EventLog, fatal: Promise<never>) => Promise<T>): Promise<T> {
  const database = await TypeOrmDatabase.connect({ url: place.databaseUrl, poolSize: 8, applicationName: 'cc-bench' });
  await runMigrations(database, 'event-log', eventLogMigrations);
  let fail = (_reason: Error): void => undefined;
  const fatal = new Promise<never>((_, reject) => (fail = reject));
  fatal.catch(() => undefined);
  const log = createEventLog(
    place.brokers === undefined
      ? { driver: 'postgres', database, log: new SilentLog(), metrics }
      : { driver: 'kafka', brokers: place.brokers, clientId: 'cc-bench', database, log: new SilentLog(), metrics, onFatal: (reason) => fail(new Error(reason)) },
  );
  try {
    return await use(log, fatal);
  } finally {
    await log.close();
    await database.close();
  }
}

/** Records a second that CC's log takes durably, one append of a batch after the other. */
export async function appendWithProduct(place: Place, topic: Parameters<EventLog['ensureTopics']>[0][number], batches: ReturnType<typeof batchesOf>): Promise<number> {
  return withLog(place, new NoMetrics(), async (log) => {
    await log.ensureTopics([topic]);
    // The first append also connects.
    const [first = [], ...rest] = batches;
    await log.append(topic.name, first);
    const startedAt = performance.now();
    for (const batch of rest) await log.append(topic.name, batch);
    return rest.reduce((sum, batch) => sum + batch.length, 0) / secondsSince(startedAt);
  });
}

/** Records a second that a new group takes with a handler that does nothing, from the first batch to the last commit. */
export async function consumeWithProduct(place: Place, topic: Parameters<EventLog['ensureTopics']>[0][number], group: string, expected: number): Promise<number> {
  const finish = new Finish(expected);
  return withLog(place, new CommitMetrics((count) => finish.done(count)), async (log, fatal) => {
    await log.ensureTopics([topic]);
    const subscription = log.subscribe({
      group,
      topics: [topic.name],
      handle: () => {
        finish.begin();
        return Promise.resolve(handled);
      },
    });
    try {
      return expected / (await withDeadline(Promise.race([finish.seconds, fatal]), LIMIT_MS, `Consuming ${expected} records with CC`));
    } finally {
      await subscription.stop();
    }
  });
}
