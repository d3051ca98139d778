import type { Tx } from '@cc/postgres';
import type { PartitionSource, Taken } from '../batch-runner';
import type { Cursors } from '../cursors';
import { toLogRecord, type PartitionName, type StoredRecord } from '../log-tables';

/* One snapshot for the head and the records: what lies below `next` and is not seen has been deleted. An older snapshot than the
   cursor's row only sees fewer records. */
const TAKE = `
  WITH cursor AS (
    SELECT off, has_parked FROM log_cursor WHERE log = $1 AND grp = $2 AND topic = $3 AND part = $4 FOR UPDATE SKIP LOCKED
  )
  SELECT c.off AS cursor, c.has_parked, h.next, r.off, r.key, r.value, r.headers, r.appended_at
  FROM cursor c
  JOIN log_head h ON h.topic = $3 AND h.part = $4
  LEFT JOIN LATERAL (
    SELECT off, key, value, headers, appended_at FROM log_record
    WHERE topic = $3 AND part = $4 AND off > c.off ORDER BY off LIMIT $5
  ) r ON true
  ORDER BY r.off`;

interface Head {
  readonly cursor: number;
  readonly has_parked: boolean;
  readonly next: number;
}

type TakenRow = Head & (StoredRecord | { readonly off: null });

/** A partition of the PostgreSQL log. */
export class PostgresPartition implements PartitionSource {
  readonly log: string;

  constructor(
    private readonly cursors: Cursors,
    readonly partition: PartitionName,
  ) {
    this.log = cursors.log;
  }

  async take(tx: Tx, limit: number): Promise<Taken> {
    const { topic, partition } = this.partition;
    const rows = await tx.query<TakenRow>(TAKE, [this.log, this.cursors.group, topic, partition, limit]);
    const [head] = rows;
    if (head === undefined) return { kind: 'busy' };
    const records = rows.flatMap((row) => (row.off === null ? [] : [toLogRecord(this.partition, row)]));
    const last = records.at(-1)?.offset ?? head.cursor;
    const upTo = records.length < limit ? Math.max(last, head.next - 1) : last;
    return upTo === head.cursor ? { kind: 'empty' } : { kind: 'records', records, upTo, hasParked: head.has_parked };
  }

  async settle(tx: Tx, taken: { readonly upTo: number }, hasParked: boolean): Promise<void> {
    await this.cursors.put(tx, this.partition, { offset: taken.upTo, hasParked });
  }
}
