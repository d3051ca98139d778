import { bindingKey, seatKey, type Binding, type CallEvent, type ChannelHealth, type ChannelOverride, type Kept, type PlaceCall, type RouteSimulation, type SeatSession } from '@cc/contracts';
import type { Refusal } from '../src/domain/attempt';
import type { AttemptRecord } from '../src/domain/attempt-record';
import {
  callerDialKey, Ledger, type Attempts, type CallQueue, type ChannelRow, type ChannelStates, type ChannelUpdate, type DialEvidence, type Directory, type EvidenceQuestion, type Journal, type LedgerUnit, type LineState, type NewAttempt,
  type Postponed, type QueuedCall, type Settlement, type Survey, type SurveyQuestions, type VendorWord,
} from '../src/domain/ledger';
import { MemoryEnquiries } from './memory-enquiries';
import { isLive, Table, type StoredAccount, type StoredAttempt, type StoredCall } from './memory-tables';

interface Contact {
  readonly probeDue: number;
  readonly probeFailures: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const noContact: Contact = { probeDue: 0, probeFailures: 0 };

/** What happens around transactions: the simulation stops or kills routers here. */
export interface TransactionHooks {
  /** May never resolve, or reject: then nothing is committed. */
  beforeCommit(): Promise<void>;
}

/** {@link Ledger} in memory: transactions one after the other. It passes the conformance suite of the one in PostgreSQL. */
export class MemoryLedger extends Ledger {
  private readonly undo: (() => void)[] = [];
  readonly calls = new Table<StoredCall>(this.undo);
  readonly attempts = new Table<StoredAttempt>(this.undo);
  readonly channels = new Table<ChannelUpdate>(this.undo);
  readonly contacts = new Table<Contact>(this.undo);
  /** By account: when it may ask again and when its calls are compared again, epoch ms, and its last turn. */
  readonly accounts = new Table<StoredAccount>(this.undo);
  readonly overrides = new Table<ChannelOverride>(this.undo);
  readonly bindings = new Table<Binding>(this.undo);
  readonly seats = new Table<SeatSession>(this.undo);
  /** Calls that waited for a line at some time. */
  readonly everWaited = new Set<string>();
  /** How far each reader of the log is. */
  readonly cursors = new Table<number>(this.undo);
  readonly events: CallEvent[] = [];
  readonly healths: ChannelHealth[] = [];
  readonly simulations: RouteSimulation[] = [];
  override readonly enquiries = new MemoryEnquiries(this);
  private lastPosition = 0;
  private tail: Promise<unknown> = Promise.resolve();
  private readonly woken = new Set<() => void>();

  /** Calls back after each transaction that woke the routers. */
  onWake(woken: () => void): void {
    this.woken.add(woken);
  }

  override transaction<T>(work: (unit: LedgerUnit) => Promise<T>, hooks?: TransactionHooks): Promise<T> {
    const run = this.tail.then(() => this.run(work, hooks));
    this.tail = run.catch(() => undefined);
    return run;
  }

  /** Transactions follow each other here, so that nobody else is ever at it. */
  override exclusively<T>(_task: 'planning' | 'health', work: (unit: LedgerUnit) => Promise<T>, hooks?: TransactionHooks): Promise<T | undefined> {
    return this.transaction(work, hooks);
  }

  private async run<T>(work: (unit: LedgerUnit) => Promise<T>, hooks: TransactionHooks | undefined): Promise<T> {
    this.undo.length = 0;
    const pending: (() => void)[] = [];
    try {
      const result = await work(this.unit(pending));
      await hooks?.beforeCommit();
      for (const publish of pending) publish();
      return result;
    } catch (error) {
      for (const back of [...this.undo].reverse()) back();
      throw error;
    } finally {
      this.undo.length = 0;
    }
  }

  private unit(pending: (() => void)[]): LedgerUnit {
    return { queue: new MemoryQueue(this, () => (this.lastPosition += 1)), attempts: new MemoryAttempts(this), directory: new MemoryDirectory(this), channels: new MemoryChannels(this), journal: this.journal(pending) };
  }

  private journal(pending: (() => void)[]): Journal {
    return {
      append: async (events) => void pending.push(() => this.events.push(...events)),
      announce: async (healths) => void pending.push(() => this.healths.push(...healths)),
      answer: async (simulations) => void pending.push(() => this.simulations.push(...simulations)),
      wake: async () => void pending.push(() => this.woken.forEach((wake) => wake())),
    };
  }

