import { CallEvent, type CallEventOf } from '@cc/contracts';
import { partitionOf } from '@cc/event-log';
import { SystemClock, withDeadline } from '@cc/kernel';
import { Client } from 'pg';
import { decideRoute, type Snapshot } from '../../src/domain/route';
import { Planner } from '../../src/domain/planner';
import { Router } from '../../src/domain/router';
import { LIMITS } from '../scripted-carriers';
import { SilentWatch } from '../silent-watch';
import { callFrom, channels, openStore, WillingCarriers } from './bench-world';

const DECISIONS = 20_000;
const BATCH = 64;
const PLANNED_CALLS = 2_000;
const LINES = 32;
const PER_LINE = 2;
const TALK_MS = 200;
/** So many of the channels are excluded, with a reason, in the routes of {@link measurePlanning}. */
const EXCLUDED = 29;
/** An event of {@link measurePlanning} on its topic. */
const EVENT_BYTES = 6_100;
const LIMIT_MS = 60_000;

export interface DecisionFigures {
  readonly perSecond: number;
  readonly p99Ms: number;
}

/** The pure decision, with 50 channels and 2,000 seats, each of them in a state of its own. */
export function measureDecisions(): DecisionFigures {
  const snapshot: Snapshot = {
    channels,
    condition: (channel) => {
      const index = Number(channel.slice('channel-'.length));
      return { state: index % 11 === 10 ? 'down' : index % 5 === 4 ? 'degraded' : 'up', recovering: index % 13 === 12, trialPending: true, score: 1 - (index % 10) / 20, liveCalls: index, sentLastSecond: index % 3 };
    },
    isSignedIn: (_channel, seat) => Number(seat) % 5 !== 0,
    callerDials: () => ({ minute: 0, day: 0 }),
    tried: new Set(['channel-2']),
  };
  const took: number[] = [];
  let chosen = 0;
  const began = performance.now();
  for (let index = 0; index < DECISIONS; index += 1) {
    const at = performance.now();
    const decision = decideRoute({ callId: `call-${index}`, tenant: 'acme', caller: `+861380000${index}`, called: '+8613900000000', agent: String(index % 80), record: true }, snapshot);
    took.push(performance.now() - at);
    if (decision.chosen !== undefined) chosen += 1;
  }
  const seconds = (performance.now() - began) / 1000;
  if (chosen !== DECISIONS) throw new Error(`${DECISIONS - chosen} calls got no channel`);
  took.sort((a, b) => a - b);
  return { perSecond: DECISIONS / seconds, p99Ms: took[Math.floor(DECISIONS * 0.99)] ?? Number.NaN };
}

/** Calls planned a second by the router: decided, committed as SENDING with their events. */
export async function measurePlanning(databaseUrl: string, round: number): Promise<number> {
  const store = await openStore(databaseUrl);
  try {
    const carriers = new WillingCarriers(channels);
    const clock = new SystemClock();
    const planner = new Planner(store.ledger, carriers, clock, LIMITS, new SilentWatch());
    const calls = Array.from({ length: PLANNED_CALLS }, (_, index) => callFrom(`+8613${round}${String(index).padStart(8, '0')}`, `${round}-${index}`, clock.nowMs()));
    await store.ledger.transaction((unit) => unit.queue.enqueue(calls, clock.nowMs()));
    const began = performance.now();
    let dials = 0;
    while (dials < PLANNED_CALLS) {
      const planned = await planner.plan(BATCH);
      if ((planned?.looked ?? 0) === 0) throw new Error(`only ${dials} calls were planned`);
      dials += planned?.dials.length ?? 0;
    }
    return PLANNED_CALLS / ((performance.now() - began) / 1000);
  } finally {
    await store.close();
  }
}

/** The same by hand: the same statements for the same effects, with a fixed channel instead of a decision. */
export async function measurePlanningByHand(databaseUrl: string, round: number): Promise<number> {
  const store = await openStore(databaseUrl);
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const nowMs = Date.now();
    const calls = Array.from({ length: PLANNED_CALLS }, (_, index) => callFrom(`+8614${round}${String(index).padStart(8, '0')}`, `floor-${round}-${index}`, nowMs));
    await store.ledger.transaction((unit) => unit.queue.enqueue(calls, nowMs));
    const began = performance.now();
    let done = 0;
    while (done < PLANNED_CALLS) done += await planByHand(client, nowMs);
    return PLANNED_CALLS / ((performance.now() - began) / 1000);
  } finally {
    await client.end();
    await store.close();
  }
}

