import type { Tx } from '@cc/postgres';
import type { PartitionName } from './log-tables';

/** How far a group has come in one partition: `offset` is that of the last record whose effects are committed, -1 before the first. */
export interface Cursor {
  readonly offset: number;
  readonly hasParked: boolean;
}

/** One group's cursors in one log (`postgres`, or a Kafka cluster's name). */
export class Cursors {
  constructor(
    readonly log: string,
    readonly group: string,
  ) {}

  /**
   * Makes the rows that are missing for these partitions. A group that moves to another log keeps its parked keys, and knows by the
   * offsets of the database's own log what it has already had from there.
   */
  async create(tx: Tx, partitions: readonly PartitionName[]): Promise<void> {
    const where = [partitions.map(({ topic }) => topic), partitions.map(({ partition }) => partition)];
    const created = await tx.query<{ topic: string; part: number }>(
      `INSERT INTO log_cursor (log, grp, topic, part, off, has_parked)
       SELECT $1, $2, p.topic, p.part, -1, EXISTS (SELECT 1 FROM dead_letter d WHERE d.grp = $2 AND d.topic = p.topic AND d.part = p.part)
       FROM unnest($3::text[], $4::int[]) AS p (topic, part) ORDER BY p.topic, p.part
       ON CONFLICT (log, grp, topic, part) DO NOTHING RETURNING topic, part`,
      [this.log, this.group, ...where],
    );
    if (created.length === 0 || this.log === 'postgres') return;
    await tx.query(
      `INSERT INTO log_origin (grp, topic, part, origin, off)
       SELECT c.grp, c.topic, c.part, i.id, c.off
       FROM log_cursor c JOIN unnest($2::text[], $3::int[]) AS p (topic, part) ON (c.topic, c.part) = (p.topic, p.part), log_identity i
       WHERE c.log = 'postgres' AND c.grp = $1 AND c.off >= 0
       ON CONFLICT (grp, topic, part, origin) DO NOTHING`,
      [this.group, created.map(({ topic }) => topic), created.map(({ part }) => part)],
    );
  }

  /** Locks the cursor until the transaction ends; undefined when another member has it. */
  async take(tx: Tx, { topic, partition }: PartitionName): Promise<Cursor | undefined> {
    const [row] = await tx.query<{ off: number; has_parked: boolean }>(
      `SELECT off, has_parked FROM log_cursor WHERE log = $1 AND grp = $2 AND topic = $3 AND part = $4 FOR UPDATE SKIP LOCKED`,
      [this.log, this.group, topic, partition],
    );
    return row === undefined ? undefined : { offset: row.off, hasParked: row.has_parked };
  }

  /** The same, but waits for a member that has it: 55P03 (transient) when it keeps it too long. Undefined where the group never read the partition. */
  async await(tx: Tx, { topic, partition }: PartitionName): Promise<Cursor | undefined> {
    const [row] = await tx.query<{ off: number; has_parked: boolean }>(
      `SELECT off, has_parked FROM log_cursor WHERE log = $1 AND grp = $2 AND topic = $3 AND part = $4 FOR UPDATE`,
      [this.log, this.group, topic, partition],
    );
    return row === undefined ? undefined : { offset: row.off, hasParked: row.has_parked };
  }

  /** Moves the cursor, which the transaction holds. */
  async put(tx: Tx, { topic, partition }: PartitionName, cursor: Cursor): Promise<void> {
    await tx.query(`UPDATE log_cursor SET off = $5, has_parked = $6 WHERE log = $1 AND grp = $2 AND topic = $3 AND part = $4`, [
      this.log, this.group, topic, partition, cursor.offset, cursor.hasParked,
    ]);
  }

  /** Offsets by partition, as committed. */
  async read(tx: Tx, topic: string): Promise<ReadonlyMap<number, number>> {
    const rows = await tx.query<{ part: number; off: number }>(`SELECT part, off FROM log_cursor WHERE log = $1 AND grp = $2 AND topic = $3`, [this.log, this.group, topic]);
    return new Map(rows.map(({ part, off }) => [part, off]));
  }

  /** Back before the first record of the topic, as if the group had never read it. */
  async rewind(tx: Tx, topic: string): Promise<void> {
    await tx.query(`UPDATE log_cursor SET off = -1 WHERE log = $1 AND grp = $2 AND topic = $3`, [this.log, this.group, topic]);
    await tx.query(`DELETE FROM log_origin WHERE grp = $1 AND topic = $2`, [this.group, topic]);
  }
}
