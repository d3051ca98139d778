import { CcError } from '@cc/kernel';
import type { Tx } from '@cc/postgres';
import type { DeadLetterDeed, DeadLetterDetail, DeadLetterFilter, ParkedKey, ParkedKeys, ParkedKeySummary } from './dead-letters';
import { toLogRecord, type StoredRecord } from './log-tables';

const AT_MS = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::bigint`;

const LIST = `
  WITH parked AS (
    SELECT min(seq) AS seq, count(*) AS records FROM dead_letter WHERE grp = $1 AND ($2::text IS NULL OR topic = $2) GROUP BY topic, key
  )
  SELECT d.seq, d.topic, d.part, d.off, d.key, d.headers, d.reason, ${AT_MS('d.parked_at')} AS parked_at, p.records, (SELECT count(*) FROM parked) AS total
  FROM parked p JOIN dead_letter d ON d.seq = p.seq
  WHERE d.seq > $3 ORDER BY d.seq LIMIT $4`;

interface ListedRow {
  readonly seq: number;
  readonly topic: string;
  readonly part: number;
  readonly off: number;
  readonly key: string;
  readonly headers: string;
  readonly reason: string;
  readonly parked_at: number;
  readonly records: number;
  readonly total: number;
}

export async function listDeadLetters(tx: Tx, group: string, { topic, after = 0, limit }: DeadLetterFilter): Promise<ParkedKeys> {
  const rows = await tx.query<ListedRow>(LIST, [group, topic ?? null, after, limit]);
  return { items: rows.map(summaryOf), total: rows[0]?.total ?? 0 };
}

function summaryOf(row: ListedRow): ParkedKeySummary {
  const { seq: id, topic, part: partition, off: offset, key, reason, parked_at: parkedAtMs, records } = row;
  return { id, topic, partition, offset, key, type: typeOf(row.headers), reason, parkedAtMs, records };
}

function typeOf(headers: string): string {
  const parsed: unknown = JSON.parse(headers);
  return typeof parsed === 'object' && parsed !== null && 'ce_type' in parsed && typeof parsed.ce_type === 'string' ? parsed.ce_type : '';
}

interface DetailRow extends StoredRecord {
  readonly topic: string;
  readonly part: number;
  readonly reason: string;
  readonly held: boolean;
  readonly parked_at: number;
  readonly records: number;
}

const DETAIL = `
  SELECT d.topic, d.part, d.off, d.key, d.value, d.headers, d.appended_at, d.reason, d.held, ${AT_MS('d.parked_at')} AS parked_at,
         (SELECT count(*) FROM dead_letter o WHERE o.grp = d.grp AND o.topic = d.topic AND o.key = d.key) AS records
  FROM dead_letter d WHERE d.grp = $1 AND d.seq = $2`;

interface HistoryRow {
  readonly topic: string;
  readonly part: number;
  readonly off: number;
  readonly key: string;
  readonly did: DeadLetterDeed;
  readonly reason: string;
  readonly operator: string | null;
  readonly at: number;
}

const HISTORY = `SELECT topic, part, off, key, did, reason, operator, ${AT_MS('at')} AS at FROM dead_letter_history WHERE grp = $1 AND letter = $2 ORDER BY seq`;

export async function describeDeadLetter(tx: Tx, group: string, id: number): Promise<DeadLetterDetail> {
  const [row] = await tx.query<DetailRow>(DETAIL, [group, id]);
  const rows = await tx.query<HistoryRow>(HISTORY, [group, id]);
  const known = row ?? rows[0];
  if (known === undefined) throw unknownLetter(group, id);
  const partition = { topic: known.topic, partition: known.part };
  return {
    id, ...partition, key: known.key, offset: known.off,
    others: row === undefined ? 0 : row.records - 1,
    ...(row === undefined ? {} : { parked: { record: toLogRecord(partition, row), appendedAtMs: row.appended_at, reason: row.reason, held: row.held, parkedAtMs: row.parked_at } }),
    history: rows.map(({ did, reason, operator, at }) => ({ did, reason, atMs: at, ...(operator === null ? {} : { operator }) })),
  };
}

/** Of a record that is parked, or was: what is left of its key can still be released by it. */
export async function keyOfDeadLetter(tx: Tx, group: string, id: number): Promise<ParkedKey> {
  const [row] = await tx.query<{ topic: string; part: number; key: string }>(
    `SELECT topic, part, key FROM dead_letter WHERE grp = $1 AND seq = $2
     UNION ALL SELECT topic, part, key FROM dead_letter_history WHERE grp = $1 AND letter = $2 LIMIT 1`,
    [group, id],
  );
  if (row === undefined) throw unknownLetter(group, id);
  return { topic: row.topic, partition: row.part, key: row.key };
}

function unknownLetter(group: string, id: number): CcError {
  return new CcError('missing', 'no-such-dead-letter', `${group} has parked no record ${id}; the history of what left is kept for 30 days`);
}
