import { maskNumbersIn } from '@cc/kernel';
import type { Tx } from '@cc/postgres';
import { forgetOldHistory, note } from './dead-letter-history';
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
  readonly held: boolean;
}

const MAX_REASON = 4000;

/** A reason as it may be kept, copied and shown: an error's text can repeat its input. */
export function keptReason(reason: string): string {
  return maskNumbersIn(reason.replaceAll('\0', '')).slice(0, MAX_REASON);
}

/** Of these keys, the ones that have parked records in the group. The caller holds the partition's cursor. */
export async function parkedKeys(tx: Tx, group: string, topic: string, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ key: string }>(
    `SELECT DISTINCT key FROM dead_letter WHERE grp = $1 AND topic = $2 AND key = ANY ($3::text[])`,
    [group, topic, [...new Set(keys)]],
  );
  return new Set(rows.map((row) => row.key));
}

/* What only waits has no history of its own: its row tells since when. */
const PARK = `
  WITH put AS (
    INSERT INTO dead_letter (log, grp, topic, part, off, key, value, headers, appended_at, reason, held)
    SELECT $1, $2, $3, $4, r.off, r.key, r.value, r.headers, r.appended_at, r.reason, r.held
    FROM unnest($5::bigint[], $6::text[], $7::bytea[], $8::text[], $9::bigint[], $10::text[], $11::boolean[])
      WITH ORDINALITY AS r (off, key, value, headers, appended_at, reason, held, ord)
    ORDER BY r.ord
    ON CONFLICT (grp, topic, part, log, off) DO NOTHING
    RETURNING seq, grp, topic, part, off, key, reason, held
  ), noted AS (
    INSERT INTO dead_letter_history (letter, grp, topic, part, off, key, did, reason)
    SELECT seq, grp, topic, part, off, key, 'parked', reason FROM put WHERE NOT held
  )
  SELECT off FROM put WHERE NOT held`;

/** Puts the records aside, in the order given; one that is there already stays as it is. Resolves to those that were new and not only held. */
export async function park(tx: Tx, log: string, group: string, partition: PartitionName, letters: readonly DeadLetter[]): Promise<DeadLetter[]> {
  const kept = letters.map((letter) => ({ ...letter, reason: keptReason(letter.reason) }));
  const rows = await tx.query<{ off: number }>(PARK, [
    log, group, partition.topic, partition.partition,
    kept.map(({ record }) => record.offset), kept.map(({ record }) => record.key), kept.map(({ record }) => record.value),
    kept.map(({ record }) => JSON.stringify(record.headers)), kept.map(({ record }) => record.appendedAtMs),
    kept.map(({ reason }) => reason), kept.map(({ held }) => held),
  ]);
  const fresh = new Set(rows.map(({ off }) => off));
  if (fresh.size > 0) await forgetOldHistory(tx);
  return kept.filter(({ record }) => fresh.has(record.offset));
}

/** Where the first parked record of a key lies, or undefined when there is none. */
export async function partitionOfParked(tx: Tx, group: string, topic: string, key: string): Promise<PartitionName | undefined> {
  const [row] = await tx.query<{ part: number }>(`SELECT part FROM dead_letter WHERE grp = $1 AND topic = $2 AND key = $3 ORDER BY seq LIMIT 1`, [group, topic, key]);
  return row === undefined ? undefined : { topic, partition: row.part };
}

/** The first parked record of a key, or undefined when there is none. The caller holds the partition's cursor. */
export async function firstParked(tx: Tx, group: string, partition: PartitionName, key: string): Promise<ParkedRecord | undefined> {
  const [row] = await tx.query<StoredRecord & { seq: number; held: boolean }>(
    `SELECT seq, held, off, key, value, headers, appended_at FROM dead_letter
     WHERE grp = $1 AND topic = $2 AND part = $3 AND key = $4 ORDER BY seq LIMIT 1`,
    [group, partition.topic, partition.partition, key],
  );
  return row === undefined ? undefined : { seq: row.seq, held: row.held, record: toLogRecord(partition, row) };
}

/** It leaves the parked ones; its history tells why. */
export async function forgetParked(tx: Tx, seq: number, did: 'released' | 'dropped', operator: string, reason: string): Promise<void> {
  await note(tx, seq, { did, reason: keptReason(reason), operator });
  await tx.query(`DELETE FROM dead_letter WHERE seq = $1`, [seq]);
}

/** The record failed once more: it stays where it is, with the new reason. */
export async function parkAnew(tx: Tx, { seq, held }: ParkedRecord, reason: string, operator: string): Promise<void> {
  const kept = keptReason(reason);
  await tx.query(`UPDATE dead_letter SET reason = $2, held = false, parked_at = now() WHERE seq = $1`, [seq, kept]);
  await note(tx, seq, { did: held ? 'parked' : 'failed-again', reason: kept, operator });
}

/** Whether any record of the partition is parked for the group. */
export async function hasParked(tx: Tx, group: string, partition: PartitionName): Promise<boolean> {
  const rows = await tx.query(`SELECT 1 FROM dead_letter WHERE grp = $1 AND topic = $2 AND part = $3 LIMIT 1`, [group, partition.topic, partition.partition]);
  return rows.length > 0;
}
