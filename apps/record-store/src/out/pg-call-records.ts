import { CallEvent, type CallRecord } from '@cc/contracts';
import type { Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { monthOf } from '../domain/months';
import { columns } from './call-record-row';
import { RecordPartitions } from './record-partitions';

const names = columns.map(([name]) => name).join(', ');
const placeholders = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ');
const updates = columns.map(([name]) => name).filter((name) => name !== 'cc_call_id' && name !== 'created').map((name) => `${name} = excluded.${name}`).join(', ');

/** One statement for a whole batch; a record that is already newer stays. */
const UPSERT = `
  INSERT INTO call_record AS stored (${names}) SELECT * FROM unnest(${placeholders})
  ON CONFLICT (cc_call_id, created) DO UPDATE SET ${updates}
  WHERE stored.version < excluded.version`;

const ADD_EVENTS = `
  INSERT INTO record_event (call_id, event_id, event)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
  ON CONFLICT DO NOTHING RETURNING call_id`;

/** The events of every call and the records folded from them. */
@Injectable()
export class PgCallRecords {
  constructor(private readonly partitions: RecordPartitions) {}

  /** Keeps the events that are new. Resolves to the calls that got any, in a fixed order. */
  async addEvents(tx: Tx, events: readonly CallEvent[]): Promise<string[]> {
    if (events.length === 0) return [];
    const distinct = [...new Map(events.map((event) => [`${event.callId} ${event.id}`, event])).values()];
    const rows = await tx.query<{ call_id: string }>(ADD_EVENTS, [
      distinct.map((event) => event.callId),
      distinct.map((event) => event.id),
      distinct.map((event) => JSON.stringify(event)),
    ]);
    return [...new Set(rows.map((row) => row.call_id))].sort();
  }

  /** All events of each call, in the order of the calls given. */
  async histories(tx: Tx, callIds: readonly string[]): Promise<CallEvent[][]> {
    if (callIds.length === 0) return [];
    const rows = await tx.query<{ call_id: string; event: string }>(`SELECT call_id, event FROM record_event WHERE call_id = ANY($1::text[])`, [callIds]);
    const byCall = new Map<string, CallEvent[]>(callIds.map((callId) => [callId, []]));
    for (const row of rows) byCall.get(row.call_id)?.push(CallEvent.parse(JSON.parse(row.event)));
    return [...byCall.values()];
  }

  async save(tx: Tx, records: readonly CallRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.partitions.ensure(records.map((record) => monthOf(record.createdAt)));
    await tx.query(UPSERT, columns.map(([, , value]) => records.map(value)));
  }
}
