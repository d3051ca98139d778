import { Binding, bindingKey, parseBindingKey, seatKey, type Kept, type SeatSession } from '@cc/contracts';
import type { Tx } from '@cc/postgres';
import { z } from 'zod';
import type { Refusal } from '../domain/attempt';
import { callerDialKey, type ChannelStanding, type Directory, type Survey, type SurveyQuestions } from '../domain/ledger';
import { Condition } from './pg-channel-states';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const RefusalKind = z.enum(['unfit', 'withheld', 'not-sent', 'rejected', 'not-placed']);

/** {@link Directory} in PostgreSQL. */
export class PgDirectory implements Directory {
  constructor(private readonly tx: Tx) {}

  async survey({ users, agents, channels, callIds, callerRefs, nowMs }: SurveyQuestions): Promise<Survey> {
    const bindings = await this.bindings(users);
    return {
      bindings,
      channels: await this.channels(channels, nowMs),
      refusals: await this.refusals(callIds),
      callerDials: await this.callerDials(callerRefs, nowMs),
      sessions: await this.sessions([...agents, ...[...bindings.values()].flatMap(({ agent, line }) => [agent, ...(line === undefined ? [] : [line])])]),
    };
  }

  async saveBindings(news: readonly Kept<Binding>[]): Promise<void> {
    for (const entry of news) {
      if (entry.kind === 'kept') {
        const { value } = entry;
        await this.tx.query(
          `INSERT INTO router_binding (tenant, user_id, binding, updated) VALUES ($1, $2, $3, $4)
           ON CONFLICT (tenant, user_id) DO UPDATE SET binding = excluded.binding, updated = excluded.updated`,
          [value.tenant, value.user, JSON.stringify(value), value.updatedAt]);
      } else {
        const forgotten = parseBindingKey(entry.key);
        if (forgotten !== undefined) await this.tx.query(`DELETE FROM router_binding WHERE tenant = $1 AND user_id = $2`, [forgotten.tenant, forgotten.user]);
      }
    }
  }

  async saveSessions(sessions: readonly SeatSession[]): Promise<void> {
    if (sessions.length === 0) return;
    // The log has them in order per seat; clocks of different hosts do not.
    const latest = [...new Map(sessions.map((session) => [seatKey(session.channel, session.seat), session])).values()];
    await this.tx.query(
      `INSERT INTO router_seat (channel, seat, sealed, at) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
       ON CONFLICT (channel, seat) DO UPDATE SET sealed = excluded.sealed, at = excluded.at`,
      [latest.map((one) => one.channel), latest.map((one) => one.seat), latest.map((one) => (one.state === 'signed-in' ? (one.sealed ?? null) : null)), latest.map((one) => one.at)]);
  }

  private async bindings(users: SurveyQuestions['users']): Promise<Survey['bindings']> {
    if (users.length === 0) return new Map();
    const rows = await this.tx.query<{ binding: unknown }>(
      `SELECT DISTINCT binding FROM router_binding JOIN unnest($1::text[], $2::text[]) AS t(tenant, user_id) USING (tenant, user_id)`, [users.map(({ tenant }) => tenant), users.map(({ user }) => user)]);
    return new Map(rows.map((row) => Binding.parse(row.binding)).map((binding) => [bindingKey(binding.tenant, binding.user), binding]));
  }

  private async channels(channels: readonly string[], nowMs: number): Promise<Survey['channels']> {
    const rows = await this.tx.query<{ channel: string; condition: unknown; drained: boolean; score: number | null; live: number; sent: number; trial: boolean }>(
      `SELECT q.channel, s.condition, s.score, coalesce(o.override->>'override' = 'drain', false) AS drained,
         coalesce(l.live, 0)::int AS live,
         EXISTS (SELECT FROM router_attempt a WHERE a.channel = q.channel AND a.trial AND a.live AND a.heard_at IS NULL AND a.sent_at >= (s.condition->>'since')::bigint) AS trial,
         (SELECT count(*)::int FROM router_attempt a WHERE a.channel = q.channel AND a.sent_at > $2) AS sent
       FROM unnest($1::text[]) AS q(channel) LEFT JOIN router_channel s USING (channel) LEFT JOIN router_override o USING (channel)
       LEFT JOIN (SELECT channel, count(*) AS live FROM router_attempt WHERE live GROUP BY channel) l USING (channel)`, [channels, nowMs - 1000]);
    return new Map(rows.map((row): [string, ChannelStanding] => [row.channel, {
      condition: row.condition === null ? undefined : Condition.parse(row.condition), drained: row.drained, score: row.score ?? 1, liveCalls: row.live, sentLastSecond: row.sent, trialPending: row.trial,
    }]));
  }

  private async refusals(callIds: readonly string[]): Promise<Survey['refusals']> {
    const rows = await this.tx.query<{ attempt_id: string; call_id: string; tenant: string; number: number; channel: string; vendor: string; kind: string; vendor_code: string | null; reason: string | null }>(
      // Attempts of before 0002 have no kind.
      `SELECT attempt_id, call_id, tenant, number, channel, vendor, CASE WHEN state = 'not-placed' THEN state ELSE coalesce(outcome_kind, 'not-sent') END AS kind, vendor_code, reason
       FROM router_attempt WHERE call_id = ANY($1::text[]) AND state IN ('refused', 'not-placed') ORDER BY number`, [callIds]);
    const byCall = new Map<string, Refusal[]>();
    for (const row of rows) {
      const refusal: Refusal = {
        attemptId: row.attempt_id, callId: row.call_id, tenant: row.tenant, number: row.number, channel: row.channel, vendor: row.vendor,
        kind: RefusalKind.parse(row.kind), vendorCode: row.vendor_code ?? undefined, reason: row.reason ?? 'it was certainly not placed',
      };
      byCall.set(row.call_id, [...(byCall.get(row.call_id) ?? []), refusal]);
    }
    return byCall;
  }

  private async callerDials(callerRefs: readonly string[], nowMs: number): Promise<Survey['callerDials']> {
    if (callerRefs.length === 0) return new Map();
    const rows = await this.tx.query<{ channel: string; caller_ref: string; minute: number; day: number }>(
      `SELECT channel, caller_ref, count(*) FILTER (WHERE sent_at > $2)::int AS minute, count(*)::int AS day FROM router_attempt
       WHERE caller_ref = ANY($1::text[]) AND sent_at > $3 GROUP BY channel, caller_ref`, [callerRefs, nowMs - MINUTE_MS, nowMs - DAY_MS]);
    return new Map(rows.map((row) => [callerDialKey(row.channel, row.caller_ref), { minute: row.minute, day: row.day }]));
  }

  private async sessions(seats: readonly string[]): Promise<Survey['sessions']> {
    if (seats.length === 0) return new Map();
    const rows = await this.tx.query<{ channel: string; seat: string; sealed: string }>(`SELECT channel, seat, sealed FROM router_seat WHERE seat = ANY($1::text[]) AND sealed IS NOT NULL`, [seats]);
    return new Map(rows.map((row) => [seatKey(row.channel, row.seat), row.sealed]));
  }
}
