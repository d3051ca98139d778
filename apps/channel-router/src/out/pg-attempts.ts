import type { Tx } from '@cc/postgres';
import type { AttemptState } from '../domain/attempt';
import type { AttemptRecord } from '../domain/attempt-record';
import type { Attempts, LineState, NewAttempt, Settlement, VendorWord } from '../domain/ledger';
import { ATTEMPT_COLUMNS, toAttemptRecord, type AttemptRow } from './attempt-rows';

/** {@link Attempts} in PostgreSQL: the unique indexes on live attempts, not this code, make sure of one attempt per call and one call per line. */
export class PgAttempts implements Attempts {
  constructor(private readonly tx: Tx) {}

  async linesOf(lineRefs: readonly string[]): Promise<LineState> {
    if (lineRefs.length === 0) return { busy: new Set(), firstWaiting: new Map() };
    const rows = await this.tx.query<{ line_ref: string; busy: boolean; first_waiting: number | null }>(
      `SELECT t.line_ref, a.live IS NOT NULL AS busy, (SELECT min(position) FROM router_call c WHERE c.waits_for = t.line_ref AND c.state = 'queued') AS first_waiting
       FROM unnest($1::text[]) AS t(line_ref) LEFT JOIN LATERAL (SELECT live FROM router_attempt WHERE line_ref = t.line_ref AND live LIMIT 1) a ON true`, [lineRefs]);
    return {
      busy: new Set(rows.filter(({ busy }) => busy).map(({ line_ref }) => line_ref)),
      firstWaiting: new Map(rows.flatMap(({ line_ref, first_waiting }): [string, number][] => (first_waiting === null ? [] : [[line_ref, first_waiting]]))),
    };
  }

  async begin(attempts: readonly NewAttempt[]): Promise<ReadonlySet<string>> {
    if (attempts.length === 0) return new Set();
    const column = <T>(of: (attempt: NewAttempt) => T): T[] => attempts.map(of);
    const rows = await this.tx.query<{ attempt_id: string; call_id: string }>(
      `INSERT INTO router_attempt (attempt_id, call_id, tenant, number, channel, vendor, seat, line_ref, caller_ref, trial, state, sent_at, look_at, give_up_at, hold_until, hang_up_after, ask_until, ring_within, talk_within, lacks_duration, lacks_recording)
       SELECT t.attempt_id, t.call_id, t.tenant, t.number, t.channel, t.vendor, t.seat, t.line_ref, t.caller_ref, t.trial, 'sending', t.sent_at, t.look_at, t.give_up_at, t.hold_until, t.hang_up_after, t.ask_until, t.ring_within, t.talk_within, t.lacks_duration, t.lacks_recording
       FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::boolean[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::int[], $16::bigint[], $17::int[], $18::int[], $19::boolean[], $20::boolean[])
         AS t(attempt_id, call_id, tenant, number, channel, vendor, seat, line_ref, caller_ref, trial, sent_at, look_at, give_up_at, hold_until, hang_up_after, ask_until, ring_within, talk_within, lacks_duration, lacks_recording)
       ON CONFLICT DO NOTHING RETURNING attempt_id, call_id`,
      [
        column((a) => a.attemptId), column((a) => a.callId), column((a) => a.tenant), column((a) => a.number), column((a) => a.channel), column((a) => a.vendor), column((a) => a.seat ?? null),
        column((a) => a.lineRef), column((a) => a.callerRef), column((a) => a.trial), column((a) => a.sentAt), column((a) => a.lookAt), column((a) => a.giveUpAt), column((a) => a.holdUntil), column((a) => a.hangUpAfterSeconds ?? null),
        column((a) => a.askUntil), column((a) => a.ringWithinSeconds), column((a) => a.talkWithinSeconds), column((a) => a.lacksDuration), column((a) => a.lacksRecording),
      ]);
    await this.tx.query(`UPDATE router_call SET state = 'live', waits_for = NULL WHERE call_id = ANY($1::text[])`, [rows.map((row) => row.call_id)]);
    return new Set(rows.map((row) => row.attempt_id));
  }

  async settle(attemptId: string, settlement: Settlement): Promise<'moved' | 'known' | 'late'> {
    switch (await this.settleRow(attemptId, settlement)) {
      case 'sending':
      case 'unknown':
        return 'moved';
      case 'refused':
      case 'not-placed':
      case 'abandoned':
        return 'late';
      case 'accepted':
      case 'ended':
      case undefined:
        return 'known';
    }
  }

