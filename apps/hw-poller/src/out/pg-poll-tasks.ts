import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import type { NextStep, PollTask } from '../domain/poll-task';

const WAKE = 'cc_hw_poller';

interface Row {
  attempt_id: string;
  call_id: string;
  channel: string;
  vendor_call_id: string;
  failures: number;
  last_digest: string | null;
}

/** One durable task per live call of a polled channel. A task is taken by moving its next poll ahead: whoever dies leaves it due again. */
@Injectable()
export class PgPollTasks {
  constructor(private readonly database: Database) {}

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }

  onWork(heard: () => void): Promise<() => Promise<void>> {
    return this.database.listen(WAKE, heard);
  }

  /** Begins to follow calls; a call that is known, or already over, is left alone. */
  async add(tx: Tx, tasks: readonly Pick<PollTask, 'attemptId' | 'callId' | 'channel' | 'vendorCallId'>[], nowMs: number, giveUpAtMs: number): Promise<void> {
    if (tasks.length === 0) return;
    await tx.query(
      `INSERT INTO poll_task (attempt_id, call_id, channel, vendor_call_id, next_poll, give_up_at)
       SELECT t.*, $5, $6 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS t(attempt_id, call_id, channel, vendor_call_id)
       WHERE NOT EXISTS (SELECT FROM poll_ended e WHERE e.attempt_id = t.attempt_id) ON CONFLICT DO NOTHING`,
      [tasks.map((task) => task.attemptId), tasks.map((task) => task.callId), tasks.map((task) => task.channel), tasks.map((task) => task.vendorCallId), nowMs, giveUpAtMs]);
    await tx.query(`SELECT pg_notify('${WAKE}', '')`);
  }

  /** Ends the following of calls that are over. */
  async end(tx: Tx, attemptIds: readonly string[], nowMs: number): Promise<void> {
    if (attemptIds.length === 0) return;
    await tx.query(`DELETE FROM poll_task WHERE attempt_id = ANY($1::text[])`, [attemptIds]);
    await tx.query(`INSERT INTO poll_ended (attempt_id, ended_at) SELECT DISTINCT u, $2::bigint FROM unnest($1::text[]) u ON CONFLICT DO NOTHING`, [attemptIds, nowMs]);
  }

  /** Takes what is due, for as long as the lease. */
  async take(nowMs: number, leaseMs: number, limit: number): Promise<PollTask[]> {
    const rows = await this.database.query<Row>(
      `UPDATE poll_task SET next_poll = $1 + $2 WHERE attempt_id IN (
         SELECT attempt_id FROM poll_task WHERE next_poll <= $1 ORDER BY next_poll LIMIT $3 FOR UPDATE SKIP LOCKED)
       RETURNING attempt_id, call_id, channel, vendor_call_id, failures, last_digest`, [nowMs, leaseMs, limit]);
    return rows.map((row) => ({ attemptId: row.attempt_id, callId: row.call_id, channel: row.channel, vendorCallId: row.vendor_call_id, failures: row.failures, lastDigest: row.last_digest ?? undefined }));
  }

  /** Stores what follows from a poll. */
  async advance(tx: Tx, task: PollTask, step: NextStep, nowMs: number): Promise<void> {
    if (step.nextPollInMs === undefined) return await this.end(tx, [task.attemptId], nowMs);
    await tx.query(`UPDATE poll_task SET next_poll = $2, failures = $3, last_digest = $4 WHERE attempt_id = $1`, [task.attemptId, nowMs + step.nextPollInMs, step.failures, step.digest ?? null]);
  }

  /** Drops tasks past their limit, and the memory of calls that ended long ago. Resolves to how many tasks were given up. */
  async tidy(nowMs: number, rememberMs: number): Promise<number> {
    const rows = await this.database.query(`DELETE FROM poll_task WHERE give_up_at <= $1 RETURNING attempt_id`, [nowMs]);
    await this.database.query(`DELETE FROM poll_ended WHERE ended_at < $1`, [nowMs - rememberMs]);
    return rows.length;
  }
}
