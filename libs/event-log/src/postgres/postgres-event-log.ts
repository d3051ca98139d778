import type { TopicDeclaration, WireRecord } from '@cc/contracts';
import type { Log } from '@cc/kernel';
import type { Database, Tx } from '@cc/postgres';
import { AppendQueue, type AppendLimits } from '../append-queue';
import type { RunnerCounters } from '../batch-runner';
import { Cursors } from '../cursors';
import { NOTE_REPLAYED } from '../dead-letter-history';
import { DeadLetterMirror } from '../dead-letter-mirror';
import type { DeadLetters } from '../dead-letters';
import { EventLog, type PartitionLag, type RunningSubscription, type Subscription } from '../event-log';
import { appendRecords } from '../log-tables';
import { PgDeadLetters } from '../pg-dead-letters';
import { checkRecords } from '../record-limits';
import { Slots } from '../slots';
import { PostgresAppender } from './postgres-appender';
import { PostgresSubscription } from './postgres-subscription';
import { PostgresTopics } from './postgres-topics';
import { PostgresUpkeep, type UpkeepLimits } from './postgres-upkeep';

export interface PostgresEventLogParts {
  readonly database: Database;
  readonly log: Log;
  readonly counters: RunnerCounters;
  readonly appendLimits: AppendLimits;
  readonly upkeepLimits: UpkeepLimits;
}

/** Batches of this process at once, over all its subscriptions: each holds one connection of the pool. */
const BATCHES_AT_ONCE = 4;

const LAG = `
  SELECT h.part, greatest(0, h.next - greatest(coalesce(c.off, -1) + 1, h.start)) AS records
  FROM log_head h LEFT JOIN log_cursor c ON c.log = 'postgres' AND c.grp = $1 AND c.topic = h.topic AND c.part = h.part
  WHERE h.topic = $2 ORDER BY h.part`;

const FORGET_REPLAYED = `
  WITH gone AS (
    DELETE FROM dead_letter d USING log_record r
    WHERE d.log = 'postgres' AND d.grp = $1 AND d.topic = $2 AND (r.topic, r.part, r.off) = (d.topic, d.part, d.off)
    RETURNING d.seq, d.grp, d.topic, d.part, d.off, d.key
  )
  ${NOTE_REPLAYED}`;

/** The event log in PostgreSQL tables; {@link eventLogMigrations} makes them. */
export class PostgresEventLog extends EventLog {
  private readonly topics: PostgresTopics;
  private readonly mirror: DeadLetterMirror;
  private readonly queue: AppendQueue;
  private readonly upkeep: PostgresUpkeep;
  private readonly slots = new Slots(BATCHES_AT_ONCE);
  private readonly subscriptions = new Map<Subscription, PostgresSubscription>();

  constructor(private readonly parts: PostgresEventLogParts) {
    super();
    this.topics = new PostgresTopics(parts.database, parts.log);
    this.mirror = new DeadLetterMirror(this.topics, parts.log);
    const appender = new PostgresAppender(parts.database, this.topics, parts.log, (topic) => this.wake(topic));
    this.queue = new AppendQueue((appends) => appender.write(appends), parts.appendLimits);
    this.upkeep = new PostgresUpkeep(parts.database, parts.log, parts.upkeepLimits);
  }

  async ensureTopics(topics: readonly TopicDeclaration[]): Promise<void> {
    await this.topics.ensure(topics);
  }

  async append(topic: string, records: readonly WireRecord[]): Promise<void> {
    checkRecords(records);
    await this.queue.add(topic, records);
  }

  async appendInTransaction(tx: Tx, topic: string, records: readonly WireRecord[]): Promise<void> {
    checkRecords(records);
    await appendRecords(tx, topic, await this.topics.partitions(topic, tx), records, null);
  }

  subscribe(subscription: Subscription): RunningSubscription {
    const running = new PostgresSubscription({ ...this.parts, slots: this.slots, mirror: this.mirror }, subscription);
    this.subscriptions.set(subscription, running);
    return {
      ready: running.ready,
      lastAliveAtMs: () => running.lastAliveAtMs(),
      stop: async () => {
        this.subscriptions.delete(subscription);
        await running.stop();
      },
    };
  }

  async lag(group: string, topic: string): Promise<readonly PartitionLag[]> {
    const rows = await this.parts.database.query<{ part: number; records: number }>(LAG, [group, topic]);
    return rows.map(({ part, records }) => ({ topic, partition: part, records }));
  }

  /** Parked records that the log still has are forgotten, since they come again; older ones stay parked. */
  async replayFromStart(group: string, topic: string): Promise<void> {
    await this.parts.database.transaction(async (tx) => {
      await new Cursors('postgres', group).rewind(tx, topic);
      await tx.query(FORGET_REPLAYED, [group, topic]);
    });
  }

  deadLetters(group: string): Promise<DeadLetters> {
    return Promise.resolve(new PgDeadLetters({ cursors: new Cursors('postgres', group), mirror: this.mirror, subscriptions: () => this.subscriptions.keys() }));
  }

  /** Deletes what retention and compaction let go; happens every minute by itself. */
  async runUpkeep(): Promise<void> {
    await this.upkeep.run();
  }

  /** What is committed is in the log at once. */
  stalledForMs(): number {
    return 0;
  }

  async close(): Promise<void> {
    await Promise.all([...this.subscriptions.values()].map((running) => running.stop()));
    await this.upkeep.close();
    await this.queue.close();
  }

  private wake(topic: string): void {
    for (const [{ topics }, running] of this.subscriptions) if (topics.includes(topic)) running.appended();
  }
}
