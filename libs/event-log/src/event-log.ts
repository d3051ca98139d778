import type { TopicDeclaration, WireRecord } from '@cc/contracts';
import type { Tx } from '@cc/postgres';
import type { DeadLetters } from './dead-letters';

/** A record as it was read: where it lies, and when the log took it (epoch ms, the log's clock). */
export interface LogRecord extends WireRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly appendedAtMs: number;
}

/**
 * Records of one partition in offset order, with the transaction in which their effects and the group's cursor are committed.
 * Do no slow I/O while it is open.
 */
export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly LogRecord[];
  readonly tx: Tx;
}

export interface Parked {
  readonly record: LogRecord;
  readonly reason: string;
}

/**
 * What a handler says of its batch.
 * `handled`: commit. Records under `parked` are put aside with their reason; later records of the same keys follow them
 * until released, and no other key waits. The handler has not applied a parked record.
 * `retry`: the world is not ready (a dependency is away): roll back and deliver the same batch again after a pause, for ever.
 * A handler that throws is rolled back as well; a transient database error is retried for ever, any other error a few times,
 * then the batch is halved until the culprit is alone, and that one is parked with the error as its reason.
 */
export type Outcome =
  | { readonly kind: 'handled'; readonly parked?: readonly Parked[] }
  | { readonly kind: 'retry'; readonly reason: string };

export const handled: Outcome = { kind: 'handled' };

export interface Subscription {
  /** The consumer group: its members share the partitions, and each record takes effect once per group. */
  readonly group: string;
  readonly topics: readonly string[];
  readonly handle: (batch: Batch) => Promise<Outcome>;
  /** At most this many records in a batch; 500 unless told. */
  readonly maxBatch?: number;
}

export interface RunningSubscription {
  /** Resolves once the group was joined, or at once where joining is implicit. */
  readonly ready: Promise<void>;
  /** Epoch ms of the last time that the consumer was seen alive (a fetch, a heartbeat): what liveness looks at. */
  lastAliveAtMs(): number;
  /** Finishes the batch in hand, gives the partitions up, resolves. Safe to call twice. */
  stop(): Promise<void>;
}

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  /** Records that the group has not yet taken. */
  readonly records: number;
}

/**
 * The event log: the only way in which services talk. Two drivers, one conformance suite.
 * Order holds per key; a key's partition is that of Kafka's own partitioner on both drivers.
 */
export abstract class EventLog {
  /** Creates what is missing, with the declared partitions, retention and compaction, and waits until all topics can be used. */
  abstract ensureTopics(topics: readonly TopicDeclaration[]): Promise<void>;

  /** Durable when it resolves. Rejects with `unavailable` after its deadline; then the records may or may not be there. */
  abstract append(topic: string, records: readonly WireRecord[]): Promise<void>;

  /**
   * The transactional outbox: the records become part of the log exactly if `tx` commits. Append last in a transaction.
   * On Kafka a relay moves them over, once in effect.
   */
  abstract appendInTransaction(tx: Tx, topic: string, records: readonly WireRecord[]): Promise<void>;

  abstract subscribe(subscription: Subscription): RunningSubscription;

  /** How far the group is behind, per partition of the topic. */
  abstract lag(group: string, topic: string): Promise<readonly PartitionLag[]>;

  /** Makes the group read the topic from its first record again; its members must be stopped. */
  abstract replayFromStart(group: string, topic: string): Promise<void>;

  /** The group's parked records, for the process in which the group's handlers run. */
  abstract deadLetters(group: string): Promise<DeadLetters>;

  /**
   * For how long, ms, the log has not taken what waits for it; 0 while it flows. What was appended in transactions waits
   * safely, but whoever would promise a prompt effect should refuse until it flows again.
   */
  abstract stalledForMs(): number;

  /** Stops the subscriptions that still run, relays and upkeep; flushes; closes connections. */
  abstract close(): Promise<void>;
}