  /** The state before. */
  private async settleRow(attemptId: string, { state, outcome, kind, vendorCallId, vendorCode, reason, at, lookAt }: Settlement): Promise<AttemptState | undefined> {
    const rows = await this.tx.query<{ before: AttemptState }>(
      `UPDATE router_attempt a SET
         outcome = coalesce(a.outcome, $3), outcome_kind = CASE WHEN old.open THEN $4 ELSE coalesce(a.outcome_kind, $4) END, settled_at = coalesce(a.settled_at, $8),
         vendor_call_id = coalesce(a.vendor_call_id, $5), vendor_code = coalesce($6, a.vendor_code), reason = coalesce($7, a.reason),
         accepted_at = CASE WHEN $2 = 'accepted' THEN coalesce(a.accepted_at, $8) ELSE a.accepted_at END,
         look_at = CASE WHEN old.open THEN $9 ELSE a.look_at END,
         give_up_at = CASE WHEN NOT old.open THEN a.give_up_at WHEN $2 = 'accepted' THEN a.hold_until ELSE $9 END,
         state = CASE WHEN old.open THEN $2 ELSE a.state END
       FROM (SELECT attempt_id, state AS before, state IN ('sending', 'unknown') AS open FROM router_attempt WHERE attempt_id = $1 FOR UPDATE) old
       WHERE a.attempt_id = old.attempt_id RETURNING old.before`,
      [attemptId, state, outcome, kind, vendorCallId ?? null, vendorCode ?? null, reason?.slice(0, 400) ?? null, at, lookAt]);
    return rows[0]?.before;
  }

  async hear(words: readonly VendorWord[], nowMs: number): Promise<AttemptRecord[]> {
    const said = `(SELECT attempt_id, max(vendor_call_id) AS vendor_call_id, bool_or(says <> 'recorded') AS placed, bool_or(says = 'connected') AS connected, bool_or(says = 'ended') AS ended,
         bool_or(timed) AS timed, bool_or(says = 'recorded') AS recorded, bool_or(NOT asked) FILTER (WHERE says <> 'recorded') AS unasked
       FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::boolean[]) AS u(attempt_id, vendor_call_id, says, asked, timed) GROUP BY attempt_id)`;
    const column = <T>(of: (word: VendorWord) => T): T[] => words.map(of);
    const values = [column((word) => word.attemptId), column((word) => word.vendorCallId ?? null), column((word) => word.says), column((word) => word.asked === true), column((word) => word.timed === true)];
    // Held first: what is decided of an attempt meanwhile must be seen by all of the following, or the word would be lost between them.
    await this.tx.query(`SELECT FROM router_attempt WHERE attempt_id = ANY($1::text[]) ORDER BY attempt_id FOR UPDATE`, [column((word) => word.attemptId)]);
    const late = await this.tx.query<{ attempt_id: string }>(
      `UPDATE router_attempt a SET late_ring = true, hang_up_at = $6, over_at = coalesce(a.over_at, $6), vendor_call_id = coalesce(a.vendor_call_id, t.vendor_call_id)
       FROM ${said} t WHERE a.attempt_id = t.attempt_id AND t.placed AND a.state IN ('refused', 'not-placed') AND NOT a.late_ring RETURNING a.attempt_id`, [...values, nowMs]);
    const ended = await this.tx.query<{ attempt_id: string; call_id: string; ended: boolean }>(
      `UPDATE router_attempt a SET vendor_call_id = coalesce(a.vendor_call_id, t.vendor_call_id),
         heard_at = CASE WHEN t.unasked THEN coalesce(a.heard_at, $6) ELSE a.heard_at END, accepted_at = coalesce(a.accepted_at, $6),
         look_at = CASE WHEN t.connected AND a.connected_at IS NULL AND (a.state <> 'accepted' OR t.unasked) THEN $6 + a.talk_within * 1000::bigint
           WHEN a.state <> 'accepted' OR (a.heard_at IS NULL AND t.unasked) THEN $6 + a.ring_within * 1000::bigint ELSE a.look_at END,
         connected_at = CASE WHEN t.connected THEN coalesce(a.connected_at, $6) ELSE a.connected_at END,
         give_up_at = CASE WHEN a.state = 'accepted' THEN a.give_up_at ELSE a.hold_until END,
         hang_up_at = CASE WHEN t.ended THEN NULL WHEN t.connected AND a.hang_up_at IS NULL THEN $6 + a.hang_up_after * 1000 ELSE a.hang_up_at END,
         hang_up_after = CASE WHEN t.connected THEN NULL ELSE a.hang_up_after END,
         over_at = CASE WHEN t.ended THEN $6 ELSE a.over_at END,
         lacks_end = a.lacks_end AND NOT t.ended, lacks_duration = a.lacks_duration AND NOT t.timed, lacks_recording = a.lacks_recording AND NOT t.recorded,
         state = CASE WHEN t.ended THEN 'ended' ELSE 'accepted' END
       FROM ${said} t WHERE a.attempt_id = t.attempt_id AND t.placed AND a.live RETURNING a.attempt_id, a.call_id, t.ended`, [...values, nowMs]);
    await this.complete(said, values, nowMs);
    const over = ended.filter((row) => row.ended);
    if (over.length > 0) {
      await this.tx.query(`UPDATE router_call SET state = 'closed', command = NULL WHERE call_id = ANY($1::text[])`, [over.map((row) => row.call_id)]);
    }
    return late.length === 0 ? [] : await this.read(`a.attempt_id = ANY($1::text[])`, [late.map((row) => row.attempt_id)]);
  }

