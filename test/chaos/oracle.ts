import { createHash } from 'node:crypto';
import { describeError, pause } from '@cc/kernel';
import { z } from 'zod';
import type { ChaosSystem } from './chaos-system';
import type { Load, Placement } from './load';
import { judge, ShownCall, ShownEvent, type Evidence } from './model';
import { loggedCallbacks, quarantined } from './stored';
import { toldBy, type Told } from './told';
import { callIdOf, doubleRings, vendorCalls, type VendorCall } from './vendor-side';

export interface Violation {
  /** CC's id of the call, or what else it is about. */
  readonly about: string;
  readonly what: string;
  /** What makes it understood. */
  readonly evidence?: unknown;
}

/** What the run came to. */
export interface Findings {
  readonly violations: readonly Violation[];
  readonly figures: Readonly<Record<string, number>>;
  /** In quarantine, by channel and reason. */
  readonly quarantine: Readonly<Record<string, number>>;
}

const AT_ONCE = 12;
/** A recording that cannot be had whole stays open, or is failed with its reason. */
const OPEN_RECORDINGS = ['expected', 'available'];

const Unfinished = z.object({ calls: z.coerce.number(), recordings: z.coerce.number(), attempts: z.coerce.number(), pending: z.coerce.number(), behind: z.coerce.number() });
export type Unfinished = z.infer<typeof Unfinished>;

/** What is still to come: calls that are open, recordings of others than the calls of these keys, live attempts, notifications that wait, and records that the gateway has not. */
export async function unfinished({ database }: ChaosSystem, keys: readonly string[]): Promise<Unfinished> {
  const [row] = await database.query(
    `SELECT count(*) FILTER (WHERE record->>'state' <> 'close') AS calls,
            count(*) FILTER (WHERE record->>'state' = 'close' AND record->>'channel' <> 'hw-voice' AND record->'recording'->>'status' = ANY($1::text[]) AND NOT coalesce(record->'bizData'->>'key', '') = ANY($2::text[])) AS recordings,
            (SELECT count(*) FROM router_attempt WHERE live) AS attempts,
            (SELECT count(*) FROM dispatcher_pending) AS pending,
            (SELECT count(*) FROM call_record r JOIN gateway_call g ON g.call_id = r.cc_call_id WHERE r.version <> g.version) AS behind
     FROM gateway_call`, [OPEN_RECORDINGS, [...keys]]);
  return Unfinished.parse(row);
}

/** Looks at everything after the faults are over and the system has come to rest. */
export class Oracle {
  private readonly violations: Violation[] = [];
  private readonly figures: Record<string, number> = {};

  constructor(
    private readonly system: ChaosSystem,
    private readonly load: Load,
    private readonly speed: number,
  ) {}

  async judge(): Promise<Findings> {
    const { system } = this;
    const placed = await vendorCalls(system.simulator);
    const told = this.told();
    const quarantine = await quarantined(system.database);
    const setAside = new Set(quarantine.map(({ callbackId }) => callbackId));
    await this.conserved(told);
    await this.placements(placed);
    await this.calls(placed, told.filter(({ callback }) => !setAside.has(callback.id)));
    await this.rings();
    await this.stores();
    this.figures['callbacks in quarantine'] = quarantine.length;
    return { violations: this.violations, figures: this.figures, quarantine: countBy(quarantine.map(({ channel, reason }) => `${channel}: ${reason}`)) };
  }

  private violate(about: string, what: string, evidence?: unknown): void {
    this.violations.push({ about, what, ...(evidence === undefined ? {} : { evidence }) });
  }

  /** Of the callbacks that were acknowledged. */
  private told(): Told[] {
    const { seen } = this.system.door;
    const byOutcome = countBy(seen.map(({ outcome }) => outcome));
    Object.assign(this.figures, { 'callbacks sent': seen.length, 'callbacks acknowledged': byOutcome['ok'] ?? 0, 'callbacks refused': byOutcome['fail'] ?? 0, 'callbacks without an answer': byOutcome['info'] ?? 0 });
    return seen.filter(({ outcome }) => outcome === 'ok').map(toldBy);
  }

