import { backoffMs, describeError, type Counter, type Log, type Metrics } from '@cc/kernel';
import { isTransient, type Database, type Tx } from '@cc/postgres';
import type { DeadLetterMirror } from './dead-letter-mirror';
import type { LogRecord, Outcome, Subscription } from './event-log';
import { FailurePlan } from './failure-plan';
import type { PartitionName } from './log-tables';
import { park, parkedKeys, type DeadLetter } from './parking';

/** What a partition has for its group just now. */
export type Taken =
  /** Another member of the group has the partition. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'empty' }
  /** The cursor is not where this member believes it to be: it must look for its position again. */
  | { readonly kind: 'displaced' }
  /** `upTo` is the offset at which the cursor stands once these are done; beyond the last record where offsets have gaps. */
  | { readonly kind: 'records'; readonly records: readonly LogRecord[]; readonly upTo: number; readonly hasParked: boolean };

type TakenRecords = Extract<Taken, { kind: 'records' }>;

/** One partition as a group reads it. */
export interface PartitionSource {
  readonly partition: PartitionName;
  /** The log that the offsets belong to. */
  readonly log: string;
  /** Locks the group's cursor for the length of `tx` and reads at most `limit` records behind it. */
  take(tx: Tx, limit: number): Promise<Taken>;
  /** Moves the cursor behind what was taken. */
  settle(tx: Tx, taken: TakenRecords, hasParked: boolean): Promise<void>;
}

/** What came of one step. `waitMs`: leave the partition alone for so long, holding nothing. */
export type Step =
  | { readonly kind: 'advanced'; readonly upTo: number; readonly records: number }
  | { readonly kind: 'busy' | 'empty' | 'displaced' }
  | { readonly kind: 'wait'; readonly waitMs: number };

export interface RunnerParts {
  readonly database: Database;
  readonly log: Log;
  readonly counters: RunnerCounters;
  readonly mirror: DeadLetterMirror;
}

export interface RunnerCounters {
  readonly taken: Counter;
  readonly parked: Counter;
  readonly failed: Counter;
}

export function runnerCounters(metrics: Metrics): RunnerCounters {
  return {
    taken: metrics.counter('cc_log_records_taken_total', 'Records whose effects a consumer group has committed', ['group', 'topic']),
    parked: metrics.counter('cc_log_records_parked_total', 'Records put aside for a person to look at', ['group', 'topic']),
    failed: metrics.counter('cc_log_batches_failed_total', 'Batches that were rolled back', ['group', 'topic', 'cause']),
  };
}

export const DEFAULT_MAX_BATCH = 500;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5_000;

class RetryAsked extends Error {}
/** The handler parked a record and has applied later ones of its key: once more, without them. */
class FollowersDelivered extends Error {}

/** What an attempt had come to when it ended. */
interface Attempt {
  taken: number;
  delivered: readonly LogRecord[];
}

/**
 * Takes one partition forward for one group, a batch and a transaction at a time: the handler's writes, parked records and the cursor
 * are committed together. The only place that decides what a failure means. Not for use by two callers at once.
 */
export class BatchRunner {
  private readonly plan = new FailurePlan();
  /** Records that are to be parked when they are met again, with the reason. */
  private readonly condemned = new Map<number, string>();
  private unavailable = 0;
  private readonly labels: { readonly group: string; readonly topic: string };
  private readonly log: Log;

  constructor(
    private readonly parts: RunnerParts,
    private readonly subscription: Subscription,
    private readonly source: PartitionSource,
  ) {
    this.labels = { group: subscription.group, topic: source.partition.topic };
    this.log = parts.log.child({ ...this.labels, partition: source.partition.partition });
  }

  /** One batch; never rejects. */
  async step(): Promise<Step> {
    const attempt: Attempt = { taken: 0, delivered: [] };
    try {
      const taken = await this.parts.database.transaction((tx) => this.attempt(tx, attempt));
      return this.succeeded(taken);
    } catch (error) {
      return this.failed(error, attempt);
    }
  }

