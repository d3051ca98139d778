import { describeError, type Log } from '@cc/kernel';
import type { Database, Tx } from '@cc/postgres';

export interface UpkeepLimits {
  /** How long a tombstone stays, so that slow readers see it, ms. */
  readonly tombstoneMs: number;
}

/** Kafka's delete.retention.ms. */
export const defaultUpkeepLimits: UpkeepLimits = { tombstoneMs: 24 * 60 * 60 * 1000 };

const EVERY_MS = 60_000;
const ROWS_AT_ONCE = 5_000;

interface DuePartition {
  readonly topic: string;
  readonly part: number;
  readonly retention_ms: number | null;
  readonly compacted: boolean;
}

const NOW_MS = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`;

const DELETE_OLD = `
  WITH gone AS (
    DELETE FROM log_record WHERE topic = $1 AND part = $2 AND off IN (
      SELECT off FROM (SELECT off, appended_at FROM log_record WHERE topic = $1 AND part = $2 ORDER BY off LIMIT $4) oldest
      WHERE appended_at < ${NOW_MS} - $3::bigint
    ) RETURNING off
  )
  SELECT count(*) AS count, max(off) AS last FROM gone`;

/* Only what was appended since the last time can have made a record outdated. */
const COMPACT = `
  WITH latest AS (
    SELECT key, max(off) AS off FROM log_record
    WHERE topic = $1 AND part = $2 AND compacted AND off > $3 AND off <= $4 GROUP BY key
  )
  DELETE FROM log_record r USING latest
  WHERE r.compacted AND r.topic = $1 AND r.part = $2 AND r.key = latest.key AND r.off < latest.off`;

const DELETE_TOMBSTONES = `
  DELETE FROM log_record WHERE topic = $1 AND part = $2 AND compacted AND value IS NULL AND appended_at < ${NOW_MS} - $3::bigint AND off <= $4`;

/**
 * Keeps the tables to their topics' retention and compaction, a partition in one process at a time, every minute. As on Kafka, a record's
 * age alone decides, whether or not every group has read it.
 */
export class PostgresUpkeep {
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly database: Database,
    private readonly log: Log,
    private readonly limits: UpkeepLimits,
  ) {
    this.timer = setInterval(() => void this.run().catch((error: unknown) => this.log.warn('The upkeep of the event log failed', { error: describeError(error) })), EVERY_MS);
    this.timer.unref();
  }

  /** One round over all partitions; resolves at once where another process is at it. */
  async run(): Promise<void> {
    this.running ??= this.round().finally(() => (this.running = undefined));
    await this.running;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    await this.running?.catch(() => undefined);
  }

  private async round(): Promise<void> {
    const partitions = await this.database.query<DuePartition>(
      `SELECT h.topic, h.part, t.retention_ms, t.compacted FROM log_head h JOIN log_topic t ON t.topic = h.topic
       WHERE t.retention_ms IS NOT NULL OR t.compacted ORDER BY h.topic, h.part`,
    );
    for (const partition of partitions) {
      if (this.closed) return;
      if (partition.retention_ms !== null) await this.deleteOld(partition, partition.retention_ms);
      if (partition.compacted) await this.exclusively(partition, (tx) => this.compact(tx, partition));
    }
  }

  private async deleteOld(partition: DuePartition, retentionMs: number): Promise<void> {
    for (let more = true; more && !this.closed; ) {
      more = await this.exclusively(partition, async (tx) => {
        const [gone] = await tx.query<{ count: number; last: number | null }>(DELETE_OLD, [partition.topic, partition.part, retentionMs, ROWS_AT_ONCE]);
        if (gone === undefined || gone.last === null) return false;
        await tx.query(`UPDATE log_head SET start = greatest(start, $3) WHERE topic = $1 AND part = $2`, [partition.topic, partition.part, gone.last + 1]);
        return gone.count >= ROWS_AT_ONCE;
      });
    }
  }

  private async compact(tx: Tx, { topic, part }: DuePartition): Promise<boolean> {
    const [head] = await tx.query<{ next: number; compacted_to: number }>(`SELECT next, compacted_to FROM log_head WHERE topic = $1 AND part = $2`, [topic, part]);
    if (head === undefined) return false;
    const upTo = head.next - 1;
    if (upTo > head.compacted_to) {
      await tx.query(COMPACT, [topic, part, head.compacted_to, upTo]);
      await tx.query(`UPDATE log_head SET compacted_to = $3 WHERE topic = $1 AND part = $2`, [topic, part, upTo]);
    }
    await tx.query(DELETE_TOMBSTONES, [topic, part, this.limits.tombstoneMs, upTo]);
    return false;
  }

  /** False, and nothing done, where another process works at the partition. */
  private async exclusively(partition: DuePartition, work: (tx: Tx) => Promise<boolean>): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const [lock] = await tx.query<{ had: boolean }>(`SELECT pg_try_advisory_xact_lock(hashtext('cc event log upkeep'), hashtext($1)) AS had`, [`${partition.topic}/${partition.part}`]);
      return lock?.had === true && work(tx);
    });
  }
}
