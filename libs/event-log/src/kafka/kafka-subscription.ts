import { backoffMs, CcError, describeError, pause, withDeadline } from '@cc/kernel';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { BatchRunner, DEFAULT_MAX_BATCH, type Step } from '../batch-runner';
import { Cursors } from '../cursors';
import type { LogRecord, RunningSubscription, Subscription } from '../event-log';
import { BUSY_WITHIN_MS, GATHER_MS } from '../gathering';
import type { PartitionName } from '../log-tables';
import type { SubscriptionParts } from '../postgres/postgres-subscription';
import { endlessRetry, toOffset } from './kafka-client';
import { KafkaPartition } from './kafka-partition';
import type { KafkaTopics, Watermarks } from './kafka-topics';

export interface KafkaSubscriptionParts extends SubscriptionParts {
  readonly kafka: Kafka;
  readonly topics: KafkaTopics;
  /** The consumer is dead for good: only a new process helps. */
  readonly onFatal: (reason: string) => void;
  /** How long the group waits for a member that has gone silent, ms. */
  readonly sessionTimeoutMs: number;
}

const HEARTBEATS_IN_SESSION = 10;
/** All: how many batches hold a connection at once is for the slots to say, and one that gathers holds none. */
const PARTITIONS_AT_ONCE = 64;
const MAX_WAIT_MS = 250;
const MAX_BYTES_PER_PARTITION = 512 * 1024;
/** How soon to try again when another member is just finishing its batch, ms. */
const BUSY_MS = 30;
const STOP_LIMIT_MS = 20_000;
const MAX_BACKOFF_MS = 5_000;

interface Assigned {
  readonly source: KafkaPartition;
  readonly runner: BatchRunner;
  /** When its last batch was done, epoch ms. */
  doneAtMs: number;
}

/**
 * A member of a Kafka consumer group. Kafka hands out the partitions; the position, and who may really work on a partition, is the
 * cursor's row in PostgreSQL. Offsets committed to Kafka are only for its own tools.
 */
export class KafkaSubscription implements RunningSubscription {
  readonly ready: Promise<void>;
  private readonly stopping = new AbortController();
  private readonly timers = new Set<NodeJS.Timeout>();
  private assigned = new Map<string, Assigned>();
  /** Resolves when the partitions of the present assignment stand where their cursors are. */
  private positioned: Promise<void> = Promise.resolve();
  private generation = 0;
  private consumer: Consumer | undefined;
  private aliveAtMs = Date.now();
  private readonly started: Promise<void>;
  private stopped: Promise<void> | undefined;

  constructor(
    private readonly parts: KafkaSubscriptionParts,
    private readonly subscription: Subscription,
  ) {
    this.started = this.start();
    this.ready = this.started;
    // Who does not look at `ready` is told by onFatal.
    this.started.catch((error: unknown) => this.fatal(error));
  }

  lastAliveAtMs(): number {
    return this.aliveAtMs;
  }

  async stop(): Promise<void> {
    this.stopped ??= this.shutDown();
    await this.stopped;
  }

  private async shutDown(): Promise<void> {
    this.stopping.abort();
    for (const timer of this.timers) clearTimeout(timer);
    // Leaving before run() has resolved would leave a member behind that the group waits for.
    await withDeadline(this.started, STOP_LIMIT_MS, 'Joining the group').catch(() => undefined);
    if (this.consumer !== undefined) await withDeadline(this.consumer.disconnect(), STOP_LIMIT_MS, 'Leaving the group').catch(() => undefined);
  }

