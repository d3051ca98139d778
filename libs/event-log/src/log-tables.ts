import type { WireRecord } from '@cc/contracts';
import type { Tx } from '@cc/postgres';
import { z } from 'zod';
import type { LogRecord } from './event-log';
import { murmur2, partitionOf } from './partitioner';

/** A partition of a topic. */
export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

/** A record as `log_record` and `dead_letter` keep it. */
export interface StoredRecord {
  readonly off: number;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: string;
  readonly appended_at: number;
}

const Headers = z.record(z.string(), z.string());

export function toLogRecord({ topic, partition }: PartitionName, row: StoredRecord): LogRecord {
  return { topic, partition, offset: row.off, key: row.key, value: row.value, headers: Headers.parse(JSON.parse(row.headers)), appendedAtMs: row.appended_at };
}

/** The NOTIFY channel of a topic: an identifier of any topic's name; two topics that share one only wake each other. */
export function wakeChannel(topic: string): string {
  return `cc_log_${(murmur2(Buffer.from(topic)) >>> 0).toString(16)}`;
}

const APPEND = `
  WITH head AS (
    UPDATE log_head SET next = next + $3 WHERE topic = $1 AND part = $2 RETURNING next - $3 AS base, compacted
  ), stored AS (
    INSERT INTO log_record (topic, part, off, key, value, headers, appended_at, compacted, append_id)
    SELECT $1, $2, head.base + r.ord - 1, r.key, r.value, r.headers,
           (extract(epoch FROM clock_timestamp()) * 1000)::bigint, head.compacted, CASE WHEN r.ord = 1 THEN $7 END
    FROM head, unnest($4::text[], $5::bytea[], $6::text[]) WITH ORDINALITY AS r (key, value, headers, ord)
  )
  SELECT base, pg_notify($8, '') IS NULL AS woken FROM head`;

/** Where the first record of an append went. */
export interface Appended extends PartitionName {
  readonly base: number;
}

/**
 * Appends to one topic of `partitions` partitions inside `tx`: one statement a partition, in ascending order, so that
 * two writers cannot hold what the other waits for. Readers are woken at the commit. `appendId` marks the first record of each partition.
 */
export async function appendRecords(tx: Tx, topic: string, partitions: number, records: readonly WireRecord[], appendId: string | null): Promise<Appended[]> {
  const appended: Appended[] = [];
  for (const [partition, members] of byPartition(records, partitions)) {
    const [row] = await tx.query<{ base: number }>(APPEND, [
      topic, partition, members.length,
      members.map((record) => record.key), members.map((record) => record.value), members.map((record) => JSON.stringify(record.headers)),
      appendId, wakeChannel(topic),
    ]);
    if (row !== undefined) appended.push({ topic, partition, base: row.base });
  }
  return appended;
}

/** The records by partition, ascending; within a partition as they came. */
function byPartition(records: readonly WireRecord[], partitions: number): [number, WireRecord[]][] {
  const groups = new Map<number, WireRecord[]>();
  for (const record of records) {
    const partition = partitionOf(record.key, partitions);
    const group = groups.get(partition);
    if (group === undefined) groups.set(partition, [record]);
    else group.push(record);
  }
  return [...groups].sort(([a], [b]) => a - b);
}
