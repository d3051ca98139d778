import { ChannelOverride } from '@cc/contracts';
import type { Tx } from '@cc/postgres';
import { z } from 'zod';
import type { ChannelRow, ChannelStates, ChannelUpdate, DialEvidence, EvidenceQuestion } from '../domain/ledger';

export const Condition = z.object({
  state: z.enum(['up', 'degraded', 'down']),
  since: z.number(),
  reason: z.string(),
  recovering: z.boolean(),
  coolUntil: z.number(),
  relapses: z.number(),
});

interface EvidenceRow {
  channel: string;
  dials: number;
  failures: number;
  well: number;
  in_a_row: number;
  silent: number;
  passed: number;
  failed: number;
}

/** An accepted call that was not heard of for longer than this says nothing any more. */
const SILENCE_COUNTED_MS = 3_600_000;
/** So many of the last outcomes are looked at for failures in a row. */
const LAST_OUTCOMES = 100;

/** Per channel, through its indexes: the window's outcomes, failures since the last success (whenever it was), calls unheard of since the last one that was heard, trials. */
const EVIDENCE = `
  SELECT q.channel, d.dials, d.failures, d.well, r.in_a_row, s.silent, t.passed, t.failed
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS q(channel, from_ms, since_ms, heard_by_ms)
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE outcome IN ('well', 'failure'))::int AS dials, count(*) FILTER (WHERE outcome = 'failure')::int AS failures,
      count(*) FILTER (WHERE outcome = 'well')::int AS well
    FROM router_attempt a WHERE a.channel = q.channel AND a.sent_at >= q.from_ms) d
  CROSS JOIN LATERAL (
    SELECT coalesce(min(place) FILTER (WHERE outcome = 'well') - 1, count(*))::int AS in_a_row FROM (
      SELECT outcome, row_number() OVER (ORDER BY settled_at DESC, attempt_id) AS place FROM (
        SELECT attempt_id, outcome, settled_at FROM router_attempt a WHERE a.channel = q.channel AND a.sent_at >= q.since_ms AND a.outcome IN ('well', 'failure') ORDER BY a.sent_at DESC LIMIT ${LAST_OUTCOMES}) recent) ordered) r
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS silent FROM router_attempt a WHERE a.channel = q.channel AND a.sent_at >= q.heard_by_ms - ${SILENCE_COUNTED_MS} AND a.heard_at IS NULL AND a.accepted_at <= q.heard_by_ms
      AND a.accepted_at > coalesce((SELECT max(heard_at) FROM router_attempt h WHERE h.channel = q.channel), 0)) s
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE outcome = 'well' AND heard_at IS NOT NULL)::int AS passed,
      count(*) FILTER (WHERE outcome = 'failure' OR (heard_at IS NULL AND accepted_at <= q.heard_by_ms))::int AS failed
    FROM router_attempt a WHERE a.channel = q.channel AND a.trial AND a.sent_at >= q.since_ms) t`;

/** {@link ChannelStates} in PostgreSQL. */
export class PgChannelStates implements ChannelStates {
  constructor(private readonly tx: Tx) {}

  async rows(): Promise<ChannelRow[]> {
    const rows = await this.tx.query<{ channel: string; condition: unknown; score: number; probe_failures: number | null; live: number; announced: string; announced_at: number; seen_at: number }>(
      `SELECT s.channel, s.condition, s.score, c.probe_failures, s.announced, s.announced_at, s.seen_at,
         (SELECT count(*)::int FROM router_attempt a WHERE a.channel = s.channel AND a.live) AS live
       FROM router_channel s LEFT JOIN router_channel_contact c USING (channel)`);
    return rows.map((row) => ({
      channel: row.channel, condition: Condition.parse(row.condition), score: row.score, probeFailures: row.probe_failures ?? 0, liveCalls: row.live, announced: row.announced, announcedAt: row.announced_at, seenAt: row.seen_at,
    }));
  }

  async overrides(): Promise<ReadonlyMap<string, ChannelOverride>> {
    const rows = await this.tx.query<{ channel: string; override: unknown }>(`SELECT channel, override FROM router_override`);
    return new Map(rows.map(({ channel, override }) => [channel, ChannelOverride.parse(override)]));
  }

  async evidence(questions: readonly EvidenceQuestion[]): Promise<ReadonlyMap<string, DialEvidence>> {
    const rows = await this.tx.query<EvidenceRow>(EVIDENCE, [questions.map((one) => one.channel), questions.map((one) => one.fromMs), questions.map((one) => one.sinceMs), questions.map((one) => one.heardByMs)]);
    return new Map(rows.map((row) => [row.channel, {
      dials: row.dials, failures: row.failures, well: row.well, failuresInARow: row.in_a_row, silentCalls: row.silent, trialsPassed: row.passed, trialsFailed: row.failed,
    }]));
  }

  async save(updates: readonly ChannelUpdate[]): Promise<void> {
    await this.tx.query(
      `INSERT INTO router_channel (channel, condition, score, announced, announced_at, seen_at) SELECT * FROM unnest($1::text[], $2::jsonb[], $3::real[], $4::text[], $5::bigint[], $6::bigint[])
       ON CONFLICT (channel) DO UPDATE SET condition = excluded.condition, score = excluded.score, announced = excluded.announced, announced_at = excluded.announced_at, seen_at = excluded.seen_at`,
      [updates.map((one) => one.channel), updates.map((one) => JSON.stringify(one.condition)), updates.map((one) => one.score), updates.map((one) => one.announced), updates.map((one) => one.announcedAt), updates.map((one) => one.seenAt)]);
  }

  async saveOverrides(overrides: readonly ChannelOverride[]): Promise<void> {
    for (const override of overrides) {
      await this.tx.query(
        `INSERT INTO router_override (channel, override, at) VALUES ($1, $2, $3) ON CONFLICT (channel) DO UPDATE SET override = excluded.override, at = excluded.at`,
        [override.channel, JSON.stringify(override), override.at]);
    }
  }

  async forget(channels: readonly string[]): Promise<void> {
    if (channels.length > 0) await this.tx.query(`DELETE FROM router_channel WHERE channel = ANY($1::text[])`, [channels]);
  }
}
