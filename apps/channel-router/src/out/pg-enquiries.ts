import type { Database } from '@cc/postgres';
import type { AttemptRecord } from '../domain/attempt-record';
import { CLOCKS_DIFFER_MS, Enquiries, type AskedChannel, type AskedKind, type Look, type Reconciliation, type ReconciliationTerms, type Waiting } from '../domain/enquiries';
import { ATTEMPT_COLUMNS, toAttemptRecord, type AttemptRow } from './attempt-rows';

/** So many calls are named where the vendor tells nothing of them any more. */
const NAMED_CALLS = 10;

/** What can be asked about, with $1 the channels and $2 those of them whose vendors find a call by our attempt id. */
const IS_FOUND = `a.channel = ANY($1::text[]) AND (a.vendor_call_id IS NOT NULL OR a.channel = ANY($2::text[]))`;

/** Which attempts of a kind are due at $3, in which order, and which column says so. */
const DUE: Readonly<Record<AskedKind, { readonly where: string; readonly column: 'look_at' | 'repair_at'; readonly order: string }>> = {
  doubt: { where: `a.live AND a.state = 'unknown' AND a.look_at <= $3 AND a.ask_until > $3`, column: 'look_at', order: 'a.look_at, a.sent_at' },
  live: { where: `a.live AND a.state = 'accepted' AND a.look_at <= $3 AND a.ask_until > $3`, column: 'look_at', order: 'a.look_at, a.sent_at' },
  repair: { where: `a.incomplete AND a.repair_at <= $3 AND a.ask_until > $3`, column: 'repair_at', order: 'a.repair_tries > 0, a.ask_until, a.sent_at' },
};

/** {@link Enquiries} in PostgreSQL. */
export class PgEnquiries extends Enquiries {
  constructor(private readonly database: Database) {
    super();
  }

  override async channelsDue(nowMs: number): Promise<string[]> {
    const rows = await this.database.query<{ channel: string }>(
      `SELECT channel FROM router_attempt WHERE live AND state <> 'sending' AND look_at <= $1
       UNION SELECT channel FROM router_attempt WHERE incomplete AND repair_at <= $1 AND ask_until > $1`, [nowMs]);
    return rows.map(({ channel }) => channel);
  }

  override takeUnaskable({ channel, finds }: AskedChannel, nowMs: number, againAtMs: number, limit: number): Promise<AttemptRecord[]> {
    return this.take(
      `UPDATE router_attempt a SET look_at = $3 FROM router_call c WHERE c.call_id = a.call_id AND a.attempt_id IN (
         SELECT attempt_id FROM router_attempt WHERE channel = $1 AND live AND state <> 'sending' AND look_at <= $2
           AND ($5 = 'none' OR ask_until <= $2 OR ($5 = 'named' AND vendor_call_id IS NULL))
         ORDER BY look_at LIMIT $4 FOR UPDATE SKIP LOCKED)`, [channel, nowMs, againAtMs, limit, finds]);
  }

  override async claimTurn(account: string, nowMs: number, everyMs: number): Promise<number | undefined> {
    const [row] = await this.database.query<{ turns: number }>(
      `INSERT INTO router_account AS a (account, next_query, turns) VALUES ($1, $2::bigint + $3::bigint, 0)
       ON CONFLICT (account) DO UPDATE SET next_query = excluded.next_query, turns = a.turns + 1
         WHERE a.next_query <= $2::bigint OR a.next_query > $2::bigint + 2 * $3::bigint + ${CLOCKS_DIFFER_MS} RETURNING turns`, [account, nowMs, Math.ceil(everyMs)]);
    return row?.turns;
  }

  override async takeNext(kind: AskedKind, channels: readonly AskedChannel[], nowMs: number, againAtMs: number): Promise<AttemptRecord | undefined> {
    const { where, column, order } = DUE[kind];
    const [taken] = await this.take(
      `UPDATE router_attempt a SET ${column} = $4 FROM router_call c WHERE c.call_id = a.call_id AND a.attempt_id = (
         SELECT attempt_id FROM router_attempt a WHERE ${IS_FOUND} AND ${where} ORDER BY ${order} LIMIT 1 FOR UPDATE SKIP LOCKED)`, [...namesOf(channels), nowMs, againAtMs]);
    return taken;
  }

