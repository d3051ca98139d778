import { EventLog } from '@cc/event-log';
import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import type { AttemptRecord } from '../domain/attempt-record';
import { Ledger, type LedgerUnit } from '../domain/ledger';
import { ATTEMPT_COLUMNS, toAttemptRecord, type AttemptRow } from './attempt-rows';
import { LogJournal, WAKE } from './log-journal';
import { PgAttempts } from './pg-attempts';
import { PgCallQueue } from './pg-call-queue';
import { PgChannelStates } from './pg-channel-states';
import { PgDirectory } from './pg-directory';
import { PgEnquiries } from './pg-enquiries';

/** Keys of advisory locks, which the whole database shares: 'cc' and a number. */
const LOCKS = { planning: 0x63630001, health: 0x63630002 } as const;
/** Whoever stops in the middle of a transaction is thrown out, so that another router goes on. */
const STOPPED_AFTER_MS = 5000;

/** {@link Ledger} in PostgreSQL. */
@Injectable()
export class PgLedger extends Ledger {
  override readonly enquiries: PgEnquiries;

  constructor(
    private readonly database: Database,
    private readonly eventLog: EventLog,
  ) {
    super();
    this.enquiries = new PgEnquiries(database);
  }

  /** The unit of a transaction that is open already. */
  within(tx: Tx): LedgerUnit {
    return { queue: new PgCallQueue(tx), attempts: new PgAttempts(tx), directory: new PgDirectory(tx), channels: new PgChannelStates(tx), journal: new LogJournal(tx, this.eventLog) };
  }

  /** Calls back when there may be something to dial or to hang up, or a line that got free. */
  onWork(heard: () => void): Promise<() => Promise<void>> {
    return this.database.listen(WAKE, heard);
  }

  override transaction<T>(work: (unit: LedgerUnit) => Promise<T>): Promise<T> {
    return this.database.transaction(async (tx) => {
      await tx.query(`SELECT set_config('idle_in_transaction_session_timeout', $1, true)`, [String(STOPPED_AFTER_MS)]);
      return await work(this.within(tx));
    });
  }

  override exclusively<T>(task: 'planning' | 'health', work: (unit: LedgerUnit) => Promise<T>): Promise<T | undefined> {
    return this.database.transaction(async (tx) => {
      const [row] = await tx.query<{ locked: boolean }>(`SELECT pg_try_advisory_xact_lock($1) AS locked, set_config('idle_in_transaction_session_timeout', $2, true)`, [LOCKS[task], String(STOPPED_AFTER_MS)]);
      return row?.locked === true ? await work(this.within(tx)) : undefined;
    });
  }

  override takeHangUps(nowMs: number, againAtMs: number, limit: number): Promise<AttemptRecord[]> {
    return this.take(
      `UPDATE router_attempt a SET hang_up_at = $3, hang_up_tries = hang_up_tries + 1 FROM router_call c WHERE c.call_id = a.call_id AND a.attempt_id IN (
         SELECT attempt_id FROM router_attempt WHERE hang_up_at <= $1 AND vendor_call_id IS NOT NULL AND (state = 'accepted' OR late_ring) ORDER BY hang_up_at LIMIT $2 FOR UPDATE SKIP LOCKED)`, [nowMs, limit, againAtMs]);
  }

  override async hangUpAgain(attemptId: string, atMs: number): Promise<void> {
    await this.database.query(`UPDATE router_attempt SET hang_up_at = $2 WHERE attempt_id = $1 AND hang_up_at IS NOT NULL AND (live OR late_ring)`, [attemptId, atMs]);
  }

  override async sessionOf(channel: string, seat: string): Promise<string | undefined> {
    const [row] = await this.database.query<{ sealed: string | null }>(`SELECT sealed FROM router_seat WHERE channel = $1 AND seat = $2`, [channel, seat]);
    return row?.sealed ?? undefined;
  }

  override async takeProbes(probes: readonly { readonly channel: string; readonly everyMs: number }[], nowMs: number): Promise<string[]> {
    const rows = await this.database.query<{ channel: string }>(
      `INSERT INTO router_channel_contact AS c (channel, probe_due) SELECT channel, $3::bigint + every_ms FROM unnest($1::text[], $2::bigint[]) AS t(channel, every_ms)
       ON CONFLICT (channel) DO UPDATE SET probe_due = excluded.probe_due WHERE c.probe_due <= $3::bigint OR c.probe_due > excluded.probe_due RETURNING channel`,
      [probes.map(({ channel }) => channel), probes.map(({ everyMs }) => everyMs), nowMs]);
    return rows.map(({ channel }) => channel);
  }

  override async probed(channel: string, well: boolean): Promise<void> {
    await this.database.query(`UPDATE router_channel_contact SET probe_failures = CASE WHEN $2 THEN 0 ELSE probe_failures + 1 END WHERE channel = $1`, [channel, well]);
  }

  override async dropClosed(queuedBeforeMs: number, limit: number): Promise<boolean> {
    const dropped = await this.database.query(
      `WITH over AS (
         SELECT call_id FROM router_call c WHERE state = 'closed' AND created < $1 AND NOT EXISTS (SELECT FROM router_attempt a WHERE a.call_id = c.call_id AND a.live)
         ORDER BY created LIMIT $2 FOR UPDATE SKIP LOCKED
       ), attempts AS (DELETE FROM router_attempt WHERE call_id IN (SELECT call_id FROM over))
       DELETE FROM router_call WHERE call_id IN (SELECT call_id FROM over) RETURNING call_id`, [queuedBeforeMs, limit]);
    return dropped.length === limit;
  }

  override async inDoubt(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.database.query<{ channel: string; count: number }>(`SELECT channel, count(*)::int AS count FROM router_attempt WHERE live AND state = 'unknown' GROUP BY channel`);
    return new Map(rows.map(({ channel, count }) => [channel, count]));
  }

  private async take(update: string, values: readonly (string | number)[]): Promise<AttemptRecord[]> {
    return (await this.database.query<AttemptRow>(`${update} RETURNING ${ATTEMPT_COLUMNS}`, values)).map(toAttemptRecord);
  }
}
