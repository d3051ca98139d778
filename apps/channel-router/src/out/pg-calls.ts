import { PlaceCall } from '@cc/contracts';
import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import type { Attempt, AttemptState, Watch } from '../domain/attempt';

const WAKE = 'cc_channel_router';
const LINE_BUSY_RETRY_MS = 500;

export interface QueuedCall {
  readonly command: PlaceCall;
  readonly cancelled: boolean;
}

/** An attempt together with what its vendor needs to find it. */
export interface LiveAttempt extends Attempt {
  readonly vendorCallId: string | undefined;
  readonly state: AttemptState;
  /** The vendor has answered a query about it. */
  readonly queried: boolean;
  readonly reapAt: number;
}

interface AttemptRow {
  attempt_id: string;
  call_id: string;
  tenant: string;
  number: number;
  channel: string;
  vendor: string;
  vendor_call_id: string | null;
  state: AttemptState;
  queried: boolean;
  reap_at: number;
}

/** Calls that the planner holds just now are left out: it waits for attempts in turn, and two that wait for each other never end. They are tried again anyway. */
const HURRY = `
  UPDATE router_call SET next_try = 0 WHERE call_id IN (
    SELECT call_id FROM router_call WHERE state = 'queued' AND next_try > 0 FOR UPDATE SKIP LOCKED)`;

const ATTEMPT_COLUMNS = 'attempt_id, call_id, tenant, number, channel, vendor, vendor_call_id, state, queried, reap_at';

const toAttempt = (row: AttemptRow): LiveAttempt => ({
  attemptId: row.attempt_id, callId: row.call_id, tenant: row.tenant, number: row.number, channel: row.channel, vendor: row.vendor,
  vendorCallId: row.vendor_call_id ?? undefined, state: row.state, queried: row.queried, reapAt: row.reap_at,
});

/**
 * Calls waiting for a dial and the attempts made for them. The unique indexes on live attempts, not this code,
 * make sure of one attempt per call and one call per line.
 */
