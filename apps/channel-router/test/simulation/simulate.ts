import type { CallCommand, CallEvent } from '@cc/contracts';
import { liveStates, type Attempt } from '../../src/domain/attempt';
import type { CarrierFacts } from '../../src/domain/carriers';
import { MemoryLedger } from '../memory-ledger';
import { isIncomplete } from '../memory-enquiries';
import type { StoredAttempt } from '../memory-tables';
import { runRouter, SimulatedProcess, type SimulatedWorld } from './simulated-router';
import { SimulatedVendors, type Ring } from './simulated-vendor';
import type { Script, ScriptedCall } from './script';
import { VirtualTime } from './virtual-time';
import { facts, health } from '../scripted-carriers';
import { SilentWatch } from '../silent-watch';

const LONGEST_CALL_SECONDS = 240;
/** Longer than an attempt can be in doubt, so that a call may be dialled once more. */
const NOT_AFTER_SECONDS = 200;
const LIMIT_MS = 900_000;

/** Counts what would be told to people. */
class CountingWatch extends SilentWatch {
  readonly lateRings = new Set<string>();
  readonly reapedOrResolved = new Set<string>();
  dials = 0;
  lost = 0;

  override dialled(): void {
    this.dials += 1;
  }
  override outcomeLost(): void {
    this.lost += 1;
  }
  override lateRing({ attemptId }: Attempt): void {
    this.lateRings.add(attemptId);
  }
  override reaped({ attemptId }: Attempt): void {
    this.reapedOrResolved.add(attemptId);
  }
  override resolved({ attemptId }: Attempt): void {
    this.reapedOrResolved.add(attemptId);
  }
}

export interface SimulationResult {
  readonly violations: readonly string[];
  readonly history: readonly string[];
  /** What happened in this run, so that a series can show that it covers what it should. */
  readonly seen: { readonly dials: number; readonly rings: number; readonly failovers: number; readonly doubts: number; readonly lostOutcomes: number; readonly lateRings: number; readonly waited: number; readonly refusedAsBusy: number; readonly missedEnds: number; readonly repairs: number };
}

/** Thresholds that nothing here reaches: what becomes of calls is shown, not of channels. */
const robust = { ...health, minDials: 50, degradedShare: 0.9, downShare: 1, downInARow: 100, silenceSeconds: 3000, silentCalls: 100 };

const QUERIES_PER_MINUTE = 30;

/** `a` can be asked about every call, `b` about none, `c` about those whose id it has told; `a` and `c` are of one account. */
const channelFacts = (channel: string, canQuery: boolean, findsByAttempt: boolean): CarrierFacts => facts(channel, { health: robust, canQuery, findsByAttempt, account: channel === 'b' ? 'another' : 'one', queriesPerMinute: QUERIES_PER_MINUTE, longestCallSeconds: LONGEST_CALL_SECONDS });

const callIdOf = (index: number): string => `call-${index + 1}`;
const lineOf = ({ line }: ScriptedCall): string => `+8613800000${line}`;

/** Runs a script to its end and checks what must always hold. Deterministic. */
export async function simulate(script: Script): Promise<SimulationResult> {
  const time = new VirtualTime();
  const history: string[] = [];
  const trace = (line: string): void => void history.push(`${(time.elapsedMs() / 1000).toFixed(3).padStart(8)} s  ${line}`);
  const ledger = new MemoryLedger();
  const watch = new CountingWatch();
  const commands: CallCommand[] = [];
  const vendorEvents: CallEvent[] = [];
  const vendors = new SimulatedVendors(time, (event) => vendorEvents.push(event), trace);
  const call = (callId: string): ScriptedCall | undefined => script.calls[Number(callId.slice('call-'.length)) - 1];
  const world: SimulatedWorld = {
    time, ledger, vendors, watch, commands, vendorEvents,
    facts: [channelFacts('a', true, true), channelFacts('b', false, false), channelFacts('c', true, false)],
    limits: { setupSeconds: 90, querySeconds: 120, sendingSeconds: 45, graceSeconds: 10, reconcileSeconds: 120, redialTenants: script.redial ? ['acme'] : [] },
    numbersOf: (callId) => ({ caller: lineOf(call(callId) ?? { line: 9, atMs: 0, whenBusy: 'wait', channel: 'any', cancelAfterMs: undefined, manners: [] }), called: '+8613900000000' }),
    mannersOf: (callId) => call(callId)?.manners ?? [],
  };
  script.calls.forEach((placed, index) => place(placed, callIdOf(index), time, commands, trace));
  for (const router of [0, 1]) runRouter(world, new SimulatedProcess(`router ${router + 1}`, time, script.faults.filter((fault) => fault.router === router).map(({ kind }) => kind), trace));
  const settled = (): boolean => commands.length >= script.calls.length && ledger.calls.rows.size === script.calls.length && time.elapsedMs() > 60_000 && vendors.underWay === 0 && (ledger.cursors.rows.get('events') ?? 0) >= vendorEvents.length && ledger.calls.values().every(({ state }) => state === 'closed') && ledger.attempts.values().every((attempt) => !liveStates.includes(attempt.state) && !isNeverCompared(attempt));
  await time.run(LIMIT_MS, settled);
  return { violations: violationsOf(script, time, ledger, vendors, watch), history: [...history, ...told(ledger)], seen: seenIn(ledger, vendors, watch) };
}