  override async takeHangUps(nowMs: number, againAtMs: number, limit: number): Promise<AttemptRecord[]> {
    return await this.transaction(async () => {
      const due = this.attempts.values().filter((a) => a.hangUpAt !== undefined && a.hangUpAt <= nowMs && a.vendorCallId !== undefined && (a.state === 'accepted' || a.lateRing)).slice(0, limit);
      for (const attempt of due) this.attempts.set(attempt.attemptId, { ...attempt, hangUpAt: againAtMs, hangUpTries: attempt.hangUpTries + 1 });
      return due.map((attempt) => this.recordOf(attempt));
    });
  }

  override async hangUpAgain(attemptId: string, atMs: number): Promise<void> {
    await this.transaction(async () => this.change(attemptId, (a) => (a.hangUpAt !== undefined && (isLive(a) || a.lateRing) ? { ...a, hangUpAt: atMs } : a)));
  }

  override async sessionOf(channel: string, seat: string): Promise<string | undefined> {
    const session = this.seats.rows.get(seatKey(channel, seat));
    return session?.state === 'signed-in' ? session.sealed : undefined;
  }

  override async takeProbes(probes: readonly { readonly channel: string; readonly everyMs: number }[], nowMs: number): Promise<string[]> {
    return await this.transaction(async () => probes.filter(({ channel, everyMs }) => {
      const contact = this.contacts.rows.get(channel) ?? noContact;
      if (contact.probeDue > nowMs && contact.probeDue <= nowMs + everyMs) return false;
      this.contacts.set(channel, { ...contact, probeDue: nowMs + everyMs });
      return true;
    }).map(({ channel }) => channel));
  }

  override async probed(channel: string, well: boolean): Promise<void> {
    await this.transaction(async () => {
      const contact = this.contacts.rows.get(channel);
      if (contact !== undefined) this.contacts.set(channel, { ...contact, probeFailures: well ? 0 : contact.probeFailures + 1 });
    });
  }

  override async dropClosed(queuedBeforeMs: number, limit: number): Promise<boolean> {
    return await this.transaction(async () => {
      const live = new Set(this.attempts.values().filter(isLive).map(({ callId }) => callId));
      const over = new Set(this.calls.values().filter(({ callId, state, queuedAt }) => state === 'closed' && queuedAt < queuedBeforeMs && !live.has(callId)).sort((a, b) => a.queuedAt - b.queuedAt).slice(0, limit).map(({ callId }) => callId));
      for (const { attemptId, callId } of this.attempts.values()) if (over.has(callId)) this.attempts.delete(attemptId);
      for (const callId of over) this.calls.delete(callId);
      return over.size === limit;
    });
  }

  override async inDoubt(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const { channel, state } of this.attempts.rows.values()) if (state === 'unknown') counts.set(channel, (counts.get(channel) ?? 0) + 1);
    return counts;
  }

  change(attemptId: string, changed: (attempt: StoredAttempt) => StoredAttempt): void {
    const attempt = this.attempts.rows.get(attemptId);
    if (attempt !== undefined) this.attempts.set(attemptId, changed(attempt));
  }

  changeCall(callId: string, changed: (call: StoredCall) => StoredCall): void {
    const call = this.calls.rows.get(callId);
    if (call !== undefined) this.calls.set(callId, changed(call));
  }

  recordOf(attempt: StoredAttempt): AttemptRecord {
    const { attemptId, callId, tenant, number, channel, vendor, seat, state, vendorCallId, sentAt, giveUpAt, holdUntil, askUntil, answered, hangUpTries, notFoundSince, heardAt, lacksEnd, overAt } = attempt;
    const call = this.calls.rows.get(callId);
    return { attemptId, callId, tenant, number, channel, vendor, seat, state, vendorCallId, sentAt, giveUpAt, holdUntil, askUntil, answered, hangUpTries, notFoundSince, heard: heardAt !== undefined, endHeardAt: lacksEnd ? undefined : overAt, callOpen: call?.state !== 'closed', command: call?.command };
  }
}

class MemoryQueue implements CallQueue {
  constructor(
    private readonly ledger: MemoryLedger,
    private readonly nextPosition: () => number,
  ) {}