  private async start(): Promise<void> {
    const { group, topics } = this.subscription;
    const consumer = this.parts.kafka.consumer({
      groupId: group,
      sessionTimeout: this.parts.sessionTimeoutMs,
      heartbeatInterval: Math.ceil(this.parts.sessionTimeoutMs / HEARTBEATS_IN_SESSION),
      rebalanceTimeout: 60_000,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
      allowAutoTopicCreation: false,
      retry: endlessRetry,
    });
    this.consumer = consumer;
    const alive = (): number => (this.aliveAtMs = Date.now());
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => this.join(payload.memberAssignment));
    consumer.on(consumer.events.HEARTBEAT, alive);
    consumer.on(consumer.events.FETCH, alive);
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) this.fatal(payload.error);
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, partitionsConsumedConcurrently: PARTITIONS_AT_ONCE, eachBatch: (payload) => this.batch(payload) });
  }

  private fatal(error: unknown): void {
    if (this.stopping.signal.aborted) return;
    const reason = `The consumer group ${this.subscription.group} has lost its consumer: ${describeError(error)}`;
    this.parts.log.error('A consumer is dead', { group: this.subscription.group, error: describeError(error) });
    this.parts.onFatal(reason);
  }

  /** Called while joining, before anything is fetched. */
  private join(assignment: Readonly<Record<string, readonly number[]>>): void {
    this.generation += 1;
    this.aliveAtMs = Date.now();
    const names = Object.entries(assignment).flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition })));
    this.parts.log.info('The consumer group was joined', { group: this.subscription.group, partitions: names.length });
    this.assigned = new Map();
    this.positioned = this.position(names, this.generation);
  }

  private async position(names: readonly PartitionName[], generation: number): Promise<void> {
    for (let attempt = 0; generation === this.generation && !this.stopping.signal.aborted; attempt += 1) {
      try {
        await this.tryPosition(names, generation);
        return;
      } catch (error) {
        this.parts.log.warn('A consumer waits to learn its position', { group: this.subscription.group, attempt, error: describeError(error) });
        await pause(backoffMs(attempt, 50, MAX_BACKOFF_MS), this.stopping.signal);
      }
    }
  }

  private async tryPosition(names: readonly PartitionName[], generation: number): Promise<void> {
    const cursors = new Cursors(await this.parts.topics.logName(), this.subscription.group);
    await this.parts.database.transaction((tx) => cursors.create(tx, names));
    for (const topic of new Set(names.map((name) => name.topic))) {
      const offsets = await cursors.read(this.parts.database, topic);
      const watermarks = await this.parts.topics.watermarks(topic);
      if (generation !== this.generation) return;
      for (const name of names.filter((each) => each.topic === topic)) this.place(name, cursors, offsets.get(name.partition) ?? -1, watermarks.get(name.partition));
    }
  }

  private place(name: PartitionName, cursors: Cursors, cursor: number, watermarks: Watermarks | undefined): void {
    const where = { topic: name.topic, partitions: [name.partition] };
    if (watermarks === undefined) throw new CcError('unavailable', 'partition-unknown', `Kafka does not know partition ${name.partition} of ${name.topic} yet`);
    const { low, high } = watermarks;
    if (cursor >= high && cursor >= 0) {
      this.parts.log.error('A partition is not read: its cursor lies beyond its end, so the topic is not the one that the group has read; replay it from the start', {
        group: this.subscription.group, ...name, cursor, end: high,
      });
      this.consumer?.pause([where]);
      return;
    }
    if (cursor >= 0 && cursor + 1 < low) this.parts.log.error('Records were deleted before the group has read them', { group: this.subscription.group, ...name, cursor, start: low });
    const source = new KafkaPartition(cursors, name);
    source.position = cursor;
    this.assigned.set(idOf(name), { source, runner: new BatchRunner(this.parts, this.subscription, source), doneAtMs: 0 });
    this.consumer?.resume([where]);
    this.consumer?.seek({ ...name, offset: String(Math.max(cursor + 1, low)) });
  }

  /** Never rejects: that would stop every partition of the member. What was not resolved is fetched again. */
  private async batch(payload: EachBatchPayload): Promise<void> {
    const beat = setInterval(() => void payload.heartbeat().catch(() => undefined), Math.ceil(this.parts.sessionTimeoutMs / HEARTBEATS_IN_SESSION));
    try {
      const generation = this.generation;
      await this.positioned;
      const assigned = this.assigned.get(idOf(payload.batch));
      if (assigned !== undefined && !payload.isStale()) await this.work(payload, assigned, generation);
    } catch (error) {
      this.parts.log.warn('A batch was given up', { group: this.subscription.group, topic: payload.batch.topic, partition: payload.batch.partition, error: describeError(error) });
      this.rest(payload, BUSY_MS);
    } finally {
      clearInterval(beat);
    }
  }

  private async work(payload: EachBatchPayload, assigned: Assigned, generation: number): Promise<void> {
    const { source, runner } = assigned;
    const last = toOffset(payload.batch.lastOffset());
    source.offer(payload.batch.messages.map((message) => toLogRecord(source.partition, message)));
    let upTo: number | undefined;
    while (payload.isRunning() && !payload.isStale() && generation === this.generation && !this.stopping.signal.aborted) {
      const step = await this.parts.slots.run(() => runner.step());
      this.aliveAtMs = Date.now();
      if (step.kind === 'advanced') {
        upTo = step.upTo;
        source.committed(upTo);
        payload.resolveOffset(String(upTo));
        if (upTo >= last) break;
      } else if (!this.goesOn(payload, step)) break;
    }
    if (upTo === undefined) return;
    await hint(payload, upTo);
    await this.gather(payload, assigned);
  }

  private async gather({ batch }: EachBatchPayload, assigned: Assigned): Promise<void> {
    const busy = Date.now() - assigned.doneAtMs < BUSY_WITHIN_MS && batch.messages.length < DEFAULT_MAX_BATCH;
    if (busy) await pause(GATHER_MS, this.stopping.signal);
    assigned.doneAtMs = Date.now();
  }

  /** True when the next step may follow at once. */
  private goesOn(payload: EachBatchPayload, step: Exclude<Step, { kind: 'advanced' }>): boolean {
    switch (step.kind) {
      case 'wait':
        if (step.waitMs > 0) this.rest(payload, step.waitMs);
        return step.waitMs === 0;
      case 'busy':
        this.rest(payload, BUSY_MS);
        return false;
      case 'empty':
        payload.resolveOffset(payload.batch.lastOffset());
        return false;
      case 'displaced':
        this.positioned = this.position([{ topic: payload.batch.topic, partition: payload.batch.partition }], this.generation);
        return false;
    }
  }

  /** Leaves the partition alone for a while; the others go on. */
  private rest(payload: EachBatchPayload, ms: number): void {
    const resume = payload.pause();
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      resume();
    }, ms);
    this.timers.add(timer);
  }
}

function idOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}

/** Tells Kafka for its tools' sake; a rebalance or an absent coordinator may refuse it. */
async function hint(payload: EachBatchPayload, upTo: number): Promise<void> {
  const { topic, partition } = payload.batch;
  await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset: String(upTo + 1) }] }] }).catch(() => undefined);
}

/** A record of a stranger's may have no key: it counts as the empty one. */
function toLogRecord({ topic, partition }: PartitionName, message: KafkaMessage): LogRecord {
  const headers: Record<string, string> = {};
  for (const [name, given] of Object.entries(message.headers ?? {})) {
    const text = Array.isArray(given) ? given.at(-1) : given;
    if (text !== undefined) headers[name] = text.toString();
  }
  return { topic, partition, offset: toOffset(message.offset), key: message.key?.toString() ?? '', value: message.value, headers, appendedAtMs: Number(message.timestamp) };
}
