import type { TopicDeclaration, WireRecord } from '@cc/contracts';
import type { Batch, LogRecord, Outcome, Subscription } from '@cc/event-log';
import type { Database, Tx } from '@cc/postgres';

/** What consumers did, in the order in which they did it. Nothing is unique here, so that whatever is done twice is seen. */
const TABLES = [
  `CREATE TABLE effect (seq bigint GENERATED ALWAYS AS IDENTITY, grp text, topic text, part int, off bigint, key text, n bigint, worker text)`,
  `CREATE TABLE outbox_row (topic text, n bigint)`,
];

export const PARTITIONS = 6;

export function declareTopic(name: string, more: Partial<TopicDeclaration> = {}): TopicDeclaration {
  return { name, key: 'key', carries: 'numbers', partitions: PARTITIONS, retentionMs: 'forever', compacted: false, writtenBy: [], readBy: [], ...more };
}

export async function createEffectTables(database: Database): Promise<void> {
  for (const table of TABLES) await database.query(table);
}

/** A record that carries its number; numbers of one key are to be seen in this order. */
export function numbered(key: string, n: number): WireRecord {
  return { key, value: Buffer.from(String(n)), headers: { n: String(n) } };
}

export function numberOf(record: LogRecord): number {
  return Number(record.value?.toString());
}

export async function recordEffects(tx: Tx, group: string, worker: string, topic: string, records: readonly LogRecord[]): Promise<void> {
  await tx.query(
    `INSERT INTO effect (grp, topic, part, off, key, n, worker)
     SELECT $1, $2, r.part, r.off, r.key, r.n, $3 FROM unnest($4::int[], $5::bigint[], $6::text[], $7::bigint[]) WITH ORDINALITY AS r (part, off, key, n, ord) ORDER BY r.ord`,
    [group, topic, worker, records.map(({ partition }) => partition), records.map(({ offset }) => offset), records.map(({ key }) => key), records.map(numberOf)],
  );
}

export function recording(group: string, worker = 'spec'): (batch: Batch) => Promise<Outcome> {
  return async ({ tx, topic, records }) => {
    await recordEffects(tx, group, worker, topic, records);
    return { kind: 'handled' };
  };
}

export interface Tally {
  /** Distinct numbers applied. */
  readonly applied: number;
  readonly twice: number;
  readonly outOfOrder: number;
}

/** All three by the database's own count. */
export async function tally(database: Database, group: string, topic: string): Promise<Tally> {
  const [row] = await database.query<{ applied: number; twice: number; out_of_order: number }>(
    `SELECT count(DISTINCT (key, n)) AS applied, count(*) - count(DISTINCT (key, n)) AS twice, count(*) FILTER (WHERE n < before) AS out_of_order
     FROM (SELECT key, n, lag(n) OVER (PARTITION BY key ORDER BY seq) AS before FROM effect WHERE grp = $1 AND topic = $2) e`,
    [group, topic],
  );
  return { applied: row?.applied ?? 0, twice: row?.twice ?? 0, outOfOrder: row?.out_of_order ?? 0 };
}

export async function appliedNumbers(database: Database, group: string, topic: string, key: string): Promise<number[]> {
  const rows = await database.query<{ n: number }>(`SELECT n FROM effect WHERE grp = $1 AND topic = $2 AND key = $3 ORDER BY seq`, [group, topic, key]);
  return rows.map(({ n }) => n);
}

export async function workersOf(database: Database, group: string, topic: string, afterSeq = 0): Promise<Map<string, number>> {
  const rows = await database.query<{ worker: string; count: number }>(
    `SELECT worker, count(*) AS count FROM effect WHERE grp = $1 AND topic = $2 AND seq > $3 GROUP BY worker`,
    [group, topic, afterSeq],
  );
  return new Map(rows.map(({ worker, count }) => [worker, count]));
}

export async function lastSeq(database: Database): Promise<number> {
  const [row] = await database.query<{ seq: number }>(`SELECT coalesce(max(seq), 0) AS seq FROM effect`);
  return row?.seq ?? 0;
}

/** Applies everything but the records that `faulty` names, for which it throws. */
export function failing(group: string, faulty: (record: LogRecord) => boolean): Subscription['handle'] {
  return async ({ tx, topic, records }) => {
    await recordEffects(tx, group, 'spec', topic, records);
    const culprit = records.find(faulty);
    if (culprit !== undefined) throw new TypeError(`cannot handle ${numberOf(culprit)}`);
    return { kind: 'handled' };
  };
}

export async function parkedNumbers(database: Database, group: string, topic: string): Promise<{ n: number; held: boolean; reason: string }[]> {
  const rows = await database.query<{ value: Buffer; held: boolean; reason: string }>(
    `SELECT value, held, reason FROM dead_letter WHERE grp = $1 AND topic = $2 ORDER BY seq`,
    [group, topic],
  );
  return rows.map(({ value, held, reason }) => ({ n: Number(value.toString()), held, reason }));
}
