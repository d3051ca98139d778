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

/** Without ON CONFLICT: an event that somebody else has added meanwhile fails the batch, which then begins anew with it. */
const ADD_EVENTS = `INSERT INTO record_event (call_id, event_id, event) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])`;

/** Call by call through the index: with `= ANY` a table without statistics, as after an upgrade or a restore, is read from end to end. */
const HISTORIES = `SELECT e.call_id, e.event FROM unnest($1::text[]) AS c (call_id) CROSS JOIN LATERAL (SELECT * FROM record_event r WHERE r.call_id = c.call_id OFFSET 0) AS e`;

/** The events of one call by their id; of copies the first to be stored stays. */
type History = Map<string, CallEvent>;

/** The events of every call and the records folded from them. */
@Injectable()
export class PgCallRecords {
  constructor(private readonly partitions: RecordPartitions) {}

  /** Keeps the events that are new. Resolves to all events of each call that got any, calls in a fixed order. */
  async addEvents(tx: Tx, events: readonly CallEvent[]): Promise<CallEvent[][]> {
    if (events.length === 0) return [];
    const histories = await this.histories(tx, [...new Set(events.map((event) => event.callId))].sort());
    const added: CallEvent[] = [];
    for (const event of events) {
      const history = histories.get(event.callId);
      if (history === undefined || history.has(event.id)) continue;
      history.set(event.id, event);
      added.push(event);
    }
    if (added.length === 0) return [];
    await tx.query(ADD_EVENTS, [added.map((event) => event.callId), added.map((event) => event.id), added.map((event) => JSON.stringify(event))]);
    const grown = new Set(added.map((event) => event.callId));
    return [...histories].flatMap(([callId, history]) => (grown.has(callId) ? [[...history.values()]] : []));
  }

  private async histories(tx: Tx, callIds: readonly string[]): Promise<Map<string, History>> {
    const histories = new Map<string, History>();
    for (const callId of callIds) histories.set(callId, new Map());
    for (const { call_id, event } of await tx.query<{ call_id: string; event: string }>(HISTORIES, [callIds])) {
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
