import type { Binding, CallEvent, ChannelHealth, ChannelOverride, Kept, PlaceCall, RouteSimulation, SeatSession } from '@cc/contracts';
import type { Attempt, DialResult, OutcomeClass, Refusal } from './attempt';
import type { AttemptRecord } from './attempt-record';
import type { Enquiries } from './enquiries';
import type { Condition, Evidence } from './health';

/** A call that waits for a dial. */
export interface QueuedCall {
  readonly command: PlaceCall;
  readonly cancelled: boolean;
  /** Its place in the queue: earlier calls have smaller ones. */
  readonly position: number;
  /** It waits for its line to get free. */
  readonly waits: boolean;
}

/** A call that stays in the queue. */
export interface Postponed {
  readonly callId: string;
  /** Epoch ms. */
  readonly nextTryMs: number;
  /** The line whose end of call makes it due before. */
  readonly waitsFor?: string | undefined;
}

/** An attempt to be committed as `sending`. Times are epoch ms. */
export interface NewAttempt extends Attempt {
  readonly lineRef: string;
  /** Equal for equal telephones of leg A. */
  readonly callerRef: string;
  readonly trial: boolean;
  readonly sentAt: number;
  readonly lookAt: number;
  readonly giveUpAt: number;
  readonly holdUntil: number;
  /** From then on the vendor gives no answer about it any more. */
  readonly askUntil: number;
  /** Its connection or its end must be heard of so long after it was heard of, and its end so long after its connection; otherwise the vendor is asked. */
  readonly ringWithinSeconds: number;
  readonly talkWithinSeconds: number;
  /** What its record will lack until a vendor tells it, and the vendor's answers would. */
  readonly lacksDuration: boolean;
  readonly lacksRecording: boolean;
  /** The call's longest talk, where we have to end it ourselves. */
  readonly hangUpAfterSeconds?: number | undefined;
}

/** What became of a dial. */
export interface Settlement {
  readonly state: 'accepted' | 'unknown' | 'refused';
  readonly outcome: OutcomeClass;
  readonly kind: DialResult['kind'];
  readonly vendorCallId?: string | undefined;
  readonly vendorCode?: string | undefined;
  readonly reason?: string | undefined;
  readonly at: number;
  /** The next look. An attempt in doubt is given up from then on, an accepted one when it cannot last any longer. */
  readonly lookAt: number;
}

/** Something that a vendor said of an attempt. */
export interface VendorWord {
  readonly attemptId: string;
  readonly vendorCallId?: string | undefined;
  /** `recorded`: that there is a recording, or will never be one; it proves no call. */
  readonly says: 'placed' | 'connected' | 'ended' | 'recorded';
  /** The end came with the talking time. */
  readonly timed?: boolean | undefined;
  /** The vendor was asked: it proves the call, and not that the vendor tells of its calls by itself. */
  readonly asked?: boolean | undefined;
}

/** Lines as they stand: which carry a live call, and the place of the first call that waits for each. */
export interface LineState {
  readonly busy: ReadonlySet<string>;
  readonly firstWaiting: ReadonlyMap<string, number>;
}

export interface SurveyQuestions {
  readonly users: readonly { readonly tenant: string; readonly user: string }[];
  /** Agents that calls name: they may be seats. */
  readonly agents: readonly string[];
  readonly channels: readonly string[];
  readonly callIds: readonly string[];
  readonly callerRefs: readonly string[];
  readonly nowMs: number;
}

/** The key of {@link Survey.callerDials}. */
export const callerDialKey = (channel: string, callerRef: string): string => `${channel}/${callerRef}`;

/** What a planner must know besides the configuration. */
export interface Survey {
  /** By `bindingKey`. */
  readonly bindings: ReadonlyMap<string, Binding>;
  /** By channel, every one that was asked for. */
  readonly channels: ReadonlyMap<string, ChannelStanding>;
  /** By call: what was tried, in order. */
  readonly refusals: ReadonlyMap<string, readonly Refusal[]>;
  /** By {@link callerDialKey}. */
  readonly callerDials: ReadonlyMap<string, { readonly minute: number; readonly day: number }>;
  /** Sealed sessions of the signed-in seats that calls or bindings name, by `seatKey`. */
  readonly sessions: ReadonlyMap<string, string>;
}