  private async attempt(tx: Tx, attempt: Attempt): Promise<Taken> {
    const taken = await this.source.take(tx, this.plan.limit(this.subscription.maxBatch ?? DEFAULT_MAX_BATCH));
    if (taken.kind !== 'records') return taken;
    attempt.taken = taken.records.length;
    const { letters, live } = await this.sort(tx, taken);
    attempt.delivered = live;
    if (live.length > 0) letters.push(...(await this.deliver(tx, live)));
    if (letters.length > 0) {
      letters.sort((a, b) => a.record.offset - b.record.offset);
      const parked = await park(tx, this.source.log, this.labels.group, this.source.partition, letters);
      await this.parts.mirror.copy(tx, this.labels.group, parked);
    }
    await this.source.settle(tx, taken, taken.hasParked || letters.length > 0);
    this.tell(letters);
    return taken;
  }

  /** Parts the records of parked keys from the ones that the handler shall see. */
  private async sort(tx: Tx, { records, hasParked }: TakenRecords): Promise<{ letters: DeadLetter[]; live: LogRecord[] }> {
    const keys = new Set(hasParked && records.length > 0 ? await parkedKeys(tx, this.labels.group, this.labels.topic, records.map(({ key }) => key)) : []);
    const letters: DeadLetter[] = [];
    const live: LogRecord[] = [];
    for (const record of records) {
      const reason = this.condemned.get(record.offset);
      if (keys.has(record.key)) letters.push({ record, reason: 'waits behind a parked record of its key', held: true });
      else if (reason === undefined) live.push(record);
      else {
        keys.add(record.key);
        letters.push({ record, reason, held: false });
      }
    }
    return { letters, live };
  }

  private async deliver(tx: Tx, live: readonly LogRecord[]): Promise<DeadLetter[]> {
    const { topic, partition } = this.source.partition;
    const outcome: Outcome = await this.subscription.handle({ topic, partition, records: live, tx });
    if (outcome.kind === 'retry') throw new RetryAsked(outcome.reason);
    const parked = outcome.parked ?? [];
    const first = new Map<string, number>();
    for (const { record } of parked) first.set(record.key, Math.min(record.offset, first.get(record.key) ?? Infinity));
    const aside = new Set(parked.map(({ record }) => record.offset));
    const applied = live.some(({ key, offset }) => !aside.has(offset) && offset > (first.get(key) ?? Infinity));
    if (!applied) return parked.map(({ record, reason }) => ({ record, reason, held: false }));
    for (const { record, reason } of parked) this.condemned.set(record.offset, reason);
    throw new FollowersDelivered();
  }

  private tell(letters: readonly DeadLetter[]): void {
    for (const { record, reason, held } of letters) {
      if (!held) this.log.error('A record was parked', { offset: record.offset, error: reason });
    }
    if (letters.length > 0) this.parts.counters.parked.add(letters.length, this.labels);
  }

  private succeeded(taken: Taken): Step {
    this.unavailable = 0;
    if (taken.kind !== 'records') return taken;
    this.plan.succeeded(taken.records.length);
    for (const offset of this.condemned.keys()) if (offset <= taken.upTo) this.condemned.delete(offset);
    this.parts.counters.taken.add(taken.records.length, this.labels);
    return { kind: 'advanced', upTo: taken.upTo, records: taken.records.length };
  }

  private failed(error: unknown, { taken, delivered }: Attempt): Step {
    if (error instanceof FollowersDelivered) return { kind: 'wait', waitMs: 0 };
    const [first] = delivered;
    // Where the handler was not even called, the log itself is at fault, never a record.
    if (first === undefined || error instanceof RetryAsked || isTransient(error)) return this.waitForTheWorld(error);
    this.parts.counters.failed.add(1, { ...this.labels, cause: 'handler' });
    const verdict = this.plan.failed(taken, delivered.length);
    this.log.warn('A batch failed', { offset: first.offset, records: delivered.length, next: verdict, error: describeError(error) });
    if (verdict === 'condemn') this.condemned.set(first.offset, describeError(error));
    return { kind: 'wait', waitMs: verdict === 'try-again' ? backoffMs(this.plan.failures, FIRST_BACKOFF_MS, MAX_BACKOFF_MS) : 0 };
  }

  private waitForTheWorld(error: unknown): Step {
    this.parts.counters.failed.add(1, { ...this.labels, cause: error instanceof RetryAsked ? 'retry' : 'unavailable' });
    const waitMs = backoffMs(this.unavailable, FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
    this.log.warn('A batch waits for what it needs', { attempt: this.unavailable, waitMs, error: describeError(error) });
    this.unavailable += 1;
    return { kind: 'wait', waitMs };
  }
}
