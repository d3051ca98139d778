import { PlaceCall } from '@cc/contracts';
import type { Tx } from '@cc/postgres';
import type { CallQueue, Postponed, QueuedCall } from '../domain/ledger';

/**
 * {@link CallQueue} in PostgreSQL. Whoever holds attempts and calls takes the attempts first, in the order of their ids. A cancellation must look
 * at them once more after the calls: should it and another wait for each other there, the server ends one, whose batch is handled again.
 */
export class PgCallQueue implements CallQueue {
  constructor(private readonly tx: Tx) {}

  async enqueue(calls: readonly PlaceCall[], nowMs: number): Promise<void> {
    if (calls.length === 0) return;
    await this.tx.query(
      `INSERT INTO router_call (call_id, tenant, state, command, not_after, next_try, created)
       SELECT call_id, tenant, 'queued', command, not_after, $5, $5 FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::bigint[]) WITH ORDINALITY AS t(call_id, tenant, command, not_after, place)
       ORDER BY place ON CONFLICT DO NOTHING`,
      [calls.map((call) => call.callId), calls.map((call) => call.tenant), calls.map((call) => JSON.stringify(call)), calls.map((call) => call.notAfter), nowMs],
    );
  }

  async requestCancel(callIds: readonly string[], nowMs: number): Promise<void> {
    if (callIds.length === 0) return;
    const hangUp = (): Promise<unknown> => this.tx.query(
      `UPDATE router_attempt SET hang_up_at = least(coalesce(hang_up_at, $2), $2), hang_up_tries = 0
       WHERE attempt_id IN (SELECT attempt_id FROM router_attempt WHERE call_id = ANY($1::text[]) AND live ORDER BY attempt_id FOR UPDATE)`, [callIds, nowMs]);
    await hangUp();
    await this.tx.query(`UPDATE router_call SET cancelled = true, next_try = 0 WHERE call_id = ANY($1::text[]) AND state <> 'closed'`, [callIds]);
    // The planner may have held the call and begun its attempt meanwhile; whoever waited for it sees the attempt only now.
    await hangUp();
  }

  async due(nowMs: number, limit: number): Promise<QueuedCall[]> {
    const rows = await this.tx.query<{ command: unknown; cancelled: boolean; position: number; waits: boolean }>(
      `SELECT command, cancelled, position, waits_for IS NOT NULL AS waits FROM router_call c WHERE state = 'queued'
         AND (next_try <= $1 OR (waits_for IS NOT NULL AND NOT EXISTS (SELECT FROM router_attempt a WHERE a.line_ref = c.waits_for AND a.live)))
       ORDER BY position LIMIT $2 FOR UPDATE OF c SKIP LOCKED`, [nowMs, limit]);
    return rows.map(({ command, ...row }) => ({ command: PlaceCall.parse(command), ...row }));
  }

  async postpone(calls: readonly Postponed[]): Promise<void> {
    if (calls.length === 0) return;
    await this.tx.query(
      `UPDATE router_call c SET next_try = t.next_try, waits_for = t.waits_for
       FROM unnest($1::text[], $2::bigint[], $3::text[]) AS t(call_id, next_try, waits_for) WHERE c.call_id = t.call_id AND c.state = 'queued'`,
      [calls.map((call) => call.callId), calls.map((call) => call.nextTryMs), calls.map((call) => call.waitsFor ?? null)]);
  }

  async requeue(callIds: readonly string[], nowMs: number): Promise<void> {
    if (callIds.length === 0) return;
    await this.tx.query(`UPDATE router_call SET state = 'queued', next_try = $2, waits_for = NULL WHERE call_id = ANY($1::text[]) AND state = 'live'`, [callIds, nowMs]);
  }

  async close(callIds: readonly string[]): Promise<void> {
    if (callIds.length === 0) return;
    await this.tx.query(
      `UPDATE router_call c SET state = 'closed', waits_for = NULL,
         command = CASE WHEN EXISTS (SELECT FROM router_attempt a WHERE a.call_id = c.call_id AND a.live) THEN c.command END
       WHERE call_id = ANY($1::text[])`, [callIds]);
  }
}