export interface ChannelStanding {
  /** Absent while it was not judged yet. */
  readonly condition: Condition | undefined;
  readonly drained: boolean;
  readonly score: number;
  readonly liveCalls: number;
  readonly sentLastSecond: number;
  readonly trialPending: boolean;
}

/** What the routers have concluded of one channel. Times are epoch ms. */
export interface ChannelUpdate {
  readonly channel: string;
  readonly condition: Condition;
  readonly score: number;
  /** What was announced last; empty before the first time. */
  readonly announced: string;
  readonly announcedAt: number;
  /** When a router last had it in its file. */
  readonly seenAt: number;
}

/** The same beside what probes and calls say now. */
export interface ChannelRow extends ChannelUpdate {
  readonly probeFailures: number;
  readonly liveCalls: number;
}

export interface EvidenceQuestion {
  readonly channel: string;
  /** Only dials that left after this count, epoch ms. */
  readonly fromMs: number;
  /** When the present state began: trial calls and failures in a row count since then. */
  readonly sinceMs: number;
  /** Accepted calls that should have been heard of by now were accepted before this, epoch ms. */
  readonly heardByMs: number;
}
export type DialEvidence = Omit<Evidence, 'windowSeconds' | 'probeFailures'> & { readonly well: number };

/** The calls that wait for a dial. */
export interface CallQueue {
  /** A call that is known already is left alone. */
  enqueue(calls: readonly PlaceCall[], nowMs: number): Promise<void>;
  /** Asks for the end of calls: the queued ones get their turn now, a live one is to be hung up. */
  requestCancel(callIds: readonly string[], nowMs: number): Promise<void>;
  /** The calls whose turn it is, in their order, held until the transaction ends: those whose time has come, and those whose line has got free. */
  due(nowMs: number, limit: number): Promise<readonly QueuedCall[]>;
  /** Keeps calls queued until then; one that waits for a line is due as soon as the line is free. */
  postpone(calls: readonly Postponed[]): Promise<void>;
  /** Puts the call of a refused or resolved attempt into the queue again, in its old place. */
  requeue(callIds: readonly string[], nowMs: number): Promise<void>;
  /** Closes calls; their numbers are forgotten unless a live attempt still needs them. */
  close(callIds: readonly string[]): Promise<void>;
}

/** The attempts made for calls, and with them the lines. */
export interface Attempts {
  /** The lines that carry a live call or are waited for; of others nothing is returned. */
  linesOf(lineRefs: readonly string[]): Promise<LineState>;
  /** Commits attempts as SENDING. Those whose call or line has a live attempt are left out: the returned ids are the ones begun. */
  begin(attempts: readonly NewAttempt[]): Promise<ReadonlySet<string>>;
  /** Moves an attempt whose dial had no outcome yet. `known`: it has moved on, by the vendor's word. `late`: it counts as not placed or was given up. */
  settle(attemptId: string, settlement: Settlement): Promise<'moved' | 'known' | 'late'>;
  /**
   * Takes in what vendors said: an attempt in doubt is confirmed, one that ended frees its line and closes its call.
   * Returns attempts that counted as not placed, each once: their phones rang after all, and they are to be hung up.
   */
  hear(words: readonly VendorWord[], nowMs: number): Promise<readonly AttemptRecord[]>;
  /** Attempts that have been SENDING since before then: the outcome of their dials is lost. */
  overdueSending(sentBeforeMs: number, limit: number): Promise<readonly AttemptRecord[]>;
  /** The attempt as it stands, held until the transaction ends. */
  find(attemptId: string): Promise<AttemptRecord | undefined>;
  /** Its vendor has heard that it is to end it, or never will. */
  hungUp(attemptId: string): Promise<void>;
  /** Gives a live attempt its last state and frees its line; false when it has moved on. */
  resolve(attemptId: string, state: 'not-placed' | 'abandoned' | 'ended', nowMs: number): Promise<boolean>;
}

