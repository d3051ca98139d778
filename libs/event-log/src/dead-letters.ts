import type { WireRecord } from '@cc/contracts';
import type { Tx } from '@cc/postgres';

/** What became of a parked record: `failed-again` on a release, `replayed`: the group reads the topic anew and meets it again. */
export type DeadLetterDeed = 'parked' | 'failed-again' | 'released' | 'dropped' | 'replayed';

/** The key of parked records. */
export interface ParkedKey {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
}

/** A key that stands still, by the first of its parked records: what is wrong with that one holds back the rest. */
export interface ParkedKeySummary extends ParkedKey {
  readonly id: number;
  readonly offset: number;
  /** The CloudEvents type; empty where the record has none. */
  readonly type: string;
  readonly reason: string;
  /** Epoch ms. */
  readonly parkedAtMs: number;
  /** Parked records of the key, this one among them. */
  readonly records: number;
}

export interface DeadLetterFilter {
  /** One topic; all unless given. */
  readonly topic?: string;
  /** Ids above this one. */
  readonly after?: number;
  readonly limit: number;
}

export interface ParkedKeys {
  readonly items: readonly ParkedKeySummary[];
  /** All parked keys that fit, also those beyond this page. */
  readonly total: number;
}

export interface HistoryLine {
  readonly did: DeadLetterDeed;
  readonly reason: string;
  readonly operator?: string;
  readonly atMs: number;
}

/** One record as it is parked; without `parked` it has left, and its history says how. */
export interface DeadLetterDetail extends ParkedKey {
  readonly id: number;
  readonly offset: number;
  readonly parked?: { readonly record: WireRecord; readonly appendedAtMs: number; readonly reason: string; readonly held: boolean; readonly parkedAtMs: number };
  /** Other parked records of the key. */
  readonly others: number;
  readonly history: readonly HistoryLine[];
}

/** Whose order it is, and why. */
export interface Order {
  readonly operator: string;
  readonly reason: string;
}

/** How far a release came: `failed` at a record that stays parked, `waits` for what its handler needs, `more` since there are too many for one transaction. */
export interface Released {
  readonly outcome: 'done' | 'failed' | 'waits' | 'more';
  /** Records that were delivered and have left. */
  readonly released: number;
  /** Records of the key that are still parked. */
  readonly left: number;
  /** Why it failed or waits. */
  readonly reason?: string;
}

/**
 * The parked records of one group. Everything happens in the caller's transaction, which should do little else: it holds the partition
 * of the key, so that a record of the key that comes meanwhile queues up behind the parked ones.
 * A record is named by its id, which it keeps while it is parked and which is never given again.
 */
export abstract class DeadLetters {
  /** The parked keys, the oldest first. */
  abstract list(tx: Tx, filter: DeadLetterFilter): Promise<ParkedKeys>;

  /** One record with its history, also when it has left. Rejects with `missing` for an id that the group never gave, or has forgotten. */
  abstract show(tx: Tx, id: number): Promise<DeadLetterDetail>;

  /**
   * Delivers the parked records of the key of this one again, in order, until none is left or one fails, which stays with its new reason
   * and holds back those behind it. Rejects with `missing` (no such record), `conflict` (the group does not run in this process).
   */
  abstract release(tx: Tx, id: number, order: Order): Promise<Released>;

  /**
   * Forgets one record for good. Those that only waited behind it are delivered, up to the first that was parked for a reason of its own.
   * Rejects with `missing` when it is not parked (any more).
   */
  abstract drop(tx: Tx, id: number, order: Order): Promise<Released>;
}
