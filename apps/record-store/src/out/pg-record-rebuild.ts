import { isDeepStrictEqual } from 'node:util';
import { CallEvent, type CallRecord } from '@cc/contracts';
import { describeError } from '@cc/kernel';
import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { monthOf } from '../domain/months';
import { columns } from './call-record-row';
import { PgCallRecords, storedEvents } from './pg-call-records';
import { RecordPartitions } from './record-partitions';

/** Which calls: one, or those created in `from` ≤ t < `to` (epoch ms), or all that have an event or a record. */
export interface RebuildSelection {
  readonly callId?: string;
  readonly from?: number;
  readonly to?: number;
  /** Calls with ids above this one. */
  readonly after?: string;
}

/** The events of a call, or why they cannot be read. */
export type ReadHistory = { readonly events: readonly CallEvent[] } | { readonly fault: string };

/** A column in which a stored record is another than the one that its events give. */
export interface ColumnDifference {
  readonly column: string;
  readonly stored: unknown;
  readonly recomputed: unknown;
}

/** Rows of `call_record` of one call: one, as a rule; `created` parts them where the time of its creation was another before. */
export type StoredRows = readonly Readonly<Record<string, unknown>>[];

/* Both orders are by id, so that a page of their union is the first ids of either. The events' ids by jumps through their index. */
const PAGE_OF_ALL = `
  WITH RECURSIVE heard AS (
    (SELECT call_id FROM record_event WHERE call_id > $1 ORDER BY call_id LIMIT 1)
    UNION ALL
    SELECT (SELECT r.call_id FROM record_event r WHERE r.call_id > h.call_id ORDER BY r.call_id LIMIT 1) FROM heard h WHERE h.call_id IS NOT NULL
  )
  SELECT call_id FROM (
    (SELECT call_id FROM heard WHERE call_id IS NOT NULL LIMIT $2)
    UNION
    (SELECT cc_call_id FROM call_record WHERE cc_call_id > $1 ORDER BY cc_call_id LIMIT $2)
  ) ids (call_id) ORDER BY call_id LIMIT $2`;

const PAGE_OF_RANGE = `SELECT DISTINCT cc_call_id AS call_id FROM call_record WHERE cc_call_id > $1 AND created >= $3 AND created < $4 ORDER BY call_id LIMIT $2`;

const STORED = `SELECT ${columns.map(([name]) => name).join(', ')} FROM call_record WHERE cc_call_id = ANY ($1::text[]) ORDER BY cc_call_id, created FOR UPDATE`;

/** Puts the stored rows of the calls behind every version, and takes those away that lie in another month than they should. */
const YIELD = `UPDATE call_record SET version = 0 WHERE cc_call_id = ANY ($1::text[])`;
const MISPLACED = `DELETE FROM call_record AS stored USING unnest($1::text[], $2::bigint[]) AS told (call_id, created) WHERE stored.cc_call_id = told.call_id AND stored.created <> told.created`;

/** Records beside the events that they come from, for whoever compares them; calls are held one page at a time. */
@Injectable()
export class PgRecordRebuild {
  constructor(
    private readonly database: Database,
    private readonly records: PgCallRecords,
    private readonly partitions: RecordPartitions,
  ) {}

  /** The ids of the next calls, in their order. Outside of any transaction: see {@link prepare}. */
  async page({ callId, from, to, after = '' }: RebuildSelection, limit: number): Promise<string[]> {
    if (callId !== undefined) return [callId];
    const ranged = from !== undefined || to !== undefined;
    const rows = ranged
      ? await this.database.query<{ call_id: string }>(PAGE_OF_RANGE, [after, limit, from ?? 0, to ?? Number.MAX_SAFE_INTEGER])
      : await this.database.query<{ call_id: string }>(PAGE_OF_ALL, [after, limit]);
    return rows.map(({ call_id }) => call_id);
  }

  /** Makes the partitions that these records need: impossible for a transaction that has already touched the table. */
  async prepare(records: readonly CallRecord[]): Promise<void> {
    await this.partitions.ensure(records.map((record) => monthOf(record.createdAt)));
  }

  /** The rows of each call, held until `tx` ends: no batch of events changes a record of theirs meanwhile. */
  async hold(tx: Tx, callIds: readonly string[]): Promise<ReadonlyMap<string, StoredRows>> {
    const stored = new Map<string, Readonly<Record<string, unknown>>[]>();
    for (const row of await tx.query(STORED, [callIds])) {
      const callId = String(row['cc_call_id']);
      stored.set(callId, [...(stored.get(callId) ?? []), row]);
    }
    return stored;
  }

  async histories(callIds: readonly string[], tx: Tx = this.database): Promise<ReadonlyMap<string, ReadHistory>> {
    const texts = new Map<string, string[]>();
    for (const { call_id, event } of await storedEvents(tx, callIds)) texts.set(call_id, [...(texts.get(call_id) ?? []), event]);
    return new Map(callIds.map((callId) => [callId, read(texts.get(callId) ?? [])]));
  }

  /** Stores these records whatever was stored before. Resolves to those that are stored now: another one may have been newer. */
  async store(tx: Tx, records: readonly CallRecord[]): Promise<CallRecord[]> {
    if (records.length === 0) return [];
    const callIds = records.map(({ callId }) => callId);
    await tx.query(YIELD, [callIds]);
    await tx.query(MISPLACED, [callIds, records.map(({ createdAt }) => createdAt)]);
    await this.records.save(tx, records);
    const rows = await tx.query<{ call_id: string; version: number }>(`SELECT cc_call_id AS call_id, version FROM call_record WHERE cc_call_id = ANY ($1::text[])`, [callIds]);
    const versions = new Map(rows.map(({ call_id, version }) => [call_id, version]));
    return records.filter(({ callId, version }) => versions.get(callId) === version);
  }
}

function read(texts: readonly string[]): ReadHistory {
  try {
    return { events: texts.map((text) => CallEvent.parse(JSON.parse(text))) };
  } catch (error) {
    return { fault: describeError(error) };
  }
}

/** Every column in which a stored row is not what the record would be stored as. */
export function columnDifferences(stored: Readonly<Record<string, unknown>>, record: CallRecord): ColumnDifference[] {
  return columns.flatMap(([column, , value]) => {
    const recomputed = value(record);
    return isSame(stored[column], recomputed) ? [] : [{ column, stored: stored[column], recomputed }];
  });
}

/** A column of JSON comes back parsed. */
function isSame(stored: unknown, recomputed: string | number | null): boolean {
  if (typeof stored === 'object' && stored !== null && typeof recomputed === 'string') return isDeepStrictEqual(stored, JSON.parse(recomputed));
  return stored === recomputed;
}