@Injectable()
export class PgCalls {
  constructor(private readonly database: Database) {}

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }

  /** Calls back when there may be something to dial, to cancel or a line that got free. */
  onWork(heard: () => void): Promise<() => Promise<void>> {
    return this.database.listen(WAKE, heard);
  }

  async wake(tx: Tx): Promise<void> {
    await tx.query(`SELECT pg_notify('${WAKE}', '')`);
  }

  async enqueue(tx: Tx, commands: readonly PlaceCall[], nowMs: number): Promise<void> {
    if (commands.length === 0) return;
    await tx.query(
      `INSERT INTO router_call (call_id, tenant, state, command, not_after, next_try, created)
       SELECT call_id, tenant, 'queued', command, not_after, $5, $5 FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::bigint[]) AS t(call_id, tenant, command, not_after)
       ON CONFLICT DO NOTHING`,
      [commands.map((command) => command.callId), commands.map((command) => command.tenant), commands.map((command) => JSON.stringify(command)), commands.map((command) => command.notAfter), nowMs],
    );
  }

  async requestCancel(tx: Tx, callIds: readonly string[]): Promise<void> {
    if (callIds.length === 0) return;
    await tx.query(`UPDATE router_call SET cancel = 'requested', next_try = 0 WHERE call_id = ANY($1::text[]) AND cancel <> 'requested' AND state <> 'closed'`, [callIds]);
  }

  /** The calls whose turn it is, oldest first, locked until the transaction ends. */
  async due(tx: Tx, nowMs: number, limit: number): Promise<QueuedCall[]> {
    const rows = await tx.query<{ command: unknown; cancel: string }>(
      `SELECT command, cancel FROM router_call WHERE state = 'queued' AND next_try <= $1 ORDER BY created LIMIT $2 FOR UPDATE SKIP LOCKED`, [nowMs, limit]);
    return rows.map((row) => ({ command: PlaceCall.parse(row.command), cancelled: row.cancel !== 'none' }));
  }

  /** Commits the attempt as SENDING, which it never leaves backwards. False when its line carries another live call: the call stays queued. */
  async begin(tx: Tx, attempt: Attempt, lineRef: string, nowMs: number, watch: Watch): Promise<boolean> {
    const inserted = await tx.query(
      `INSERT INTO router_attempt (attempt_id, call_id, tenant, number, channel, vendor, line_ref, state, sent_at, look_at, reap_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, 'sending', $8, $9, $10) ON CONFLICT DO NOTHING RETURNING attempt_id`,
      [attempt.attemptId, attempt.callId, attempt.tenant, attempt.number, attempt.channel, attempt.vendor, lineRef, nowMs, watch.lookAt, watch.reapAt]);
    const begun = inserted.length > 0;
    await tx.query(begun ? `UPDATE router_call SET state = 'live' WHERE call_id = $1` : `UPDATE router_call SET next_try = $2 WHERE call_id = $1`, begun ? [attempt.callId] : [attempt.callId, nowMs + LINE_BUSY_RETRY_MS]);
    return begun;
  }

  /** Closes a call and forgets its numbers. */
  async close(tx: Tx, callIds: readonly string[]): Promise<void> {
    if (callIds.length === 0) return;
    await tx.query(`UPDATE router_call SET state = 'closed', command = NULL WHERE call_id = ANY($1::text[])`, [callIds]);
  }

  /** Moves an attempt whose dial had no outcome yet; false when it has moved on meanwhile. */
  async settle(tx: Tx, attemptId: string, state: AttemptState, vendorCallId: string | undefined, watch: Watch): Promise<boolean> {
    const moved = await tx.query(
      `UPDATE router_attempt SET state = $2, vendor_call_id = coalesce($3, vendor_call_id), look_at = $4, reap_at = $5
       WHERE attempt_id = $1 AND state IN ('sending', 'unknown') RETURNING attempt_id`, [attemptId, state, vendorCallId ?? null, watch.lookAt, watch.reapAt]);
    return moved.length > 0;
  }

  /** What the vendor's own messages prove: the attempt was placed. */
  async confirm(tx: Tx, attempts: readonly { readonly attemptId: string; readonly vendorCallId?: string }[], watch: Watch): Promise<void> {
    if (attempts.length === 0) return;
    await tx.query(
      `UPDATE router_attempt a SET vendor_call_id = coalesce(a.vendor_call_id, t.vendor_call_id),
         look_at = CASE WHEN a.state = 'accepted' THEN a.look_at ELSE $3 END,
         reap_at = CASE WHEN a.state = 'accepted' THEN a.reap_at ELSE $4 END, state = 'accepted'
       FROM (SELECT attempt_id, max(vendor_call_id) AS vendor_call_id FROM unnest($1::text[], $2::text[]) AS u(attempt_id, vendor_call_id) GROUP BY attempt_id) t
       WHERE a.attempt_id = t.attempt_id AND a.live`,
      [attempts.map((attempt) => attempt.attemptId), attempts.map((attempt) => attempt.vendorCallId ?? null), watch.lookAt, watch.reapAt]);
  }

  /** Frees the lines of attempts that have ended and closes their calls; calls that wait for a line get their turn now. */
  async end(tx: Tx, attemptIds: readonly string[]): Promise<void> {
    if (attemptIds.length === 0) return;
    const rows = await tx.query<{ call_id: string }>(`UPDATE router_attempt SET state = 'ended' WHERE attempt_id = ANY($1::text[]) AND live RETURNING call_id`, [attemptIds]);
    await this.close(tx, rows.map((row) => row.call_id));
    if (rows.length > 0) await tx.query(HURRY);
  }

  /** Attempts that have been SENDING for too long: their dial's outcome is lost. */
  async overdueSending(tx: Tx, sentBeforeMs: number): Promise<LiveAttempt[]> {
    const rows = await tx.query<AttemptRow>(`SELECT ${ATTEMPT_COLUMNS} FROM router_attempt WHERE state = 'sending' AND live AND sent_at < $1 ORDER BY sent_at LIMIT 50 FOR UPDATE SKIP LOCKED`, [sentBeforeMs]);
    return rows.map(toAttempt);
  }

  /** Takes live attempts whose end is overdue; each is looked at again not before `againAtMs`. */
  async takeOverdue(nowMs: number, againAtMs: number, limit: number): Promise<LiveAttempt[]> {
    const rows = await this.database.query<AttemptRow>(
      `UPDATE router_attempt SET look_at = $2 WHERE attempt_id IN (
         SELECT attempt_id FROM router_attempt WHERE live AND state <> 'sending' AND look_at <= $1 ORDER BY look_at LIMIT $3 FOR UPDATE SKIP LOCKED)
       RETURNING ${ATTEMPT_COLUMNS}`, [nowMs, againAtMs, limit]);
    return rows.map(toAttempt);
  }

  /** Remembers that the vendor was asked and has answered; the next look is at `lookAtMs`. */
  async queried(attemptId: string, lookAtMs: number): Promise<void> {
    await this.database.query(`UPDATE router_attempt SET queried = true, look_at = $2 WHERE attempt_id = $1`, [attemptId, lookAtMs]);
  }

  /** Takes live attempts whose end was asked for; each is handed out once, until it is asked for again. */
  async takeCancelled(limit: number): Promise<LiveAttempt[]> {
    const rows = await this.database.query<AttemptRow>(
      `UPDATE router_call c SET cancel = 'sent' FROM router_attempt a
       WHERE a.attempt_id IN (
         SELECT l.attempt_id FROM router_attempt l JOIN router_call r USING (call_id)
         WHERE r.cancel = 'requested' AND r.state = 'live' AND l.state = 'accepted' AND l.vendor_call_id IS NOT NULL LIMIT $1 FOR UPDATE OF r SKIP LOCKED)
       AND c.call_id = a.call_id
       RETURNING ${ATTEMPT_COLUMNS.split(', ').map((column) => `a.${column}`).join(', ')}`, [limit]);
    return rows.map(toAttempt);
  }

  /** The vendor's answer is unknown: the call's end is to be asked for once more. */
  async cancelAgain(callId: string): Promise<void> {
    await this.database.query(`UPDATE router_call SET cancel = 'requested' WHERE call_id = $1 AND cancel = 'sent' AND state = 'live'`, [callId]);
  }
}
