import { NotificationHeader, QuarantineCause, type ChannelNotification } from '@cc/contracts';
import { Database, type SqlValue, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Quarantined } from '../domain/quarantine';
import { storableJson, storableText } from './storable';

/** So many rows at most are deleted by one statement. */
export const DROPPED_AT_ONCE = 10_000;

const Listed = z.object({ position: z.number(), reason: z.string(), cause: QuarantineCause, kept_since: z.number(), header: NotificationHeader });

/** A notification in quarantine, without the message. */
export interface QuarantineEntry {
  /** Where it stands in the list: what is kept later stands behind. */
  readonly position: number;
  readonly header: NotificationHeader;
  readonly cause: QuarantineCause;
  readonly reason: string;
  /** Since when it lies here, epoch ms. */
  readonly keptSince: number;
}

export interface QuarantineFilter {
  readonly channel?: string;
  readonly cause?: QuarantineCause;
}

/** How many of one channel and cause. */
export interface QuarantineCount {
  readonly channel: string;
  readonly cause: QuarantineCause;
  readonly count: number;
}
const Counts = z.array(z.object({ channel: z.string(), cause: QuarantineCause, count: z.number() }));

/** What the upkeep did; absent where another process was at it. */
export interface QuarantineBounded {
  readonly byAge: readonly QuarantineCount[];
  readonly byRows: readonly QuarantineCount[];
  /** What is left. */
  readonly kept: readonly QuarantineCount[];
}

/** What could not be used, and why. */
@Injectable()
export class PgQuarantine {
  constructor(private readonly database: Database) {}

  /** One that lies there already stays as it is. */
  async keep(tx: Tx, kept: readonly Quarantined[], nowMs: number): Promise<void> {
    if (kept.length === 0) return;
    await tx.query(
      `INSERT INTO dispatcher_quarantine (notification_id, reason, cause, header, sealed, received, kept_since)
       SELECT t.*, $7::bigint FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::bytea[], $6::bigint[]) AS t ON CONFLICT DO NOTHING`,
      [
        kept.map(({ notification }) => notification.id), kept.map(({ reason }) => storableText(reason)), kept.map(({ cause = 'unusable' }) => cause),
        kept.map(({ notification: { sealed: _sealed, ...header } }) => storableJson(header)), kept.map(({ notification }) => notification.sealed), kept.map(({ notification }) => notification.receivedAt), nowMs,
      ]);
  }

  /** The oldest first. @param after the position of the last one of the page before. */
  async list(tx: Tx, { channel, cause }: QuarantineFilter, page: { readonly after?: number; readonly limit: number }): Promise<QuarantineEntry[]> {
    const rows = await tx.query(
      `SELECT position, reason, cause, kept_since, header FROM dispatcher_quarantine
       WHERE position > $1 AND ($2::text IS NULL OR header->>'channel' = $2) AND ($3::text IS NULL OR cause = $3) ORDER BY position LIMIT $4`,
      [page.after ?? 0, channel ?? null, cause ?? null, page.limit]);
    return rows.map((row) => {
      const { kept_since, ...rest } = Listed.parse(row);
      return { ...rest, keptSince: kept_since };
    });
  }

  async find(tx: Tx, notificationId: string): Promise<Quarantined | undefined> {
    return (await this.rows(tx, 'SELECT header, sealed, reason, cause FROM dispatcher_quarantine WHERE notification_id = $1', [notificationId]))[0];
  }

  /** Removes it. `undefined` where it does not lie there (any more). */
  async take(tx: Tx, notificationId: string): Promise<Quarantined | undefined> {
    return (await this.rows(tx, 'DELETE FROM dispatcher_quarantine WHERE notification_id = $1 RETURNING header, sealed, reason, cause', [notificationId]))[0];
  }

  /**
   * Drops what lies here since before that time, then, where more rows are left than there may be, forged ones, the oldest first:
   * nothing else is dropped for want of room, since it may be a vendor's word of a call. Call again while it drops so many.
   */
  async bound({ rows, keptBeforeMs }: { readonly rows: number; readonly keptBeforeMs: number }): Promise<QuarantineBounded | undefined> {
    return await this.database.transaction(async (tx) => {
      // Two at once would both see the same rows too many.
      const [lock] = await tx.query<{ mine: boolean }>(`SELECT pg_try_advisory_xact_lock(hashtext('dispatcher_quarantine')) AS mine`);
      if (lock?.mine !== true) return undefined;
      const byAge = await this.drop(tx, `SELECT notification_id FROM dispatcher_quarantine WHERE kept_since < $1 ORDER BY position LIMIT ${DROPPED_AT_ONCE}`, keptBeforeMs);
      const byRows = await this.drop(tx, `SELECT notification_id FROM dispatcher_quarantine WHERE cause = 'forged' ORDER BY position LIMIT (SELECT least(greatest(count(*) - $1, 0), ${DROPPED_AT_ONCE}) FROM dispatcher_quarantine)`, rows);
      const kept = Counts.parse(await tx.query(`SELECT header->>'channel' AS channel, cause, count(*) FROM dispatcher_quarantine GROUP BY 1, 2`));
      return { byAge, byRows, kept };
    });
  }

  /** @param which what a statement selects; what a release is just taking is left to it. */
  private async drop(tx: Tx, which: string, parameter: number): Promise<QuarantineCount[]> {
    return Counts.parse(await tx.query(
      `WITH dropped AS (DELETE FROM dispatcher_quarantine WHERE notification_id IN (${which} FOR UPDATE SKIP LOCKED) RETURNING header->>'channel' AS channel, cause)
       SELECT channel, cause, count(*) FROM dropped GROUP BY 1, 2`, [parameter]));
  }

  private async rows(tx: Tx, sql: string, values: readonly SqlValue[]): Promise<Quarantined[]> {
    const rows = await tx.query<{ header: unknown; sealed: Buffer; reason: string; cause: unknown }>(sql, values);
    return rows.map(({ header, sealed, reason, cause }) => ({ notification: { ...NotificationHeader.parse(header), sealed } satisfies ChannelNotification, reason, cause: QuarantineCause.parse(cause) }));
  }
}