  /** What is told of attempts that were over before, or of recordings alone. */
  private async complete(said: string, values: readonly (readonly (string | boolean | null)[])[], nowMs: number): Promise<void> {
    await this.tx.query(
      `UPDATE router_attempt a SET lacks_end = a.lacks_end AND NOT t.ended, lacks_duration = a.lacks_duration AND NOT t.timed, lacks_recording = a.lacks_recording AND NOT t.recorded,
         connected_at = CASE WHEN t.connected THEN coalesce(a.connected_at, $6) ELSE a.connected_at END, over_at = CASE WHEN t.ended AND a.lacks_end THEN $6 ELSE a.over_at END
       FROM ${said} t WHERE a.attempt_id = t.attempt_id
         AND ((t.ended AND a.lacks_end) OR (t.timed AND a.lacks_duration) OR (t.recorded AND a.lacks_recording) OR (t.connected AND a.connected_at IS NULL AND NOT a.live))`, [...values, nowMs]);
  }

  async overdueSending(sentBeforeMs: number, limit: number): Promise<AttemptRecord[]> {
    return await this.read(`a.attempt_id IN (SELECT attempt_id FROM router_attempt WHERE state = 'sending' AND sent_at < $1 ORDER BY sent_at LIMIT $2 FOR UPDATE SKIP LOCKED)`, [sentBeforeMs, limit]);
  }

  async find(attemptId: string): Promise<AttemptRecord | undefined> {
    return (await this.read(`a.attempt_id = $1 FOR UPDATE OF a`, [attemptId]))[0];
  }

  async hungUp(attemptId: string): Promise<void> {
    await this.tx.query(`UPDATE router_attempt SET hang_up_at = NULL WHERE attempt_id = $1`, [attemptId]);
  }

  async resolve(attemptId: string, state: 'not-placed' | 'abandoned' | 'ended', nowMs: number): Promise<boolean> {
    const moved = await this.tx.query<{ call_id: string }>(`UPDATE router_attempt SET state = $2, hang_up_at = NULL, settled_at = coalesce(settled_at, $3), over_at = $3 WHERE attempt_id = $1 AND live AND state <> 'sending' RETURNING call_id`, [attemptId, state, nowMs]);
    if (moved.length === 0) return false;
    await this.tx.query(`UPDATE router_call SET command = NULL WHERE call_id = ANY($1::text[]) AND state = 'closed'`, [moved.map((row) => row.call_id)]);
    return true;
  }

  private async read(condition: string, values: Parameters<Tx['query']>[1]): Promise<AttemptRecord[]> {
    return (await this.tx.query<AttemptRow>(`SELECT ${ATTEMPT_COLUMNS} FROM router_attempt a JOIN router_call c USING (call_id) WHERE ${condition}`, values)).map(toAttemptRecord);
  }
}
