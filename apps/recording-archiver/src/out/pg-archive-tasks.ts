import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import type { ArchiveTask } from '../domain/archive-task';

const WAKE = 'cc_recording_archiver';

interface Row {
  attempt_id: string;
  call_id: string;
  tenant: string;
  channel: string;
  vendor_call_id: string;
  vendor_url: string | null;
  available: number;
  give_up_at: number;
  tries: number;
}

export type NewTask = Omit<ArchiveTask, 'tries'> & { readonly firstTryAt: number };

/** One durable task per recording. A task is taken by moving its next try ahead: whoever dies leaves it due again. */
@Injectable()
export class PgArchiveTasks {
  constructor(private readonly database: Database) {}

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }

  onWork(heard: () => void): Promise<() => Promise<void>> {
    return this.database.listen(WAKE, heard);
  }

  async add(tx: Tx, tasks: readonly NewTask[]): Promise<void> {
    if (tasks.length === 0) return;
    await tx.query(
      `INSERT INTO archive_task (attempt_id, call_id, tenant, channel, vendor_call_id, vendor_url, available, give_up_at, next_try)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[]) ON CONFLICT DO NOTHING`,
      [tasks.map((task) => task.attemptId), tasks.map((task) => task.callId), tasks.map((task) => task.tenant), tasks.map((task) => task.channel), tasks.map((task) => task.vendorCallId),
        tasks.map((task) => task.vendorUrl ?? null), tasks.map((task) => task.availableAt), tasks.map((task) => task.giveUpAt), tasks.map((task) => task.firstTryAt)]);
    await tx.query(`SELECT pg_notify('${WAKE}', '')`);
  }

  /** Takes what is due, for as long as the lease. */
  async take(nowMs: number, leaseMs: number, limit: number): Promise<ArchiveTask[]> {
    const rows = await this.database.query<Row>(
      `UPDATE archive_task SET next_try = $1 + $2 WHERE attempt_id IN (
         SELECT attempt_id FROM archive_task WHERE state = 'open' AND next_try <= $1 ORDER BY next_try LIMIT $3 FOR UPDATE SKIP LOCKED)
       RETURNING attempt_id, call_id, tenant, channel, vendor_call_id, vendor_url, available, give_up_at, tries`, [nowMs, leaseMs, limit]);
    return rows.map((row) => ({
      attemptId: row.attempt_id, callId: row.call_id, tenant: row.tenant, channel: row.channel, vendorCallId: row.vendor_call_id,
      vendorUrl: row.vendor_url ?? undefined, availableAt: row.available, giveUpAt: row.give_up_at, tries: row.tries,
    }));
  }

  /** Holds a task for longer, unless it was postponed or taken by another one meanwhile. */
  async renew(task: ArchiveTask, formerUntilMs: number, untilMs: number): Promise<void> {
    await this.database.query(`UPDATE archive_task SET next_try = $3 WHERE attempt_id = $1 AND state = 'open' AND next_try = $2`, [task.attemptId, formerUntilMs, untilMs]);
  }

  async postpone(task: ArchiveTask, reason: string, nextTryAtMs: number): Promise<void> {
    await this.database.query(`UPDATE archive_task SET next_try = $2, tries = tries + 1, last_reason = $3 WHERE attempt_id = $1 AND state = 'open'`, [task.attemptId, nextTryAtMs, reason.slice(0, 500)]);
  }

  /** False when another one has finished the task meanwhile. */
  async finish(tx: Tx, task: ArchiveTask): Promise<boolean> {
    const rows = await tx.query(`UPDATE archive_task SET state = 'done', last_reason = NULL WHERE attempt_id = $1 AND state = 'open' RETURNING attempt_id`, [task.attemptId]);
    return rows.length > 0;
  }
}
