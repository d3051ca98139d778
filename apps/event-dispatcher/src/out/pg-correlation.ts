import { NotificationHeader, type ChannelNotification } from '@cc/contracts';
import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { KnownAttempt } from '../domain/normalise';
import { storableJson } from './storable';

const SubjectRow = z.object({ subject: z.string(), attempt: KnownAttempt.nullable(), named_at: z.number().nullable() });

/** Whose a subject is. */
export interface Introduced {
  readonly subject: string;
  readonly attempt: KnownAttempt;
}

/** A subject as it is known: its attempt, and the earliest of the vendor's messages that have led to an acceptance. */
export interface Subject {
  readonly attempt: KnownAttempt | undefined;
  /** When that message was received, epoch ms. */
  readonly namedAt: number | undefined;
}

/**
 * Who belongs to whom. Notifications and attempts both write the subject's row before they look for each other:
 * whichever commits second sees the first, so that no notification waits for an attempt that has come already.
 */
@Injectable()
export class PgCorrelation {
  constructor(private readonly database: Database) {}

  /**
   * Locks the subjects, making those that are new, with the attempts that are already known of them. A batch locks everything that it
   * needs by one call, in the order of the names: batches that take rows one set after the other block each other for ever.
   */
  async lock(tx: Tx, subjects: readonly string[], nowMs: number, known: readonly Introduced[] = []): Promise<Map<string, Subject>> {
    if (subjects.length === 0) return new Map();
    const attempts = new Map(known.map(({ subject, attempt }) => [subject, attempt]));
    const ordered = [...new Set(subjects)].sort();
    const rows = await tx.query(
      `INSERT INTO dispatcher_subject AS s (subject, attempt, created) SELECT t.*, $3::bigint FROM unnest($1::text[], $2::jsonb[]) AS t(subject, attempt)
       ON CONFLICT (subject) DO UPDATE SET attempt = coalesce(excluded.attempt, s.attempt) RETURNING subject, attempt, named_at`,
      [ordered, ordered.map((subject) => (attempts.has(subject) ? JSON.stringify(attempts.get(subject)) : null)), nowMs]);
    return new Map(rows.map((row) => {
      const { subject, attempt, named_at } = SubjectRow.parse(row);
      return [subject, { attempt: attempt ?? undefined, namedAt: named_at ?? undefined }];
    }));
  }

  /** Of subjects that are locked. */
  async learn(tx: Tx, known: readonly Introduced[]): Promise<void> {
    if (known.length === 0) return;
    const distinct = [...new Map(known.map((entry) => [entry.subject, entry.attempt])).entries()];
    await tx.query(
      `UPDATE dispatcher_subject s SET attempt = u.attempt FROM unnest($1::text[], $2::jsonb[]) AS u(subject, attempt) WHERE s.subject = u.subject`,
      [distinct.map(([subject]) => subject), distinct.map(([, attempt]) => JSON.stringify(attempt))]);
  }

  /** Of subjects that are locked. */
  async markNamed(tx: Tx, namedAt: ReadonlyMap<string, number>): Promise<void> {
    if (namedAt.size === 0) return;
    await tx.query(
      `UPDATE dispatcher_subject s SET named_at = least(s.named_at, u.at) FROM unnest($1::text[], $2::bigint[]) AS u(subject, at) WHERE s.subject = u.subject`, [[...namedAt.keys()], [...namedAt.values()]]);
  }

  /** Lets notifications wait from now on, however old they are: they may have lain in the log for long. */
  async hold(tx: Tx, waiting: readonly { readonly subject: string; readonly notification: ChannelNotification }[], nowMs: number): Promise<void> {
    if (waiting.length === 0) return;
    await tx.query(
      `INSERT INTO dispatcher_pending (notification_id, subject, header, sealed, received, waiting_since)
       SELECT t.*, $6 FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::bytea[], $5::bigint[]) AS t ON CONFLICT DO NOTHING`,
      [waiting.map(({ notification }) => notification.id), waiting.map(({ subject }) => subject), ...columnsOf(waiting.map(({ notification }) => notification)), nowMs]);
  }

