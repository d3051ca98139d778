import type { WireRecord } from '@cc/contracts';
import { CcError } from '@cc/kernel';
import type { Tx } from '@cc/postgres';
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

export function toLogRecord({ topic, partition }: PartitionName, row: StoredRecord): LogRecord {
  return { topic, partition, offset: row.off, key: row.key, value: row.value, headers: toHeaders(JSON.parse(row.headers)), appendedAtMs: row.appended_at };
}

/** By hand: every record of every group passes here. */
function toHeaders(stored: unknown): Readonly<Record<string, string>> {
  if (!isTextMap(stored)) throw new CcError('fault', 'headers-unreadable', 'The headers of a record are not an object of texts');
  return stored;
}

function isTextMap(value: unknown): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && value !== null && Object.values(value).every((member) => typeof member === 'string');
}

/** The NOTIFY channel of a topic: an identifier of any topic's name; two topics that share one only wake each other. */
export function wakeChannel(topic: string): string {
  return `cc_log_${(murmur2(Buffer.from(topic)) >>> 0).toString(16)}`;
}

/**
 * The head rows are locked first and in ascending order, so that two writers cannot hold what the other waits for; one
 * statement for all partitions, so that no round trip is made while they are held.
 */
const APPEND = `
  WITH locked AS MATERIALIZED (
    SELECT part, next AS base, compacted FROM log_head WHERE topic = $1 AND part = ANY($2::int[]) ORDER BY part FOR UPDATE
  ), moved AS (
    UPDATE log_head SET next = log_head.next + more.records
    FROM locked JOIN unnest($2::int[], $3::int[]) AS more (part, records) USING (part)
    WHERE log_head.topic = $1 AND log_head.part = locked.part
  ), stored AS (
    INSERT INTO log_record (topic, part, off, key, value, headers, appended_at, compacted, append_id)
    SELECT $1, part, locked.base + r.place, r.key, substring($7::bytea FROM r.value_at FOR r.value_length), convert_from(substring($10::bytea FROM r.headers_at FOR r.headers_length), 'UTF8'),
           (extract(epoch FROM clock_timestamp()) * 1000)::bigint, locked.compacted, CASE WHEN r.place = 0 THEN $13 END
    FROM locked
    JOIN unnest($4::int[], $5::int[], $6::text[], $8::int[], $9::int[], $11::int[], $12::int[]) AS r (part, place, key, value_at, value_length, headers_at, headers_length) USING (part)
  )
  SELECT part AS partition, base, pg_notify($14, '') IS NULL AS woken FROM locked`;

/** Where the first record of an append went. */
export interface Appended extends PartitionName {
  readonly base: number;
}

/**
 * Appends to one topic of `partitions` partitions inside `tx`. Readers are woken at the commit. `appendId` marks the
 * first record of each partition.
 */
export async function appendRecords(tx: Tx, topic: string, partitions: number, records: readonly WireRecord[], appendId: string | null): Promise<Appended[]> {
  if (records.length === 0) return [];
  const counts = new Map<number, number>();
  const placed = records.map((record) => {
    const partition = partitionOf(record.key, partitions);
    const place = counts.get(partition) ?? 0;
    counts.set(partition, place + 1);
    return { partition, place };
  });
  const values = splice(records.map(({ value }) => value));
  const headers = splice(records.map((record) => Buffer.from(JSON.stringify(record.headers))));
  const heads = await tx.query<{ partition: number; base: number }>(APPEND, [
    topic, [...counts.keys()], [...counts.values()],
    placed.map(({ partition }) => partition), placed.map(({ place }) => place), records.map(({ key }) => key),
    values.bytes, values.at, values.lengths, headers.bytes, headers.at, headers.lengths,
    appendId, wakeChannel(topic),
  ]);
  return heads.map(({ partition, base }) => ({ topic, partition, base }));
}

/** Pieces in one buffer, which the server takes as it is: an array of them travels as text and takes it three times as long. `null` has no length. */
function splice(pieces: readonly (Buffer | null)[]): { readonly bytes: Buffer; readonly at: number[]; readonly lengths: (number | null)[] } {
  // SQL counts from 1.
  let next = 1;
  const at = pieces.map((piece) => {
    const start = next;
    next += piece?.length ?? 0;
    return start;
  });
  return { bytes: Buffer.concat(pieces.flatMap((piece) => piece ?? [])), at, lengths: pieces.map((piece) => piece?.length ?? null) };
}