  async enqueue(calls: readonly PlaceCall[], nowMs: number): Promise<void> {
    for (const command of calls) {
      const { callId } = command;
      if (!this.ledger.calls.rows.has(callId)) this.ledger.calls.set(callId, { callId, state: 'queued', command, nextTry: nowMs, position: this.nextPosition(), queuedAt: nowMs, waitsFor: undefined, cancelled: false });
    }
  }

  async requestCancel(callIds: readonly string[], nowMs: number): Promise<void> {
    for (const attempt of this.ledger.attempts.values()) if (callIds.includes(attempt.callId) && isLive(attempt)) this.ledger.attempts.set(attempt.attemptId, { ...attempt, hangUpAt: Math.min(attempt.hangUpAt ?? nowMs, nowMs), hangUpTries: 0 });
    for (const callId of callIds) this.ledger.changeCall(callId, (call) => (call.state === 'closed' ? call : { ...call, cancelled: true, nextTry: 0 }));
  }

  async due(nowMs: number, limit: number): Promise<QueuedCall[]> {
    const busy = new Set(this.ledger.attempts.values().filter(isLive).map(({ lineRef }) => lineRef));
    const due = this.ledger.calls.values().filter((call) => call.state === 'queued' && (call.nextTry <= nowMs || (call.waitsFor !== undefined && !busy.has(call.waitsFor)))).sort((a, b) => a.position - b.position);
    return due.slice(0, limit).flatMap(({ command, cancelled, position, waitsFor }) => (command === undefined ? [] : [{ command, cancelled, position, waits: waitsFor !== undefined }]));
  }

  async postpone(calls: readonly Postponed[]): Promise<void> {
    for (const { callId, waitsFor } of calls) if (waitsFor !== undefined) this.ledger.everWaited.add(callId);
    for (const { callId, nextTryMs, waitsFor } of calls) this.ledger.changeCall(callId, (call) => (call.state === 'queued' ? { ...call, nextTry: nextTryMs, waitsFor } : call));
  }

  async requeue(callIds: readonly string[], nowMs: number): Promise<void> {
    for (const callId of callIds) this.ledger.changeCall(callId, (call) => (call.state === 'live' ? { ...call, state: 'queued', nextTry: nowMs, waitsFor: undefined } : call));
  }

  async close(callIds: readonly string[]): Promise<void> {
    for (const callId of callIds) {
      const held = this.ledger.attempts.values().some((attempt) => attempt.callId === callId && isLive(attempt));
      this.ledger.changeCall(callId, (call) => ({ ...call, state: 'closed', waitsFor: undefined, command: held ? call.command : undefined }));
    }
  }
}

class MemoryAttempts implements Attempts {
  constructor(private readonly ledger: MemoryLedger) {}

  async linesOf(lineRefs: readonly string[]): Promise<LineState> {
    const busy = new Set(this.ledger.attempts.values().filter(isLive).map(({ lineRef }) => lineRef));
    const firstWaiting = new Map<string, number>();
    for (const { waitsFor, position, state } of this.ledger.calls.rows.values()) {
      if (waitsFor !== undefined && state === 'queued' && lineRefs.includes(waitsFor)) firstWaiting.set(waitsFor, Math.min(firstWaiting.get(waitsFor) ?? position, position));
    }
    return { busy: new Set(lineRefs.filter((line) => busy.has(line))), firstWaiting };
  }

  async begin(attempts: readonly NewAttempt[]): Promise<ReadonlySet<string>> {
    const begun = new Set<string>();
    for (const attempt of attempts) {
      const rival = this.ledger.attempts.values().some((other) => other.attemptId === attempt.attemptId || (isLive(other) && (other.callId === attempt.callId || other.lineRef === attempt.lineRef)));
      if (rival) continue;
      this.ledger.attempts.set(attempt.attemptId, {
        ...attempt, state: 'sending', vendorCallId: undefined, settlement: undefined, acceptedAt: undefined, heardAt: undefined, answered: false, hangUpTries: 0, notFoundSince: undefined, hangUpAt: undefined, lateRing: false,
        connectedAt: undefined, overAt: undefined, lacksEnd: true, repairAt: undefined, repairAskedAt: undefined, repairTries: 0, expired: false,
      });
      this.ledger.changeCall(attempt.callId, (call) => ({ ...call, state: 'live', waitsFor: undefined }));
      begun.add(attempt.attemptId);
    }
    return begun;
  }

