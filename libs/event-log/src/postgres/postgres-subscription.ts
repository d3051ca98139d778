import { backoffMs, describeError, pause } from '@cc/kernel';
import { BatchRunner, DEFAULT_MAX_BATCH, type RunnerParts, type Step } from '../batch-runner';
import { Cursors } from '../cursors';
import type { RunningSubscription, Subscription } from '../event-log';
import { GATHER_MS } from '../gathering';
import { wakeChannel, type PartitionName } from '../log-tables';
import type { Slots } from '../slots';
import { Wake } from '../wake';
import { PostgresPartition } from './postgres-partition';

export interface SubscriptionParts extends RunnerParts {
  /** Shared by all subscriptions of a log: how many batches may hold a connection at once. */
  readonly slots: Slots;
}

/** Batches of one subscription at once, each of another partition. */
const LANES = 2;
/** How long a notification that got lost can delay a record, ms. */
const POLL_MS = 250;
/** How soon to look again when other members have every partition that has work, ms. */
const BUSY_POLL_MS = 20;
/** Full batches that a partition may take in a row before the others have their turn. */
const BATCHES_IN_A_ROW = 4;
const MAX_BACKOFF_MS = 5_000;

const PROBE = `
  SELECT h.topic, h.part, c.off IS NULL AS fresh
  FROM log_head h LEFT JOIN log_cursor c ON c.log = $1 AND c.grp = $2 AND c.topic = h.topic AND c.part = h.part
  WHERE h.topic = ANY ($3::text[]) AND (c.off IS NULL OR c.off < h.next - 1)`;

interface Partition {
  readonly name: PartitionName;
  readonly runner: BatchRunner;
  running: boolean;
  /** Epoch ms before which it is left alone. */
  notBeforeMs: number;
}

/**
 * A member of a group on the PostgreSQL log. Any number of processes may run one: who locks a partition's cursor has the partition
 * for one batch, so that members share the work, and the partitions of a dead one are free at once.
 */
export class PostgresSubscription implements RunningSubscription {
  readonly ready: Promise<void>;
  private readonly wake = new Wake();
  private readonly stopping = new AbortController();
  private readonly partitions = new Map<string, Partition>();
  private readonly cursors: Cursors;
  private readonly ended: Promise<void>;
  private due: Partition[] = [];
  private looking: Promise<void> | undefined;
  private nextLookMs = 0;
  private lookedAtMs = 0;
  private aliveAtMs = Date.now();
  private failedLooks = 0;

  constructor(
    private readonly parts: SubscriptionParts,
    private readonly subscription: Subscription,
  ) {
    this.cursors = new Cursors('postgres', subscription.group);
    this.ready = Promise.resolve();
    this.ended = this.run();
  }

  lastAliveAtMs(): number {
    return this.aliveAtMs;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake.wake();
    await this.ended;
  }

  /** Something was appended to one of the topics in this process. */
  appended(): void {
    this.wake.wake();
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    const listening = this.listen();
    await Promise.all(Array.from({ length: LANES }, () => this.lane()));
    for (const stop of await listening) await stop().catch(() => undefined);
  }

  /** Without notifications the poll still finds every record; so this may take its time. */
  private async listen(): Promise<(() => Promise<void>)[]> {
    const stops: (() => Promise<void>)[] = [];
    for (const channel of new Set(this.subscription.topics.map(wakeChannel))) {
      for (let attempt = 0; !this.stopped; attempt += 1) {
        const stop = await this.parts.database.listen(channel, () => this.wake.wake()).catch(() => undefined);
        if (stop !== undefined) {
          stops.push(stop);
          break;
        }
        await pause(backoffMs(attempt, 100, MAX_BACKOFF_MS), this.stopping.signal);
      }
    }
    return stops;
  }

  private async lane(): Promise<void> {
    while (!this.stopped) {
      const partition = this.due.shift();
      if (partition !== undefined) await this.work(partition);
      else await (this.looking ??= this.look().finally(() => (this.looking = undefined)));
    }
  }

  private async work(partition: Partition): Promise<void> {
    partition.running = true;
    for (let batches = 0; batches < BATCHES_IN_A_ROW && !this.stopped; batches += 1) {
      const step = await this.parts.slots.run(() => partition.runner.step());
      this.aliveAtMs = Date.now();
      if (!this.goesOn(partition, step)) break;
    }
    partition.running = false;
  }

  /** True when the partition has more for the taking. */
  private goesOn(partition: Partition, step: Step): boolean {
    switch (step.kind) {
      case 'advanced':
        this.wake.wake();
        return step.records >= (this.subscription.maxBatch ?? DEFAULT_MAX_BATCH);
      case 'wait':
        partition.notBeforeMs = Date.now() + step.waitMs;
        this.wake.wake();
        return step.waitMs === 0;
      case 'busy':
        this.nextLookMs = Math.min(this.nextLookMs, BUSY_POLL_MS);
        return false;
      case 'empty':
      case 'displaced':
        return false;
    }
  }

  /** Waits for a reason to look, then asks for all partitions at once which ones have something. */
  private async look(): Promise<void> {
    await this.wake.wait(this.nextLookMs);
    const gatherMs = this.lookedAtMs + GATHER_MS - Date.now();
    if (gatherMs > 0) await pause(gatherMs, this.stopping.signal);
    this.lookedAtMs = this.aliveAtMs = Date.now();
    this.nextLookMs = POLL_MS;
    if (this.stopped) return;
    try {
      const rows = await this.parts.database.query<{ topic: string; part: number; fresh: boolean }>(PROBE, ['postgres', this.subscription.group, this.subscription.topics]);
      if (rows.some(({ fresh }) => fresh)) await this.join(rows);
      this.failedLooks = 0;
      this.choose(rows.map(({ topic, part }) => ({ topic, partition: part })));
    } catch (error) {
      this.nextLookMs = backoffMs(this.failedLooks, 100, MAX_BACKOFF_MS);
      if (this.failedLooks === 0) this.parts.log.warn('The event log cannot be read', { group: this.subscription.group, error: describeError(error) });
      this.failedLooks += 1;
      await pause(this.nextLookMs, this.stopping.signal);
    }
  }

  private async join(rows: readonly { topic: string; part: number; fresh: boolean }[]): Promise<void> {
    const fresh = rows.filter((row) => row.fresh).map(({ topic, part }) => ({ topic, partition: part }));
    await this.parts.database.transaction((tx) => this.cursors.create(tx, fresh));
  }

  private choose(names: readonly PartitionName[]): void {
    const now = Date.now();
    const free = names.map((name) => this.known(name)).filter(({ running }) => !running);
    for (const { notBeforeMs } of free) if (notBeforeMs > now) this.nextLookMs = Math.min(this.nextLookMs, notBeforeMs - now);
    // Members that begin in different places seldom meet at the same cursor.
    this.due = shuffled(free.filter(({ notBeforeMs }) => notBeforeMs <= now));
  }

  private known(name: PartitionName): Partition {
    const id = `${name.topic}/${name.partition}`;
    const known = this.partitions.get(id);
    if (known !== undefined) return known;
    const made = { name, runner: new BatchRunner(this.parts, this.subscription, new PostgresPartition(this.cursors, name)), running: false, notBeforeMs: 0 };
    this.partitions.set(id, made);
    return made;
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const order = items.map((item) => ({ item, at: Math.random() }));
  return order.sort((a, b) => a.at - b.at).map(({ item }) => item);
}