interface DueRow {
  command: { callId: string; tenant: string; caller: { ref: string } };
}

async function planByHand(client: Client, nowMs: number): Promise<number> {
  await client.query('BEGIN');
  await client.query(`SELECT pg_try_advisory_xact_lock(7), set_config('idle_in_transaction_session_timeout', '5000', true)`);
  const { rows } = await client.query<DueRow>(`SELECT command, cancelled, position FROM router_call WHERE state = 'queued' AND next_try <= $1 ORDER BY position LIMIT $2 FOR UPDATE SKIP LOCKED`, [nowMs, BATCH]);
  const ids = rows.map(({ command }) => command.callId);
  const lines = rows.map(({ command }) => command.caller.ref);
  await client.query(`SELECT channel, count(*)::int AS live FROM router_attempt WHERE live GROUP BY channel`);
  await client.query(`SELECT channel, count(*)::int AS sent FROM router_attempt WHERE sent_at > $1 GROUP BY channel`, [nowMs - 1000]);
  await client.query(`SELECT attempt_id, channel FROM router_attempt WHERE call_id = ANY($1::text[]) AND NOT live`, [ids]);
  await client.query(`SELECT binding FROM router_binding JOIN unnest($1::text[], $2::text[]) AS t(tenant, user_id) USING (tenant, user_id)`, [rows.map(({ command }) => command.tenant), ids]);
  await client.query(`SELECT channel, seat, sealed FROM router_seat WHERE seat = ANY($1::text[]) AND sealed IS NOT NULL`, [ids]);
  await client.query(`SELECT line_ref FROM router_attempt WHERE line_ref = ANY($1::text[]) AND live`, [lines]);
  await client.query(`SELECT waits_for, min(position) FROM router_call WHERE waits_for = ANY($1::text[]) AND state = 'queued' GROUP BY waits_for`, [lines]);
  const attempts = ids.map((id) => `${id}-1`);
  await client.query(
    `INSERT INTO router_attempt (attempt_id, call_id, tenant, number, channel, vendor, line_ref, caller_ref, state, sent_at, look_at, give_up_at, hold_until)
     SELECT t.attempt_id, t.call_id, 'acme', 1, 'channel-0', 'v', t.line_ref, t.line_ref, 'sending', $4::bigint, $4::bigint + 90000, $4::bigint + 90000, $4::bigint + 7200000 FROM unnest($1::text[], $2::text[], $3::text[]) AS t(attempt_id, call_id, line_ref) ON CONFLICT DO NOTHING RETURNING attempt_id`,
    [attempts, ids, lines, nowMs]);
  await client.query(`UPDATE router_call SET state = 'live', waits_for = NULL WHERE call_id = ANY($1::text[])`, [ids]);
  await appendByHand(client, ids, nowMs);
  await client.query('COMMIT');
  return rows.length;
}

/** The events of the batch, as long as the router's, into a log table with dense offsets. */
async function appendByHand(client: Client, ids: readonly string[], nowMs: number): Promise<void> {
  await client.query(`CREATE TABLE IF NOT EXISTS floor_head (part int PRIMARY KEY, next bigint NOT NULL DEFAULT 0)`);
  await client.query(`CREATE TABLE IF NOT EXISTS floor_record (part int, off bigint, key text, value bytea, headers text, PRIMARY KEY (part, off))`);
  await client.query(`INSERT INTO floor_head SELECT generate_series(0, 11) ON CONFLICT DO NOTHING`);
  const candidates = channels.map(({ channel }, index) => ({ channel, state: 'up', score: 1, weight: 1, liveCalls: 0, ...(index < EXCLUDED ? { excluded: { code: 'line-offline', reason: 'the seat is not signed in at the vendor' } } : {}) }));
  const parts = ids.map((id) => partitionOf(id, 12));
  const values = Buffer.concat(ids.map((id) => Buffer.from(JSON.stringify({ callId: id, tenant: 'acme', attemptId: `${id}-1`, channel: 'channel-0', occurredAt: nowMs, recordedAt: nowMs, source: 'router', vendor: 'v', attemptNumber: 1, recordRequested: true, route: { basis: 'all', channel: 'channel-0', candidates } }).padEnd(EVENT_BYTES))));
  await client.query(
    `WITH counted AS (SELECT part, count(*) AS n FROM unnest($1::int[]) AS part GROUP BY part),
       head AS (UPDATE floor_head h SET next = next + n FROM counted c WHERE h.part = c.part RETURNING h.part, next - n AS base),
       placed AS (SELECT part, key, substring($3::bytea FROM ((ord - 1) * $4)::int + 1 FOR $4::int) AS value, row_number() OVER (PARTITION BY part ORDER BY ord) AS place FROM unnest($1::int[], $2::text[]) WITH ORDINALITY AS r(part, key, ord))
     INSERT INTO floor_record SELECT p.part, h.base + p.place - 1, p.key, p.value, '{}' FROM placed p JOIN head h USING (part)`, [parts, ids, values, EVENT_BYTES]);
}

