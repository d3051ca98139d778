import { CallEvent, CallRecord, distinctEvents } from '@cc/contracts';
import { CcError } from '@cc/kernel';
import { Database, type SqlValue, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { pageOf, type Page, type PageQuery } from './page';

const CHANGED = 'cc_gateway_call';

/** One use of an Idempotency-Key. */
export interface IdempotentUse {
  readonly key: string;
  readonly bodySha256: string;
}

export interface CallFilter extends PageQuery {
  readonly createdFrom?: number | undefined;
  readonly createdTo?: number | undefined;
  readonly state?: string | undefined;
  readonly channel?: string | undefined;
  readonly agent?: string | undefined;
  readonly vendorCallId?: string | undefined;
}

/** The gateway's own copy of calls and their timelines. */
@Injectable()
export class CallCatalogue {
  constructor(private readonly database: Database) {}

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }

  /**
   * Adds a call together with whatever `announce` appends. With a key that was used before nothing is added and the
   * first answer comes back. @throws CcError `idempotency-key-reused` when that use had another body.
   */
  add(record: CallRecord, requested: CallEvent, use: IdempotentUse | undefined, announce: (tx: Tx) => Promise<void>): Promise<CallRecord | undefined> {
    return this.database.transaction(async (tx) => {
      const earlier = use === undefined ? undefined : await this.claim(tx, record, use);
      if (earlier !== undefined) return earlier;
      await tx.query(`INSERT INTO gateway_call (call_id, tenant, created, version, record) VALUES ($1, $2, $3, $4, $5)`, [record.callId, record.tenant, record.createdAt, record.version, JSON.stringify(record)]);
      await this.addEvents(tx, [requested]);
      await announce(tx);
      return undefined;
    });
  }

  private async claim(tx: Tx, record: CallRecord, use: IdempotentUse): Promise<CallRecord | undefined> {
    const claimed = await tx.query(
      `INSERT INTO gateway_idempotency_key (tenant, key, body_sha256, answer, created) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING key`,
      [record.tenant, use.key, use.bodySha256, JSON.stringify(record), record.createdAt],
    );
    if (claimed.length > 0) return undefined;
    return this.earlierAnswer(tx, record.tenant, use);
  }

  /** The call that an earlier use of the key has placed. @throws CcError `idempotency-key-reused` when that use had another body. */
  placedBefore(tenant: string, use: IdempotentUse): Promise<CallRecord | undefined> {
    return this.earlierAnswer(this.database, tenant, use);
  }

  private async earlierAnswer(tx: Tx, tenant: string, use: IdempotentUse): Promise<CallRecord | undefined> {
    const [earlier] = await tx.query<{ body_sha256: string; answer: unknown }>(`SELECT body_sha256, answer FROM gateway_idempotency_key WHERE tenant = $1 AND key = $2`, [tenant, use.key]);
    if (earlier === undefined) return undefined;
    if (earlier.body_sha256 !== use.bodySha256) throw new CcError('input', 'idempotency-key-reused', 'This Idempotency-Key was used with another body; use a new key for another call');
    return CallRecord.parse(earlier.answer);
  }

  find(tenant: string, callId: string): Promise<CallRecord | undefined> {
    return this.read(this.database, tenant, callId);
  }

  private async read(tx: Tx, tenant: string, callId: string): Promise<CallRecord | undefined> {
    const [row] = await tx.query<{ record: unknown }>(`SELECT record FROM gateway_call WHERE call_id = $1 AND tenant = $2`, [callId, tenant]);
    return row === undefined ? undefined : CallRecord.parse(row.record);
  }

  /** Newest first. */
  async page(tenant: string, filter: CallFilter): Promise<Page<CallRecord>> {
    const values: SqlValue[] = [tenant];
    const conditions = ['tenant = $1'];
    const restrict = (sql: (place: string) => string, value: SqlValue | undefined): void => {
      if (value === undefined) return;
      values.push(value);
      conditions.push(sql(`$${values.length}`));
    };
    restrict((place) => `created >= ${place}`, filter.createdFrom);
    restrict((place) => `created < ${place}`, filter.createdTo);
    restrict((place) => `record->>'state' = ${place}`, filter.state);
    restrict((place) => `record->>'channel' = ${place}`, filter.channel);
    restrict((place) => `record->>'agent' = ${place}`, filter.agent);
    restrict((place) => `record->>'vendorCallId' = ${place}`, filter.vendorCallId);
    const [created, ...rest] = filter.after?.split('-') ?? [];
    if (created !== undefined) {
      values.push(Number(created), rest.join('-'));
      conditions.push(`(created, call_id) < ($${values.length - 1}::bigint, $${values.length})`);
    }
    values.push(filter.pageSize + 1);
    const rows = await this.database.query<{ record: unknown }>(`SELECT record FROM gateway_call WHERE ${conditions.join(' AND ')} ORDER BY created DESC, call_id DESC LIMIT $${values.length}`, values);
    return pageOf(rows.map((row) => CallRecord.parse(row.record)), filter.pageSize, ({ createdAt, callId }) => `${createdAt}-${callId}`);
  }

  /** All events of a call in the order in which CC learnt of them, of one moment by id; undefined when there is no such call. */
  async events(tenant: string, callId: string): Promise<CallEvent[] | undefined> {
    if ((await this.find(tenant, callId)) === undefined) return undefined;
    const rows = await this.database.query<{ event: unknown }>(`SELECT event FROM gateway_event WHERE call_id = $1 ORDER BY (event->>'recordedAt')::bigint, event_id COLLATE "C"`, [callId]);
    return rows.map((row) => CallEvent.parse(row.event)).filter((event) => event.tenant === tenant);
  }

  /** Of copies of one event the earliest is kept, as the record does. */
  async addEvents(tx: Tx, events: readonly CallEvent[]): Promise<void> {
    if (events.length === 0) return;
    const distinct = distinctEvents(events);
    await tx.query(
      `INSERT INTO gateway_event AS stored (call_id, event_id, event) SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[])
       ON CONFLICT (call_id, event_id) DO UPDATE SET event = excluded.event WHERE (excluded.event->>'recordedAt')::bigint < (stored.event->>'recordedAt')::bigint`,
      [distinct.map((event) => event.callId), distinct.map((event) => event.id), distinct.map((event) => JSON.stringify(event))],
    );
  }

  /** Takes over newer versions, and corrections of the present one, and tells everyone who waits for one. */
  async saveRecords(tx: Tx, records: readonly CallRecord[]): Promise<void> {
    if (records.length === 0) return;
    const newest = [...records.reduce((kept, record) => ((kept.get(record.callId)?.version ?? 0) <= record.version ? kept.set(record.callId, record) : kept), new Map<string, CallRecord>()).values()];
    newest.sort((a, b) => (a.callId < b.callId ? -1 : 1));
    await tx.query(
      `INSERT INTO gateway_call AS stored (call_id, tenant, created, version, record)
       SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::int[], $5::jsonb[])
       ON CONFLICT (call_id) DO UPDATE SET version = excluded.version, record = excluded.record
       WHERE stored.version < excluded.version OR (stored.version = excluded.version AND stored.record <> excluded.record)`,
      [newest.map((record) => record.callId), newest.map((record) => record.tenant), newest.map((record) => record.createdAt), newest.map((record) => record.version), newest.map((record) => JSON.stringify(record))],
    );
    await tx.query(`SELECT pg_notify('${CHANGED}', '')`);
  }

  /** Calls back after each commit that changed calls. */
  onChange(changed: () => void): Promise<() => Promise<void>> {
    return this.database.listen(CHANGED, changed);
  }
}
