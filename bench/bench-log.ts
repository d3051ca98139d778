import { allTopics, type WireRecord } from '@cc/contracts';
import { createEventLog, eventLogMigrations, type EventLog } from '@cc/event-log';
import { NoMetrics, SilentLog } from '@cc/kernel';
import { runMigrations, type Database } from '@cc/postgres';
import { eventually } from '@cc/testing';
import type { Place } from './log-product';
import { batchesOf } from './records';

const CATCH_UP_LIMIT_MS = 900_000;

/** The log that the services share, with all its topics, to fill it and to see how far they are. */
export async function benchLog({ brokers }: Place, database: Database): Promise<EventLog> {
  await runMigrations(database, 'event-log', eventLogMigrations);
  const parts = { log: new SilentLog(), metrics: new NoMetrics(), database };
  const open = (): EventLog => createEventLog(brokers === undefined ? { driver: 'postgres', ...parts } : { driver: 'kafka', brokers, clientId: 'cc-bench', onFatal: () => undefined, ...parts });
  // Whoever ensures topics relays their outbox as well; that is for the services alone to do.
  const making = open();
  await making.ensureTopics(allTopics).finally(() => making.close());
  return open();
}

export async function append(log: EventLog, topic: string, records: readonly WireRecord[]): Promise<void> {
  for (const batch of batchesOf(records)) await log.append(topic, batch);
}

/** Until none of the groups has anything before it in its topic. @param check throws when there is no sense in waiting. */
export async function untilCaughtUp(log: EventLog, readers: readonly (readonly [group: string, topic: string])[], check: () => void): Promise<void> {
  await eventually(async () => {
    check();
    for (const [group, topic] of readers) {
      const behind = (await log.lag(group, topic)).reduce((sum, { records }) => sum + records, 0);
      if (behind > 0) throw new Error(`${group} is ${behind} records behind in ${topic}`);
    }
  }, { limitMs: CATCH_UP_LIMIT_MS, everyMs: 200 });
}