  async settle(attemptId: string, settlement: Settlement): Promise<'moved' | 'known' | 'late'> {
    const attempt = this.ledger.attempts.rows.get(attemptId);
    if (attempt === undefined) return 'known';
    const open = attempt.state === 'sending' || attempt.state === 'unknown';
    this.ledger.attempts.set(attemptId, settled(attempt, settlement, open));
    if (!open) return ['refused', 'not-placed', 'abandoned'].includes(attempt.state) ? 'late' : 'known';
    return 'moved';
  }

  async hear(words: readonly VendorWord[], nowMs: number): Promise<AttemptRecord[]> {
    const late = new Set<string>();
    for (const word of [...words].sort((a, b) => Number(a.says === 'ended') - Number(b.says === 'ended'))) {
      const { attemptId, vendorCallId, says } = word;
      const attempt = this.ledger.attempts.rows.get(attemptId);
      if (attempt === undefined) continue;
      const named = { ...attempt, vendorCallId: attempt.vendorCallId ?? vendorCallId };
      if (says === 'recorded') this.ledger.attempts.set(attemptId, completed(attempt, word, nowMs));
      else if (isLive(attempt)) this.hearLive(named, word, nowMs);
      else if ((attempt.state === 'refused' || attempt.state === 'not-placed') && !attempt.lateRing) {
        this.ledger.attempts.set(attemptId, completed({ ...named, lateRing: true, hangUpAt: nowMs, overAt: attempt.overAt ?? nowMs }, word, nowMs));
        late.add(attemptId);
      } else this.ledger.attempts.set(attemptId, completed(attempt, word, nowMs));
    }
    return this.ledger.attempts.values().filter((attempt) => late.has(attempt.attemptId)).map((attempt) => this.ledger.recordOf(attempt));
  }

  private hearLive(attempt: StoredAttempt, word: VendorWord, nowMs: number): void {
    const { attemptId, acceptedAt = nowMs, hangUpAfterSeconds: limit } = attempt;
    const { says, asked } = word;
    const heardAt = attempt.heardAt ?? (asked === true ? undefined : nowMs);
    const limited = says === 'connected' && limit !== undefined ? { hangUpAt: attempt.hangUpAt ?? nowMs + limit * 1000, hangUpAfterSeconds: undefined } : {};
    const heard = { ...attempt, heardAt, acceptedAt, ...limited, ...watchAfterWord(attempt, word, nowMs) };
    this.ledger.attempts.set(attemptId, completed({ ...heard, state: says === 'ended' ? 'ended' : 'accepted', ...(says === 'ended' ? { hangUpAt: undefined } : {}) }, word, nowMs));
    if (says !== 'ended') return;
    this.ledger.changeCall(attempt.callId, (call) => ({ ...call, state: 'closed', command: undefined }));
  }

  async overdueSending(sentBeforeMs: number, limit: number): Promise<AttemptRecord[]> {
    return this.ledger.attempts.values().filter((a) => a.state === 'sending' && a.sentAt < sentBeforeMs).sort((a, b) => a.sentAt - b.sentAt).slice(0, limit).map((attempt) => this.ledger.recordOf(attempt));
  }

  async find(attemptId: string): Promise<AttemptRecord | undefined> {
    const attempt = this.ledger.attempts.rows.get(attemptId);
    return attempt === undefined ? undefined : this.ledger.recordOf(attempt);
  }

  async hungUp(attemptId: string): Promise<void> {
    this.ledger.change(attemptId, (attempt) => ({ ...attempt, hangUpAt: undefined }));
  }

  async resolve(attemptId: string, state: 'not-placed' | 'abandoned' | 'ended', nowMs: number): Promise<boolean> {
    const attempt = this.ledger.attempts.rows.get(attemptId);
    if (attempt === undefined || !isLive(attempt) || attempt.state === 'sending') return false;
    this.ledger.attempts.set(attemptId, { ...attempt, state, hangUpAt: undefined, overAt: nowMs });
    this.ledger.changeCall(attempt.callId, (call) => (call.state === 'closed' ? { ...call, command: undefined } : call));
    return true;
  }

}

