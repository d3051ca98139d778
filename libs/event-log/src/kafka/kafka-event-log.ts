import type { TopicDeclaration, WireRecord } from '@cc/contracts';
import { backoffMs, CcError, describeError, pause, withDeadline, type Log } from '@cc/kernel';
import type { Database, Tx } from '@cc/postgres';
import { AppendQueue, type AppendLimits } from '../append-queue';
import type { RunnerCounters } from '../batch-runner';
import { Cursors } from '../cursors';
import { NOTE_REPLAYED } from '../dead-letter-history';
import { DeadLetterMirror } from '../dead-letter-mirror';
import type { DeadLetters } from '../dead-letters';
import { EventLog, type PartitionLag, type RunningSubscription, type Subscription } from '../event-log';
import { appendRecords } from '../log-tables';
import { PostgresTopics } from '../postgres/postgres-topics';
import { PgDeadLetters } from '../pg-dead-letters';
import { checkRecords } from '../record-limits';
import { Slots } from '../slots';
import type { KafkaClients } from './kafka-client';
import { KafkaSender } from './kafka-sender';
import { KafkaSubscription } from './kafka-subscription';
import { KafkaTopics } from './kafka-topics';
import { OutboxRelay } from './outbox-relay';

export interface KafkaEventLogParts {
  readonly kafka: KafkaClients;
  /** For cursors, parked records and the outbox; a service that only appends needs none. */
  readonly database?: Database;
  readonly log: Log;
  readonly counters: RunnerCounters;
  readonly appendLimits: AppendLimits;
  readonly sessionTimeoutMs: number;
  readonly onFatal: (reason: string) => void;
}

const BATCHES_AT_ONCE = 4;
const RELAYS_AT_ONCE = 2;
const CLOSE_LIMIT_MS = 10_000;
const MAX_BACKOFF_MS = 5_000;

const FORGET_REPLAYED = `
  WITH gone AS (
    DELETE FROM dead_letter WHERE log = $1 AND grp = $2 AND topic = $3 AND part = $4 AND off >= $5 RETURNING seq, grp, topic, part, off, key
  )
  ${NOTE_REPLAYED}`;

/** The event log on Apache Kafka, with its positions and its outbox in PostgreSQL. */
export class KafkaEventLog extends EventLog {
  private readonly topics: KafkaTopics;
  private readonly outboxTopics: PostgresTopics | undefined;
  private readonly mirror: DeadLetterMirror | undefined;
  private readonly sender: KafkaSender;
  private readonly queue: AppendQueue;
  private readonly slots = new Slots(BATCHES_AT_ONCE);
  private readonly relaySlots = new Slots(RELAYS_AT_ONCE);
  private readonly subscriptions = new Map<Subscription, KafkaSubscription>();
  private readonly relayed = new Set<string>();
  private relays: OutboxRelay[] = [];
  private readonly closing = new AbortController();

  constructor(private readonly parts: KafkaEventLogParts) {
    super();
    this.topics = new KafkaTopics(parts.kafka.forRequests, parts.log);
    this.outboxTopics = parts.database === undefined ? undefined : new PostgresTopics(parts.database, parts.log);
    this.mirror = this.outboxTopics === undefined ? undefined : new DeadLetterMirror(this.outboxTopics, parts.log);
    this.sender = new KafkaSender(parts.kafka.forRequests, parts.log);
    this.queue = new AppendQueue((appends) => this.sender.write(appends), parts.appendLimits);
  }

  /** Waits while Kafka is away; then begins to relay what the outbox has for these topics. */
  async ensureTopics(topics: readonly TopicDeclaration[]): Promise<void> {
    for (let attempt = 0; !this.closing.signal.aborted; attempt += 1) {
      try {
        const created = await this.topics.ensure(topics);
        await this.openOutbox(topics, created);
        return;
      } catch (error) {
        if (!(error instanceof CcError && error.kind === 'unavailable')) throw error;
        this.parts.log.warn('Waiting for Kafka', { attempt, error: describeError(error) });
        await pause(backoffMs(attempt, 100, MAX_BACKOFF_MS), this.closing.signal);
      }
    }
  }

  async append(topic: string, records: readonly WireRecord[]): Promise<void> {
    checkRecords(records);
    await this.topics.partitions(topic);
    await this.queue.add(topic, records);
  }