function place(placed: ScriptedCall, callId: string, time: VirtualTime, commands: CallCommand[], trace: (line: string) => void): void {
  const number = { masked: '****', ref: 'ref', sealed: 'sealed' };
  const base = { callId, tenant: 'acme' };
  time.after(placed.atMs, () => {
    trace(`the application places ${callId} on line ${lineOf(placed)}`);
    commands.push({
      type: 'cc.call.place.v1', id: `${callId}/place`, ...base, issuedAt: time.nowMs(), caller: number, called: number, record: false, whenBusy: placed.whenBusy, notAfter: time.nowMs() + NOT_AFTER_SECONDS * 1000,
      ...(placed.channel === 'any' ? {} : { channel: placed.channel }),
    });
  });
  if (placed.cancelAfterMs === undefined) return;
  time.after(placed.atMs + placed.cancelAfterMs + 1, () => {
    trace(`the application cancels ${callId}`);
    commands.push({ type: 'cc.call.cancel.v1', id: `${callId}/cancel`, ...base, issuedAt: time.nowMs() });
  });
}

function violationsOf(script: Script, time: VirtualTime, ledger: MemoryLedger, vendors: SimulatedVendors, watch: CountingWatch): string[] {
  return [...ringViolations(vendors.rings, ledger, watch), ...lineViolations(vendors.rings, ledger, watch, time.nowMs() - time.elapsedMs()), ...orderViolations(ledger), ...endViolations(script, ledger), ...doubtViolations(ledger, watch), ...repairViolations(ledger), ...paceViolations(script, vendors)];
}

/** A call that is over without its end, and whose vendor can be asked about it. */
function isNeverCompared(attempt: StoredAttempt): boolean {
  const { channel, vendorCallId, repairTries } = attempt;
  return isIncomplete(attempt) && (channel === 'a' || (channel === 'c' && vendorCallId !== undefined)) && repairTries === 0;
}

function repairViolations(ledger: MemoryLedger): string[] {
  return ledger.attempts.values().filter(isNeverCompared).map(({ attemptId }) => `the end of ${attemptId} was never heard of, and its vendor never asked afterwards`);
}

/** Whoever is stopped right before the request leaves comes late by one question. */
function paceViolations(script: Script, vendors: SimulatedVendors): string[] {
  const times = vendors.questions.filter(({ channel }) => channel !== 'b').map(({ atMs }) => atMs).sort((one, other) => one - other);
  const allowed = QUERIES_PER_MINUTE + script.faults.filter(({ kind }) => !('crashAt' in kind)).length;
  return times.flatMap((atMs, index) => ((times[index + allowed] ?? Number.POSITIVE_INFINITY) < atMs + 60_000 ? [`the vendor was asked more than ${allowed} times in the minute from ${atMs} ms on`] : []));
}

/** Nobody is rung twice for one call, except where a vendor's own word was wrong, which is then a counted incident. */
function ringViolations(rings: readonly Ring[], ledger: MemoryLedger, watch: CountingWatch): string[] {
  return [...new Set(rings.map(({ callId }) => callId))].flatMap((callId) => {
    const own = rings.filter((ring) => ring.callId === callId);
    const unnoticed = own.filter(({ attemptId, told }) => told && ['refused', 'not-placed'].includes(ledger.attempts.rows.get(attemptId)?.state ?? '') && !watch.lateRings.has(attemptId));
    if (unnoticed.length > 0) return unnoticed.map(({ attemptId }) => `${attemptId} rang though it counted as not placed, and nobody was told`);
    if (own.length < 2) return [];
    const wronged = own.slice(0, -1).every(({ attemptId }) => ledger.attempts.rows.get(attemptId)?.state === 'not-placed' && watch.lateRings.has(attemptId));
    return wronged ? [] : [`${callId} rang ${own.length} times: ${own.map(({ attemptId }) => attemptId).join(', ')}`];
  });
}

