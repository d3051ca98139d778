import type { Tx } from '@cc/postgres';
import type { LogRecord } from './event-log';
import { toLogRecord, type PartitionName, type StoredRecord } from './log-tables';

export interface DeadLetter {
  readonly record: LogRecord;
  readonly reason: string;
  /** True for a record that only waits behind an earlier one of its key. */
  readonly held: boolean;
}

/** A parked record and its place among the parked ones of its key. */
export interface ParkedRecord {
  readonly seq: number;
  readonly record: LogRecord;
}

/** Of these keys, the ones that have parked records in the group. The caller holds the partition's cursor. */
export async function parkedKeys(tx: Tx, group: string, topic: string, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ key: string }>(
    `SELECT DISTINCT key FROM dead_letter WHERE grp = $1 AND topic = $2 AND key = ANY ($3::text[])`,
    [group, topic, [...new Set(keys)]],
  );
  return new Set(rows.map((row) => row.key));
}

/** Puts the records aside, in the order given; one that is there already stays as it is. */
export async function park(tx: Tx, log: string, group: string, partition: PartitionName, letters: readonly DeadLetter[]): Promise<void> {
  await tx.query(
    `INSERT INTO dead_letter (log, grp, topic, part, off, key, value, headers, appended_at, reason, held)
     SELECT $1, $2, $3, $4, r.off, r.key, r.value, r.headers, r.appended_at, r.reason, r.held
     FROM unnest($5::bigint[], $6::text[], $7::bytea[], $8::text[], $9::bigint[], $10::text[], $11::boolean[])
       WITH ORDINALITY AS r (off, key, value, headers, appended_at, reason, held, ord)
     ORDER BY r.ord
     ON CONFLICT (grp, topic, part, log, off) DO NOTHING`,
    [
      log, group, partition.topic, partition.partition,
      letters.map(({ record }) => record.offset), letters.map(({ record }) => record.key), letters.map(({ record }) => record.value),
      letters.map(({ record }) => JSON.stringify(record.headers)), letters.map(({ record }) => record.appendedAtMs),
      letters.map(({ reason }) => reason.replaceAll('\0', '').slice(0, 4000)), letters.map(({ held }) => held),
    ],
  );
}

/** The first parked record of a key, or undefined when there is none. The caller holds the partition's cursor. */
export async function firstParked(tx: Tx, group: string, partition: PartitionName, key: string): Promise<ParkedRecord | undefined> {
  const [row] = await tx.query<StoredRecord & { seq: number }>(
    `SELECT seq, off, key, value, headers, appended_at FROM dead_letter
     WHERE grp = $1 AND topic = $2 AND part = $3 AND key = $4 ORDER BY seq LIMIT 1`,
    [group, partition.topic, partition.partition, key],
  );
  return row === undefined ? undefined : { seq: row.seq, record: toLogRecord(partition, row) };
}

export async function forgetParked(tx: Tx, seq: number): Promise<void> {
  await tx.query(`DELETE FROM dead_letter WHERE seq = $1`, [seq]);
}

/** The record failed once more: it stays where it is, with the new reason. */
export async function parkAnew(tx: Tx, seq: number, reason: string): Promise<void> {
  await tx.query(`UPDATE dead_letter SET reason = $2, held = false, parked_at = now() WHERE seq = $1`, [seq, reason.replaceAll('\0', '').slice(0, 4000)]);
}

/** Whether any record of the partition is parked for the group. */
export async function hasParked(tx: Tx, group: string, partition: PartitionName): Promise<boolean> {
  const rows = await tx.query(`SELECT 1 FROM dead_letter WHERE grp = $1 AND topic = $2 AND part = $3 LIMIT 1`, [group, partition.topic, partition.partition]);
  return rows.length > 0;
}