/** A word confirms an attempt in doubt; the first one that the vendor says by itself puts off the next look, and so does the connection. */
function watchAfterWord({ state, heardAt, connectedAt, holdUntil, ringWithinSeconds, talkWithinSeconds }: StoredAttempt, { says, asked }: VendorWord, nowMs: number): Partial<StoredAttempt> {
  const confirmed = state !== 'accepted';
  const giveUp = confirmed ? { giveUpAt: holdUntil } : {};
  if (says === 'connected' && connectedAt === undefined && (confirmed || asked !== true)) return { ...giveUp, lookAt: nowMs + talkWithinSeconds * 1000 };
  return confirmed || (heardAt === undefined && asked !== true) ? { ...giveUp, lookAt: nowMs + ringWithinSeconds * 1000 } : {};
}

/** What the record of an attempt has by a word. */
function completed(attempt: StoredAttempt, { says, timed }: VendorWord, nowMs: number): StoredAttempt {
  const ends = says === 'ended' && attempt.lacksEnd;
  return {
    ...attempt, lacksEnd: attempt.lacksEnd && says !== 'ended', lacksDuration: attempt.lacksDuration && timed !== true, lacksRecording: attempt.lacksRecording && says !== 'recorded',
    connectedAt: says === 'connected' ? (attempt.connectedAt ?? nowMs) : attempt.connectedAt, overAt: ends ? nowMs : attempt.overAt,
  };
}

function settled(attempt: StoredAttempt, settlement: Settlement, open: boolean): StoredAttempt {
  const { at, lookAt, state } = settlement;
  const accepted = state === 'accepted';
  return {
    ...attempt, settlement: settlementAfter(attempt.settlement, settlement, open), vendorCallId: attempt.vendorCallId ?? settlement.vendorCallId,
    acceptedAt: accepted ? (attempt.acceptedAt ?? at) : attempt.acceptedAt,
    ...(open ? { state, lookAt, giveUpAt: accepted ? attempt.holdUntil : lookAt } : {}),
  };
}

/** How it counts stays as it was at first; what it was told of it is the last word. */
function settlementAfter(before: Settlement | undefined, now: Settlement, open: boolean): Settlement {
  if (before === undefined) return now;
  const { outcome, at, kind } = before;
  return { ...before, vendorCode: now.vendorCode ?? before.vendorCode, reason: now.reason ?? before.reason, outcome, at, kind: open ? now.kind : kind };
}

class MemoryDirectory implements Directory {
  constructor(private readonly ledger: MemoryLedger) {}

  async survey({ users, channels, callIds, callerRefs, nowMs }: SurveyQuestions): Promise<Survey> {
    const { bindings, seats } = this.ledger;
    const attempts = this.ledger.attempts.values();
    const refusals = new Map<string, Refusal[]>();
    const dials = new Map<string, { minute: number; day: number }>();
    for (const attempt of attempts) {
      if (callIds.includes(attempt.callId) && (attempt.state === 'refused' || attempt.state === 'not-placed')) refusals.set(attempt.callId, [...(refusals.get(attempt.callId) ?? []), refusalOf(attempt)].sort((a, b) => a.number - b.number));
      if (!callerRefs.includes(attempt.callerRef) || attempt.sentAt <= nowMs - DAY_MS) continue;
      const key = callerDialKey(attempt.channel, attempt.callerRef);
      const { minute, day } = dials.get(key) ?? { minute: 0, day: 0 };
      dials.set(key, { minute: minute + (attempt.sentAt > nowMs - MINUTE_MS ? 1 : 0), day: day + 1 });
    }
    return {
      bindings: new Map(users.flatMap(({ tenant, user }): [string, Binding][] => {
        const binding = bindings.rows.get(bindingKey(tenant, user));
        return binding === undefined ? [] : [[bindingKey(tenant, user), binding]];
      })),
      channels: new Map(channels.map((channel) => {
        const row = this.ledger.channels.rows.get(channel);
        const own = attempts.filter((attempt) => attempt.channel === channel);
        const live = own.filter(isLive);
        return [channel, {
          condition: row?.condition, drained: this.ledger.overrides.rows.get(channel)?.override === 'drain', score: row?.score ?? 1, liveCalls: live.length,
          sentLastSecond: own.filter(({ sentAt }) => sentAt > nowMs - 1000).length, trialPending: live.some(({ trial, heardAt, sentAt }) => trial && heardAt === undefined && row !== undefined && sentAt >= row.condition.since),
        }];
      })),
      refusals,
      callerDials: dials,
      sessions: new Map([...seats.rows].flatMap(([key, { state, sealed }]): [string, string][] => (state === 'signed-in' && sealed !== undefined ? [[key, sealed]] : []))),
    };
  }