  async appendInTransaction(tx: Tx, topic: string, records: readonly WireRecord[]): Promise<void> {
    const { outboxTopics } = this.withDatabase();
    checkRecords(records);
    await appendRecords(tx, topic, await outboxTopics.partitions(topic, tx), records, null);
  }

  subscribe(subscription: Subscription): RunningSubscription {
    const { database, mirror } = this.withDatabase();
    const running = new KafkaSubscription({ ...this.parts, kafka: this.parts.kafka.forConsumers, database, mirror, topics: this.topics, slots: this.slots }, subscription);
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
    const { database } = this.withDatabase();
    const offsets = await new Cursors(await this.topics.logName(), group).read(database, topic);
    const watermarks = await this.topics.watermarks(topic);
    return [...watermarks]
      .map(([partition, { low, high }]) => ({ topic, partition, records: Math.max(0, high - Math.max(low, (offsets.get(partition) ?? -1) + 1)) }))
      .sort((a, b) => a.partition - b.partition);
  }

  /** Also what makes a partition readable again whose topic was deleted and made anew. Parked records that Kafka still has are forgotten, since they come again. */
  async replayFromStart(group: string, topic: string): Promise<void> {
    const { database } = this.withDatabase();
    const cursors = new Cursors(await this.topics.logName(), group);
    const watermarks = await this.topics.watermarks(topic);
    await database.transaction(async (tx) => {
      await cursors.rewind(tx, topic);
      for (const [partition, { low }] of watermarks) {
        await tx.query(FORGET_REPLAYED, [cursors.log, group, topic, partition, low]);
      }
    });
  }

  async deadLetters(group: string): Promise<DeadLetters> {
    const { mirror } = this.withDatabase();
    return new PgDeadLetters({ cursors: new Cursors(await this.topics.logName(), group), mirror, subscriptions: () => this.subscriptions.keys() });
  }

  stalledForMs(): number {
    return this.sender.stalledForMs();
  }

  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all([...this.subscriptions.values()].map((running) => running.stop()));
    await Promise.all(this.relays.map((relay) => relay.stop()));
    await withDeadline(this.queue.close(), CLOSE_LIMIT_MS, 'Sending what waits').catch((error: unknown) => this.parts.log.warn('Records were not sent', { error: describeError(error) }));
    await this.sender.close();
    await this.topics.close();
  }

  private withDatabase(): { readonly database: Database; readonly outboxTopics: PostgresTopics; readonly mirror: DeadLetterMirror } {
    const { database } = this.parts;
    const { outboxTopics, mirror } = this;
    if (database === undefined || outboxTopics === undefined || mirror === undefined) throw new CcError('fault', 'log-without-database', 'This event log was made to append only: it has no database');
    return { database, outboxTopics, mirror };
  }

  /** The outbox has Kafka's partitions; its rows are deleted as they are relayed. */
  private async openOutbox(topics: readonly TopicDeclaration[], created: readonly string[]): Promise<void> {
    if (this.parts.database === undefined) return;
    const { database, outboxTopics, mirror } = this.withDatabase();
    const sized: TopicDeclaration[] = [];
    for (const topic of topics) sized.push({ ...topic, partitions: await this.topics.partitions(topic.name), retentionMs: 'forever', compacted: false });
    await outboxTopics.ensure(sized);
    for (const topic of created) await this.forgetFormerTopic(database, topic);
    const fresh = topics.map(({ name }) => name).filter((name) => !this.relayed.has(name));
    if (fresh.length === 0) return;
    for (const name of fresh) this.relayed.add(name);
    this.relays.push(new OutboxRelay({ ...this.parts, database, mirror, slots: this.relaySlots }, fresh, this.queue));
  }

  /** A topic that we have just made has nothing in common with one of its name that groups have read before. */
  private async forgetFormerTopic(database: Database, topic: string): Promise<void> {
    const log = await this.topics.logName();
    for (const [partition, { high }] of await this.topics.watermarks(topic)) {
      const rows = await database.query(`UPDATE log_cursor SET off = -1 WHERE log = $1 AND topic = $2 AND part = $3 AND off >= $4 AND off >= 0 RETURNING grp`, [log, topic, partition, high]);
      if (rows.length > 0) this.parts.log.warn('Positions in a former topic of the same name were forgotten', { topic, partition, groups: rows.length });
    }
  }
}