/** What a choice needs to know of users, seats and channels. What is saved replaces what was known, in the order of the log: clocks of different writers differ. */
export interface Directory {
  survey(questions: SurveyQuestions): Promise<Survey>;
  /** A binding whose key alone is left is forgotten. */
  saveBindings(news: readonly Kept<Binding>[]): Promise<void>;
  saveSessions(sessions: readonly SeatSession[]): Promise<void>;
}

/** How the channels stand. */
export interface ChannelStates {
  /** Every channel that was judged and not forgotten. */
  rows(): Promise<readonly ChannelRow[]>;
  /** The operators' words, by channel, also of channels that were never judged. */
  overrides(): Promise<ReadonlyMap<string, ChannelOverride>>;
  /** What dials and calls say, of every channel that is asked about. */
  evidence(questions: readonly EvidenceQuestion[]): Promise<ReadonlyMap<string, DialEvidence>>;
  save(updates: readonly ChannelUpdate[]): Promise<void>;
  /** In the order of the log: the last word on a channel counts. */
  saveOverrides(overrides: readonly ChannelOverride[]): Promise<void>;
  /** Forgets what was concluded of channels, not what operators said of them. */
  forget(channels: readonly string[]): Promise<void>;
}

/** What is told to others when the transaction is committed, and not otherwise. */
export interface Journal {
  append(events: readonly CallEvent[]): Promise<void>;
  announce(healths: readonly ChannelHealth[], removed: readonly string[], nowMs: number): Promise<void>;
  answer(simulations: readonly RouteSimulation[]): Promise<void>;
  /** Tells every router that there may be work. */
  wake(): Promise<void>;
}

/** All that can be done within one transaction. */
export interface LedgerUnit {
  readonly queue: CallQueue;
  readonly attempts: Attempts;
  readonly directory: Directory;
  readonly channels: ChannelStates;
  readonly journal: Journal;
}

/** What the routers share: calls waiting, attempts made, and how the channels stand. The constraints of its tables are the last word on lines. */
export abstract class Ledger {
  /** Commits all that the work did when it resolves, and nothing when it rejects. Whoever stops in the middle is thrown out after seconds. */
  abstract transaction<T>(work: (unit: LedgerUnit) => Promise<T>): Promise<T>;
  /** The same, but by one router at a time; `undefined` while another is at it. */
  abstract exclusively<T>(task: 'planning' | 'health', work: (unit: LedgerUnit) => Promise<T>): Promise<T | undefined>;

  /** Which attempts their vendors are to be asked about. */
  abstract readonly enquiries: Enquiries;

  /** Takes attempts that are to be hung up now; whoever dies with one in hand leaves it due again at `againAtMs`. */
  abstract takeHangUps(nowMs: number, againAtMs: number, limit: number): Promise<readonly AttemptRecord[]>;
  /** It was not certain that the vendor heard it. */
  abstract hangUpAgain(attemptId: string, atMs: number): Promise<void>;
  /** The sealed session of a seat that is signed in. */
  abstract sessionOf(channel: string, seat: string): Promise<string | undefined>;

  /** Of these channels the ones to be probed now; each is due again after its pause. */
  abstract takeProbes(probes: readonly { readonly channel: string; readonly everyMs: number }[], nowMs: number): Promise<readonly string[]>;
  /** Remembers how a probe went: what counts are failures in a row. */
  abstract probed(channel: string, well: boolean): Promise<void>;

  /** Drops calls that were queued before then and are over, with their attempts. Resolves to whether there may be more. */
  abstract dropClosed(queuedBeforeMs: number, limit: number): Promise<boolean>;

  /** Live attempts in doubt, by channel. */
  abstract inDoubt(): Promise<ReadonlyMap<string, number>>;
}