  /** The first station: every acknowledged callback came into the log. */
  private async conserved(told: readonly Told[]): Promise<void> {
    const { copies, repeated } = await loggedCallbacks(this.system.brokers);
    this.figures['notifications repeated in the log'] = repeated;
    for (const { callback, says, vendorCallId } of told) {
      if (!copies.has(callback.id)) this.violate(`callback ${callback.id}`, `${callback.channel} got a 200 for it, and it is not in the log: ${says} of ${vendorCallId}`, { at: new Date(callback.at).toISOString() });
    }
  }

  /** What the application was promised: one call for each key, and no other. */
  private async placements(placed: readonly VendorCall[]): Promise<void> {
    const { placements } = this.load;
    const byOutcome = countBy(placements.map(({ outcome }) => outcome));
    Object.assign(this.figures, { 'calls asked for': placements.length, 'calls placed': byOutcome['ok'] ?? 0, 'calls refused': byOutcome['fail'] ?? 0, 'calls in doubt': byOutcome['info'] ?? 0, 'placements repeated': placements.reduce((sum, { tries }) => sum + tries - 1, 0) });
    for (const [why, count] of Object.entries(countBy(placements.flatMap(({ outcome, refusal = '' }) => (outcome === 'ok' ? [] : [`calls not placed: ${refusal.replaceAll(/\d{2,}/g, 'N').slice(0, 140)}`]))))) this.figures[why] = count;
    const rows = await this.system.database.query<{ call_id: string; key: string }>(`SELECT call_id, record->'bizData'->>'key' AS key FROM gateway_call`);
    const callsOf = groupBy(rows, ({ key }) => key);
    for (const placement of placements) this.onePlacement(placement, callsOf.get(placement.key) ?? []);
    const known = new Set(rows.map(({ call_id }) => call_id));
    for (const call of placed) if (!known.has(callIdOf(call) ?? '')) this.violate(call.id, `the vendor placed a call that nobody asked for: ${call.echo}`, call);
  }

  private onePlacement({ key, outcome, callId, refusal = '' }: Placement, calls: readonly { readonly call_id: string }[]): void {
    const made = calls.map(({ call_id }) => call_id).join(', ');
    switch (outcome) {
      case 'ok':
        if (made !== callId) this.violate(callId ?? key, `it was answered 202 under the key ${key}, under which there are ${calls.length} calls: ${made}`);
        return;
      case 'info':
        if (calls.length > 1) this.violate(key, `${calls.length} calls were made under one key: ${made}`);
        return;
      case 'fail':
        if (calls.length > 0) this.violate(key, `it was refused (${refusal}), and a call was made: ${made}`);
        if (refusal.startsWith('4')) this.violate(key, `a right request was refused: ${refusal}`);
    }
  }

  private async calls(placed: readonly VendorCall[], told: readonly Told[]): Promise<void> {
    const byCall = groupBy(placed, (call) => callIdOf(call) ?? '');
    const byVendorCall = groupBy(told, ({ vendorCallId }) => vendorCallId);
    const ids = (await this.system.database.query<{ call_id: string }>(`SELECT call_id FROM gateway_call ORDER BY call_id`)).map(({ call_id }) => call_id);
    const counts = { judged: 0, unknowable: 0, archived: 0 };
    const closed: string[] = [];
    await inParallel(ids, AT_ONCE, async (callId) => {
      const vendorSide = byCall.get(callId) ?? [];
      const evidence = await this.evidence(callId, vendorSide, vendorSide.flatMap(({ id }) => byVendorCall.get(id) ?? []));
      const { violations: wrong, unknowable } = judge(evidence, this.speed);
      const violations = [...wrong, ...(evidence.shown.recording.status === 'archived' ? await this.archive(evidence.shown) : [])];
      for (const what of violations) this.violate(callId, what, { shown: evidence.shown, vendorSide, timeline: evidence.timeline, told: evidence.told.map(({ callback: { id, at }, says }) => ({ id, at, says })) });
      counts.judged += 1;
      if (unknowable) counts.unknowable += 1;
      if (evidence.shown.recording.status === 'archived') counts.archived += 1;
      closed.push(closingOf(evidence));
    });
    Object.assign(this.figures, { 'calls judged': counts.judged, 'calls that rang': byCall.size, 'ends that nobody could know': counts.unknowable, 'recordings archived': counts.archived });
    for (const [closing, count] of Object.entries(countBy(closed)).sort()) this.figures[closing] = count;
  }

