import type { Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { KnownAttempt } from '../domain/normalise';
import { CallProgress, type SeatAttempt } from '../domain/seat-call';

/** More than one attempt of a seat matters only for what comes late. */
const LATEST = 5;

const Row = z.object({
  subject: z.string(),
  attempt: KnownAttempt,
  started: z.number(),
  vendor_call_id: z.string().nullable(),
  progress: CallProgress,
  over: z.boolean(),
});

/** The attempts of seats. Read and written only while the seat's subject is locked. */
@Injectable()
export class PgSeatAttempts {
  async add(tx: Tx, attempts: readonly Pick<SeatAttempt, 'attempt' | 'subject' | 'startedAt'>[]): Promise<void> {
    await tx.query(
      `INSERT INTO dispatcher_seat_attempt (attempt_id, subject, attempt, started) SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::bigint[]) ON CONFLICT DO NOTHING`,
      [attempts.map(({ attempt }) => attempt.attemptId), attempts.map(({ subject }) => subject), attempts.map(({ attempt }) => JSON.stringify(attempt)), attempts.map(({ startedAt }) => startedAt)]);
  }

  /** The seats of those attempts that belong to one. */
  async subjectsOf(tx: Tx, attemptIds: readonly string[]): Promise<string[]> {
    if (attemptIds.length === 0) return [];
    const rows = await tx.query<{ subject: string }>(`SELECT DISTINCT subject FROM dispatcher_seat_attempt WHERE attempt_id = ANY($1::text[])`, [attemptIds]);
    return rows.map(({ subject }) => subject);
  }

  /** The latest attempts of each seat. */
  async of(tx: Tx, subjects: readonly string[]): Promise<SeatAttempt[]> {
    const rows = await tx.query(
      `SELECT a.* FROM unnest($1::text[]) AS s(subject) CROSS JOIN LATERAL (
         SELECT subject, attempt, started, vendor_call_id, progress, over FROM dispatcher_seat_attempt d WHERE d.subject = s.subject ORDER BY started DESC LIMIT ${LATEST}) a`, [[...new Set(subjects)]]);
    return rows.map((raw) => {
      const { subject, attempt, started, vendor_call_id, progress, over } = Row.parse(raw);
      return { subject, attempt, startedAt: started, vendorCallId: vendor_call_id ?? undefined, progress, over };
    });
  }

  async keep(tx: Tx, attempts: readonly SeatAttempt[]): Promise<void> {
    if (attempts.length === 0) return;
    await tx.query(
      `UPDATE dispatcher_seat_attempt d SET vendor_call_id = u.vendor_call_id, progress = u.progress, over = u.over
       FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[]) AS u(attempt_id, vendor_call_id, progress, over) WHERE d.attempt_id = u.attempt_id`,
      [attempts.map(({ attempt }) => attempt.attemptId), attempts.map(({ vendorCallId }) => vendorCallId ?? null), attempts.map(({ progress }) => progress), attempts.map(({ over }) => over)]);
  }
}