/** A line carries one call, unless the earlier one had lasted as long as any call can, or the vendor had denied it, which is then a counted incident. */
function lineViolations(rings: readonly Ring[], ledger: MemoryLedger, watch: CountingWatch, beganMs: number): string[] {
  const wasFree = (ring: Ring, atMs: number): boolean => {
    const attempt = ledger.attempts.rows.get(ring.attemptId);
    return (attempt?.state === 'abandoned' && beganMs + atMs >= attempt.holdUntil) || (attempt?.state === 'not-placed' && watch.lateRings.has(ring.attemptId));
  };
  return rings.flatMap((ring, index) => rings.slice(index + 1).flatMap((other) =>
    ring.line === other.line && ring.callId !== other.callId && other.fromMs < ring.untilMs && !wasFree(ring, other.fromMs) ? [`line ${ring.line} carried ${ring.attemptId} and ${other.attemptId} at once`] : []));
}

/** Calls of one line are dialled in the order in which they came. */
function orderViolations(ledger: MemoryLedger): string[] {
  const first = ledger.attempts.values().filter(({ number }) => number === 1).map(({ callId, lineRef, sentAt }) => ({ callId, lineRef, sentAt, position: ledger.calls.rows.get(callId)?.position ?? 0 }));
  return first.flatMap((one) => first.flatMap((other) => (one.lineRef === other.lineRef && one.position < other.position && one.sentAt > other.sentAt ? [`${other.callId} was dialled before ${one.callId}, which came first on its line`] : [])));
}

function endViolations(script: Script, ledger: MemoryLedger): string[] {
  const ended = new Set(ledger.events.flatMap(({ type, callId }) => (type === 'cc.call.ended.v1' ? [callId] : [])));
  return script.calls.flatMap((_, index) => {
    const callId = callIdOf(index);
    const call = ledger.calls.rows.get(callId);
    if (call?.state !== 'closed') return [`${callId} never ended: ${call?.state ?? 'unknown to the router'}`];
    if (call.command !== undefined) return [`the numbers of ${callId} were not forgotten`];
    const attempts = ledger.attempts.values().filter((attempt) => attempt.callId === callId);
    const vendorEnded = attempts.some(({ state }) => state === 'ended');
    return ended.has(callId) || vendorEnded ? [] : [`the application was never told the end of ${callId}`];
  });
}

/** Every attempt in doubt ends settled, or told to people; no line stays taken. */
function doubtViolations(ledger: MemoryLedger, watch: CountingWatch): string[] {
  const doubted = new Set(ledger.events.flatMap((event) => (event.type === 'cc.call.attempt-unknown.v1' ? [event.attemptId] : [])));
  return ledger.attempts.values().flatMap((attempt: StoredAttempt) => {
    if (liveStates.includes(attempt.state)) return [`the line of ${attempt.attemptId} is still taken: ${attempt.state}`];
    const alarmed = attempt.state !== 'abandoned' || watch.reapedOrResolved.has(attempt.attemptId);
    return doubted.has(attempt.attemptId) && !alarmed ? [`${attempt.attemptId} was in doubt, and nobody was told`] : [];
  });
}

function seenIn(ledger: MemoryLedger, vendors: SimulatedVendors, watch: CountingWatch): SimulationResult['seen'] {
  const types = ledger.events.map(({ type }) => type);
  return {
    dials: watch.dials, rings: vendors.rings.length, failovers: ledger.attempts.values().filter(({ number }) => number > 1).length,
    doubts: types.filter((type) => type === 'cc.call.attempt-unknown.v1').length, lostOutcomes: watch.lost, lateRings: watch.lateRings.size,
    missedEnds: [...vendors.endsLost].filter((attemptId) => ledger.attempts.rows.get(attemptId)?.state === 'ended').length,
    repairs: ledger.attempts.values().filter(({ state, repairTries, lacksEnd }) => state === 'abandoned' && repairTries > 0 && !lacksEnd).length,
    waited: ledger.everWaited.size, refusedAsBusy: ledger.events.filter((event) => event.type === 'cc.call.ended.v1' && event.closeType === 3).length,
  };
}

const told = (ledger: MemoryLedger): string[] => [
  'the router said:', ...ledger.events.map((event) => `  ${event.type} ${'attemptId' in event ? (event.attemptId ?? '') : ''} ${'reason' in event ? (event.reason ?? '') : ''}`.trimEnd()),
  'in the end:', ...ledger.attempts.values().map(({ attemptId, state, channel }) => `  ${attemptId} on ${channel}: ${state}`), ...ledger.calls.values().map(({ callId, state }) => `  ${callId}: ${state}`),
];