/** 64 calls at once for 32 lines: for how long, ms, each line is idle between one call's end and the next one's dial. */
export async function measureLineGaps(databaseUrl: string): Promise<number[]> {
  const store = await openStore(databaseUrl);
  const gaps: number[] = [];
  const endedAt = new Map<string, number>();
  const clock = new SystemClock();
  const carriers = new WillingCarriers(channels.filter(({ line, limits }) => line.kind === 'caller' && limits.concurrentCalls === undefined).map((facts) => ({ ...facts, tenants: ['acme'] })), (attempt) => {
    const line = lineOf(attempt.callId);
    const freed = endedAt.get(line);
    if (freed !== undefined) gaps.push(performance.now() - freed);
    setTimeout(() => end(attempt.attemptId, attempt.callId), TALK_MS);
  });
  const router = new Router(store.ledger, carriers, clock, LIMITS, new SilentWatch());
  let woken = (): void => undefined;
  let ended = 0;
  let arrived: CallEvent[] = [];
  let learning: Promise<void> | undefined;
  /** As the consumer does: what arrives while a batch is taken in is the next batch. */
  const learn = async (): Promise<void> => {
    while (arrived.length > 0) {
      const batch = arrived;
      arrived = [];
      await store.ledger.transaction((unit) => router.learn(unit, batch));
      ended += batch.length;
      woken();
    }
    learning = undefined;
  };
  const end = (attemptId: string, callId: string): void => {
    endedAt.set(lineOf(callId), performance.now());
    arrived.push(endedEvent(attemptId, callId));
    learning ??= learn();
  };
  const unlisten = await store.ledger.onWork(() => woken());
  try {
    const calls = Array.from({ length: LINES * PER_LINE }, (_, index) => callFrom(`+86138${String(index % LINES).padStart(8, '0')}`, `${index}`, clock.nowMs()));
    await Promise.all(calls.map((call) => store.ledger.transaction((unit) => router.obey(unit, [call]))));
    await withDeadline(runUntil(router, () => ended === LINES * PER_LINE, (wake) => (woken = wake)), LIMIT_MS, 'The calls of the lines');
    return gaps;
  } finally {
    await unlisten();
    await store.close();
  }
}

const lineOf = (callId: string): string => String(Number(callId.slice('call-'.length)) % LINES);

function endedEvent(attemptId: string, callId: string): CallEventOf<'cc.call.ended.v1'> {
  const nowMs = Date.now();
  const event = CallEvent.parse({ type: 'cc.call.ended.v1', id: `${attemptId}/ended`, callId, tenant: 'acme', attemptId, channel: 'channel-0', occurredAt: nowMs, recordedAt: nowMs, source: 'callback', closeType: 0 });
  if (event.type !== 'cc.call.ended.v1') throw new Error('not the end of a call');
  return event;
}

/** As the router's loop does: plans when woken, and every half second. */
async function runUntil(router: Router, done: () => boolean, onWake: (wake: () => void) => void): Promise<void> {
  while (!done()) {
    let wake = (): void => undefined;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, 500);
    });
    onWake(wake);
    const planned = await router.planner.plan(BATCH);
    for (const dial of planned?.dials ?? []) void router.dialling.dial(dial);
    if ((planned?.looked ?? 0) < BATCH) await woken;
  }
}