  private async evidence(callId: string, vendorSide: readonly VendorCall[], told: readonly Told[]): Promise<Evidence> {
    const { api } = this.system;
    const [call, events] = await Promise.all([repeated(() => api.get<unknown>(`/calls/${callId}`)), repeated(() => api.get<unknown>(`/calls/${callId}/events`))]);
    return { shown: ShownCall.parse(call.data), timeline: z.object({ items: z.array(ShownEvent) }).parse(events.data).items, vendorCalls: vendorSide, told };
  }

  /** What is archived is what the record says. */
  private async archive({ callId, recording: { sizeBytes, sha256 } }: ShownCall): Promise<string[]> {
    const answer = await repeated(() => this.system.api.get<ArrayBuffer>(`/calls/${callId}/recording`, { responseType: 'arraybuffer' }));
    const bytes = Buffer.from(answer.data);
    const digest = createHash('sha256').update(bytes).digest('hex');
    return answer.status === 200 && bytes.length === sizeBytes && digest === sha256 ? [] : [`its recording is played with ${answer.status}, ${bytes.length} bytes, ${digest}; the record says ${sizeBytes} bytes, ${sha256}`];
  }

  private async rings(): Promise<void> {
    for (const double of await doubleRings(this.system.simulator)) this.violate(double.call, `leg ${double.leg} rang ${double.rings} times`, double);
  }

  /** What is nobody's call alone. */
  private async stores(): Promise<void> {
    const { database } = this.system;
    const parked = await database.query<{ topic: string; grp: string; key: string; reason: string }>(`SELECT topic, grp, key, reason FROM dead_letter`);
    for (const { topic, grp, key, reason } of parked) this.violate(key, `parked: ${topic} for ${grp}: ${reason}`);
    const leaked = await database.query<{ attempt_id: string; state: string; line_ref: string }>(`SELECT attempt_id, state, channel FROM router_attempt WHERE live`);
    for (const { attempt_id, state } of leaked) this.violate(attempt_id, `its line is not free: the attempt is ${state}`);
    const apart = await database.query<{ cc_call_id: string }>(
      `SELECT r.cc_call_id, r.version AS stored, g.version AS shown FROM call_record r FULL JOIN gateway_call g ON g.call_id = r.cc_call_id
       WHERE r.version IS DISTINCT FROM g.version OR r.close_type IS DISTINCT FROM g.record->>'closeType' OR r.recording_sha256 IS DISTINCT FROM g.record->'recording'->>'sha256'`);
    for (const row of apart) this.violate(row.cc_call_id, 'the record and what the gateway shows differ', row);
    const [events] = await database.query<{ stored: string; shown: string }>(`SELECT (SELECT count(*) FROM record_event) AS stored, (SELECT count(*) FROM gateway_event) AS shown`);
    if (events !== undefined && Number(events.stored) !== Number(events.shown)) this.violate('events', `the record store has ${events.stored} events, the gateway ${events.shown}`);
    this.figures['events'] = Number(events?.stored ?? 0);
  }
}

/** How a call was closed, and why where nobody was rung; without what is of one call alone. */
function closingOf({ shown: { closeType, closeReason = '' }, vendorCalls: { length } }: Evidence): string {
  return length > 0 ? `calls that rang, closed as ${closeType}` : `calls that rang nobody, closed as ${closeType}: ${closeReason.replaceAll(/\d+/g, 'N').slice(0, 120)}`;
}

/** A gateway that is well answers; a moment's silence is no finding. */
async function repeated<T extends { readonly status: number }>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await ask();
      if (answer.status < 500 || tries === 5) return answer;
    } catch (error) {
      if (tries === 5) throw new Error(`the gateway does not answer after the faults are over: ${describeError(error)}`, { cause: error });
    }
    await pause(1000);
  }
}

async function inParallel<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await work(item);
  }));
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}