  async saveBindings(news: readonly Kept<Binding>[]): Promise<void> {
    for (const entry of news) {
      if (entry.kind === 'forgotten') this.ledger.bindings.delete(entry.key);
      else this.ledger.bindings.set(bindingKey(entry.value.tenant, entry.value.user), entry.value);
    }
  }

  async saveSessions(sessions: readonly SeatSession[]): Promise<void> {
    for (const session of sessions) {
      const key = seatKey(session.channel, session.seat);
      this.ledger.seats.set(key, session);
    }
  }
}

function refusalOf({ attemptId, callId, tenant, number, channel, vendor, state, settlement }: StoredAttempt): Refusal {
  const kind = settlement?.kind;
  const proven = state === 'not-placed' ? state : kind === 'unfit' || kind === 'withheld' || kind === 'rejected' ? kind : 'not-sent';
  return { attemptId, callId, tenant, number, channel, vendor, kind: proven, vendorCode: settlement?.vendorCode, reason: settlement?.reason ?? 'it was certainly not placed' };
}

class MemoryChannels implements ChannelStates {
  constructor(private readonly ledger: MemoryLedger) {}

  async rows(): Promise<ChannelRow[]> {
    return this.ledger.channels.values().map((row) => ({
      ...row, probeFailures: this.ledger.contacts.rows.get(row.channel)?.probeFailures ?? 0,
      liveCalls: this.ledger.attempts.values().filter((attempt) => attempt.channel === row.channel && isLive(attempt)).length,
    }));
  }

  async overrides(): Promise<ReadonlyMap<string, ChannelOverride>> {
    return new Map(this.ledger.overrides.rows);
  }

  async evidence(questions: readonly EvidenceQuestion[]): Promise<ReadonlyMap<string, DialEvidence>> {
    return new Map(questions.map((question) => [question.channel, this.evidenceOf(question)]));
  }

  private evidenceOf({ channel, fromMs, sinceMs, heardByMs }: EvidenceQuestion): DialEvidence {
    const own = this.ledger.attempts.values().filter((attempt) => attempt.channel === channel);
    const settled = own.flatMap((attempt) => (attempt.sentAt >= fromMs && attempt.settlement !== undefined && attempt.settlement.outcome !== 'neutral' ? [attempt.settlement] : []));
    const failures = settled.filter(({ outcome }) => outcome === 'failure');
    const recent = own.flatMap(({ sentAt, settlement }) => (sentAt >= sinceMs && settlement !== undefined && settlement.outcome !== 'neutral' ? [settlement] : [])).sort((a, b) => b.at - a.at);
    const lastWell = recent.findIndex(({ outcome }) => outcome === 'well');
    const lastHeard = Math.max(0, ...own.map(({ heardAt }) => heardAt ?? 0));
    const unheard = (a: StoredAttempt): boolean => a.heardAt === undefined && a.acceptedAt !== undefined && a.acceptedAt <= heardByMs;
    const trials = own.filter(({ trial, sentAt }) => trial && sentAt >= sinceMs);
    return {
      dials: settled.length, failures: failures.length, well: settled.length - failures.length, failuresInARow: lastWell === -1 ? recent.length : lastWell,
      silentCalls: own.filter((a) => unheard(a) && (a.acceptedAt ?? 0) > lastHeard).length,
      trialsPassed: trials.filter(({ settlement, heardAt }) => settlement?.outcome === 'well' && heardAt !== undefined).length,
      trialsFailed: trials.filter((a) => a.settlement?.outcome === 'failure' || unheard(a)).length,
    };
  }

  async save(updates: readonly ChannelUpdate[]): Promise<void> {
    for (const update of updates) this.ledger.channels.set(update.channel, update);
  }

  async saveOverrides(overrides: readonly ChannelOverride[]): Promise<void> {
    for (const override of overrides) this.ledger.overrides.set(override.channel, override);
  }

  async forget(channels: readonly string[]): Promise<void> {
    for (const channel of channels) this.ledger.channels.delete(channel);
  }
}
