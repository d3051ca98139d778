import type { WireRecord } from '@cc/contracts';
import { CcError, describeError, pause } from '@cc/kernel';

/** A record to append; its key chooses the partition unless that is given. */
export interface OutgoingRecord extends WireRecord {
  readonly partition?: number;
}

/** One `append` that waits for its turn. */
export interface PendingAppend {
  readonly topic: string;
  readonly records: readonly OutgoingRecord[];
  /** Epoch ms by which the caller wants to know. */
  readonly deadlineAtMs: number;
  /** Tells the caller: durable, or why not. Only the first time counts. */
  readonly settle: (error?: unknown) => void;
}

export interface AppendLimits {
  /** How long an append may take, ms. */
  readonly deadlineMs: number;
  /** Records that may wait; one more and the append is refused at once. */
  readonly maxWaiting: number;
  /** Records that are written at once, unless a single append has more. */
  readonly maxTogether: number;
}

const DRAIN_POLL_MS = 10;

/**
 * Writes what waits together, one write at a time, in the order of the calls: while one write is under way the next ones gather.
 * An append that was not begun by its deadline is not written any more; one that was begun may still come through.
 */
export class AppendQueue {
  private waiting: PendingAppend[] = [];
  private waitingRecords = 0;
  private writing = false;
  private closed = false;

  /** @param write settles each append, and never rejects. */
  constructor(
    private readonly write: (appends: readonly PendingAppend[]) => Promise<void>,
    private readonly limits: AppendLimits,
  ) {}

  /** Resolves when the records are durable. Rejects with `unavailable` when the queue is full or the deadline has passed. */
  async add(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length === 0) return;
    if (this.closed) throw new CcError('unavailable', 'log-closed', 'The event log is closed');
    if (this.waitingRecords + records.length > this.limits.maxWaiting && this.waitingRecords > 0) {
      throw new CcError('unavailable', 'log-overloaded', 'Too many records wait for the event log');
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => this.expire(entry), this.limits.deadlineMs);
      const settle = (error?: unknown): void => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error instanceof Error ? error : new Error(describeError(error)));
      };
      const entry: PendingAppend = { topic, records, deadlineAtMs: Date.now() + this.limits.deadlineMs, settle };
      this.waiting.push(entry);
      this.waitingRecords += records.length;
      if (!this.writing) void this.run();
    });
  }

  /** Takes no more; resolves when everything was written or given up. */
  async close(): Promise<void> {
    this.closed = true;
    while (this.writing || this.waiting.length > 0) await pause(DRAIN_POLL_MS);
  }

  private async run(): Promise<void> {
    this.writing = true;
    try {
      // Appends of the same turn of the event loop belong together.
      await new Promise((resolve) => setImmediate(resolve));
      for (let together = this.next(); together.length > 0; together = this.next()) await this.write(together);
    } finally {
      this.writing = false;
    }
  }

  private next(): PendingAppend[] {
    let count = 0;
    let records = 0;
    for (const entry of this.waiting) {
      if (count > 0 && records + entry.records.length > this.limits.maxTogether) break;
      count += 1;
      records += entry.records.length;
    }
    this.waitingRecords -= records;
    return this.waiting.splice(0, count);
  }

  private expire(entry: PendingAppend): void {
    const at = this.waiting.indexOf(entry);
    if (at >= 0) {
      this.waiting.splice(at, 1);
      this.waitingRecords -= entry.records.length;
    }
    entry.settle(new CcError('unavailable', 'log-unavailable', `The event log did not take the records within ${this.limits.deadlineMs} ms`));
  }
}