  /** The notifications that waited for these subjects, in the order in which they came; they wait no longer. */
  async release(tx: Tx, subjects: readonly string[]): Promise<ChannelNotification[]> {
    if (subjects.length === 0) return [];
    const rows = await tx.query<{ header: unknown; sealed: Buffer; position: number }>(`DELETE FROM dispatcher_pending WHERE subject = ANY($1::text[]) RETURNING header, sealed, position`, [subjects]);
    return rows.sort((a, b) => a.position - b.position).map((row) => ({ ...NotificationHeader.parse(row.header), sealed: row.sealed }));
  }

  /** Those of the subjects for which something waits. */
  async subjectsWithPending(tx: Tx, subjects: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await tx.query<{ subject: string }>(`SELECT DISTINCT subject FROM dispatcher_pending WHERE subject = ANY($1::text[])`, [[...new Set(subjects)]]);
    return new Set(rows.map(({ subject }) => subject));
  }

  /** The notifications that wait for these subjects, in the order in which they came; they go on waiting. */
  async pendingOf(tx: Tx, subjects: readonly string[]): Promise<ChannelNotification[]> {
    if (subjects.length === 0) return [];
    const rows = await tx.query<{ header: unknown; sealed: Buffer }>(`SELECT header, sealed FROM dispatcher_pending WHERE subject = ANY($1::text[]) ORDER BY position`, [[...new Set(subjects)]]);
    return rows.map((row) => ({ ...NotificationHeader.parse(row.header), sealed: row.sealed }));
  }

  async endWaiting(tx: Tx, notificationIds: readonly string[]): Promise<void> {
    if (notificationIds.length > 0) await tx.query(`DELETE FROM dispatcher_pending WHERE notification_id = ANY($1::text[])`, [notificationIds]);
  }

  /** Whether it waits. */
  async isWaiting(tx: Tx, notificationId: string): Promise<boolean> {
    return (await tx.query(`SELECT FROM dispatcher_pending WHERE notification_id = $1`, [notificationId])).length > 0;
  }

  /** Moves what has waited too long to quarantine; what a batch is just taking is left to it. Resolves to the channel of each. */
  async expire(waitingBeforeMs: number, reason: string, nowMs: number): Promise<string[]> {
    const rows = await this.database.query<{ channel: string }>(
      `WITH late AS (DELETE FROM dispatcher_pending WHERE notification_id IN (SELECT notification_id FROM dispatcher_pending WHERE waiting_since < $1 FOR UPDATE SKIP LOCKED)
         RETURNING notification_id, header, sealed, received)
       INSERT INTO dispatcher_quarantine (notification_id, reason, cause, header, sealed, received, kept_since) SELECT notification_id, $2, 'orphaned', header, sealed, received, $3 FROM late
       ON CONFLICT DO NOTHING RETURNING header->>'channel' AS channel`, [waitingBeforeMs, reason, nowMs]);
    return rows.map(({ channel }) => channel);
  }

  async forget(createdBeforeMs: number): Promise<void> {
    await this.database.query(`DELETE FROM dispatcher_subject WHERE subject IN (SELECT subject FROM dispatcher_subject WHERE created < $1 FOR UPDATE SKIP LOCKED)`, [createdBeforeMs]);
    await this.database.query(`DELETE FROM dispatcher_seat_attempt WHERE started < $1`, [createdBeforeMs]);
  }
}

function columnsOf(notifications: readonly ChannelNotification[]): [string[], Buffer[], number[]] {
  return [
    notifications.map(({ sealed: _sealed, ...header }) => storableJson(header)),
    notifications.map(({ sealed }) => sealed),
    notifications.map(({ receivedAt }) => receivedAt),
  ];
}
