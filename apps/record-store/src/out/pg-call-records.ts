import { CallEvent, earlierCopy, type CallRecord } from '@cc/contracts';
import type { Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { monthOf } from '../domain/months';
import { columns } from './call-record-row';
import { RecordPartitions } from './record-partitions';

const names = columns.map(([name]) => name).join(', ');
const placeholders = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ');
const updates = columns.map(([name]) => name).filter((name) => name !== 'cc_call_id' && name !== 'created').map((name) => `${name} = excluded.${name}`).join(', ');

/** One statement for a whole batch; a record that is already newer stays. One of the same version may be a correction by an earlier copy of an event. */
const UPSERT = `
  INSERT INTO call_record AS stored (${names}) SELECT * FROM unnest(${placeholders})
  ON CONFLICT (cc_call_id, created) DO UPDATE SET ${updates}
  WHERE stored.version <= excluded.version`;

/** Without ON CONFLICT: an event that somebody else has added meanwhile fails the batch, which then begins anew with it. */
const ADD_EVENTS = `INSERT INTO record_event (call_id, event_id, event) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])`;

const CORRECT_EVENTS = `UPDATE record_event AS r SET event = u.event FROM unnest($1::text[], $2::text[], $3::text[]) AS u (call_id, event_id, event) WHERE r.call_id = u.call_id AND r.event_id = u.event_id`;

/** Call by call through the index: with `= ANY` a table without statistics, as after an upgrade or a restore, is read from end to end. */
const HISTORIES = `SELECT e.call_id, e.event FROM unnest($1::text[]) AS c (call_id) CROSS JOIN LATERAL (SELECT * FROM record_event r WHERE r.call_id = c.call_id OFFSET 0) AS e`;

/** The events of one call by their id; of copies the earliest. */
type History = Map<string, CallEvent>;

/** The events of every call and the records folded from them. */
@Injectable()
export class PgCallRecords {
  constructor(private readonly partitions: RecordPartitions) {}

  /** Keeps the events that are new or copies of an earlier moment. Resolves to all events of each call that got any, calls in a fixed order. */
  async addEvents(tx: Tx, events: readonly CallEvent[]): Promise<CallEvent[][]> {
    if (events.length === 0) return [];
    const histories = await this.histories(tx, [...new Set(events.map((event) => event.callId))].sort());
    const added = new Map<string, CallEvent>();
    const corrected = new Map<string, CallEvent>();
    for (const event of events) {
      const history = histories.get(event.callId);
      const before = history?.get(event.id);
      if (history === undefined || (before !== undefined && earlierCopy(before, event) === before)) continue;
      history.set(event.id, event);
      const key = `${event.callId} ${event.id}`;
      (before === undefined || added.has(key) ? added : corrected).set(key, event);
    }
    await write(tx, ADD_EVENTS, [...added.values()]);
    await write(tx, CORRECT_EVENTS, [...corrected.values()]);
    const changed = new Set([...added.values(), ...corrected.values()].map((event) => event.callId));
    return [...histories].flatMap(([callId, history]) => (changed.has(callId) ? [[...history.values()]] : []));
  }

  private async histories(tx: Tx, callIds: readonly string[]): Promise<Map<string, History>> {
    const histories = new Map<string, History>();
    for (const callId of callIds) histories.set(callId, new Map());
    for (const { call_id, event } of await storedEvents(tx, callIds)) {
      const parsed = CallEvent.parse(JSON.parse(event));
      histories.get(call_id)?.set(parsed.id, parsed);
    }
    return histories;
  }

  async save(tx: Tx, records: readonly CallRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.partitions.ensure(records.map((record) => monthOf(record.createdAt)));
    await tx.query(UPSERT, columns.map(([, , value]) => records.map(value)));
  }
}

async function write(tx: Tx, statement: string, events: readonly CallEvent[]): Promise<void> {
  if (events.length > 0) await tx.query(statement, [events.map((event) => event.callId), events.map((event) => event.id), events.map((event) => JSON.stringify(event))]);
}

/** All stored events of these calls, as they were written. */
export function storedEvents(tx: Tx, callIds: readonly string[]): Promise<{ call_id: string; event: string }[]> {
  return tx.query(HISTORIES, [callIds]);
}