  override async looked(attemptId: string, { lookAtMs, answered, notFoundSince }: Look): Promise<void> {
    await this.database.query(`UPDATE router_attempt SET look_at = $2, answered = answered OR $3, not_found_since = CASE WHEN $3 THEN NULL ELSE coalesce($4, not_found_since) END WHERE attempt_id = $1`, [attemptId, lookAtMs, answered === true, notFoundSince ?? null]);
  }

  override async repairAsked(attemptId: string, nowMs: number): Promise<void> {
    await this.database.query(`UPDATE router_attempt SET repair_at = NULL, repair_asked_at = $2, repair_tries = repair_tries + 1 WHERE attempt_id = $1`, [attemptId, nowMs]);
  }

  override async channelsIncomplete(overByMs: number): Promise<string[]> {
    const rows = await this.database.query<{ channel: string }>(`SELECT DISTINCT channel FROM router_attempt WHERE incomplete AND NOT expired AND over_at <= $1`, [overByMs]);
    return rows.map(({ channel }) => channel);
  }

  override reconcile(account: string, channels: readonly AskedChannel[], { nowMs, everyMs, overByMs }: ReconciliationTerms): Promise<Reconciliation | undefined> {
    const [all, finding] = namesOf(channels);
    return this.database.transaction(async (tx) => {
      const claimed = await tx.query(
        `INSERT INTO router_account AS a (account, next_reconciliation) VALUES ($1, $2::bigint + $3::bigint)
         ON CONFLICT (account) DO UPDATE SET next_reconciliation = excluded.next_reconciliation
           WHERE a.next_reconciliation <= $2::bigint OR a.next_reconciliation > $2::bigint + 2 * $3::bigint + ${CLOCKS_DIFFER_MS} RETURNING account`, [account, nowMs, everyMs]);
      if (claimed.length === 0) return undefined;
      const expired = await tx.query<{ call_id: string }>(
        `UPDATE router_attempt SET expired = true, repair_at = NULL WHERE channel = ANY($1::text[]) AND incomplete AND NOT expired AND over_at <= $3 AND ask_until <= $2 RETURNING call_id`, [all, nowMs, overByMs]);
      const queued = await tx.query(
        `UPDATE router_attempt a SET repair_at = $3 WHERE ${IS_FOUND} AND a.incomplete AND a.over_at <= $4 AND a.ask_until > $3 AND a.repair_at IS NULL
           AND (a.repair_asked_at IS NULL OR a.repair_asked_at + power(2, a.repair_tries - 1) * $5::bigint <= $3 + $5::bigint / 2) RETURNING attempt_id`, [all, finding, nowMs, overByMs, everyMs]);
      const [left] = await tx.query<{ count: number }>(`SELECT count(*)::int AS count FROM router_attempt WHERE channel = ANY($1::text[]) AND incomplete AND NOT expired AND over_at <= $2`, [all, overByMs]);
      return { incomplete: (left?.count ?? 0) + expired.length, queued: queued.length, expired: expired.length, expiredCalls: expired.slice(0, NAMED_CALLS).map(({ call_id }) => call_id) };
    });
  }

  override async waiting(nowMs: number): Promise<Waiting[]> {
    const rows = await this.database.query<{ channel: string; kind: AskedKind; count: number; oldest: number }>(
      `SELECT channel, kind, count(*)::int AS count, min(sent_at) AS oldest FROM (
         SELECT channel, CASE state WHEN 'unknown' THEN 'doubt' ELSE 'live' END AS kind, sent_at FROM router_attempt WHERE live AND state <> 'sending' AND look_at <= $1
         UNION ALL SELECT channel, 'repair', sent_at FROM router_attempt WHERE incomplete AND repair_at IS NOT NULL AND ask_until > $1) waiting
       GROUP BY channel, kind`, [nowMs]);
    return rows.map(({ oldest, ...row }) => ({ ...row, oldestSentAt: oldest }));
  }

  private async take(update: string, values: readonly (string | number | readonly string[])[]): Promise<AttemptRecord[]> {
    return (await this.database.query<AttemptRow>(`${update} RETURNING ${ATTEMPT_COLUMNS}`, values)).map(toAttemptRecord);
  }
}

/** All of them, and those whose vendors find a call by our attempt id. */
function namesOf(channels: readonly AskedChannel[]): readonly [readonly string[], readonly string[]] {
  return [channels.map(({ channel }) => channel), channels.filter(({ finds }) => finds === 'all').map(({ channel }) => channel)];
}
