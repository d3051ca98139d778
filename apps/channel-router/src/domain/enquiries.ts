import type { AttemptRecord } from './attempt-record';

/**
 * What vendors are asked about. `doubt`: nobody knows whether the vendor placed it, and its line is taken. `live`: placed, and its end is
 * missed; its line is taken. `repair`: over, and its record lacks something that the vendor would tell.
 */
export type AskedKind = 'doubt' | 'live' | 'repair';
export const askedKinds: readonly AskedKind[] = ['doubt', 'live', 'repair'];

/** Which calls a vendor finds: `named` those whose id at the vendor is known. */
export type Findable = 'all' | 'named' | 'none';

export interface AskedChannel {
  readonly channel: string;
  readonly finds: Findable;
}

const TURNS_IN_A_ROUND = 4;

/**
 * Who is asked about first when it is the account's nth turn. What holds a line comes before what only lacks a record, and doubts, which may
 * ring, before calls that most often just last long. One turn of four belongs to each of the two others, so that neither is starved, and
 * what nobody uses falls to the next.
 */
export function orderOfTurn(turn: number): readonly AskedKind[] {
  switch (turn % TURNS_IN_A_ROUND) {
    case 1:
      return ['live', 'doubt', 'repair'];
    case 3:
      return ['repair', 'doubt', 'live'];
    default:
      return ['doubt', 'live', 'repair'];
  }
}

const MINUTE_MS = 60_000;
/** So late after its turn was taken a question may leave, and so much longer than another may it be under way. */
const LEAVES_WITHIN_MS = 1000;
const UNDER_WAY_MS = 1000;

/** The pause between two turns: however late each question leaves and arrives, the vendor sees no more of them within a minute than it allows. */
export const pauseOf = (queriesPerMinute: number): number => Math.ceil((MINUTE_MS + LEAVES_WITHIN_MS + UNDER_WAY_MS) / queriesPerMinute);

/** Whoever stood still after taking the turn asks nothing: others may have gone on. */
export const isTurnOver = (takenAtMs: number, nowMs: number): boolean => Math.abs(nowMs - takenAtMs) > LEAVES_WITHIN_MS;

/** How a look at a live attempt went. Times are epoch ms. */
export interface Look {
  readonly lookAtMs: number;
  readonly answered?: boolean;
  readonly notFoundSince?: number;
}

/** A comparison of what is written down of an account's calls with what their vendor says, as it begins. */
export interface Reconciliation {
  /** Calls that are over and whose records lack something, those below included. */
  readonly incomplete: number;
  /** Those about which the vendor is asked now. */
  readonly queued: number;
  /** Those of which the vendor tells nothing any more since this comparison: with some of their ids. */
  readonly expired: number;
  readonly expiredCalls: readonly string[];
}

/** What waits for a question, of one channel. */
export interface Waiting {
  readonly channel: string;
  readonly kind: AskedKind;
  readonly count: number;
  /** When the oldest of them was dialled, epoch ms. */
  readonly oldestSentAt: number;
}

/** A claim that lies further ahead was made by a clock that was wrong, ms. One that lies ahead by less is another router's, whose clock is fast. */
export const CLOCKS_DIFFER_MS = 600_000;

/** Which attempts their vendors are to be asked about, and when; shared by all routers. */
export abstract class Enquiries {
  /** Channels with attempts that are to be looked after now. */
  abstract channelsDue(nowMs: number): Promise<readonly string[]>;
  /** Takes live attempts that are due and that the vendor cannot be asked about, the longest due first; each is due again at `againAtMs` unless something else is said. */
  abstract takeUnaskable(channel: AskedChannel, nowMs: number, againAtMs: number, limit: number): Promise<readonly AttemptRecord[]>;
  /** Takes the account's turn to ask, given that there is one every `everyMs`. Resolves to its number, or to `undefined` while it is too early. */
  abstract claimTurn(account: string, nowMs: number, everyMs: number): Promise<number | undefined>;
  /** Takes the attempt that is to be asked about next of a kind: of live ones the longest due; of repairs those that were never asked about, then the others, each the one first of which the vendor soon tells nothing any more. It is due again at `againAtMs`. */
  abstract takeNext(kind: AskedKind, channels: readonly AskedChannel[], nowMs: number, againAtMs: number): Promise<AttemptRecord | undefined>;
  /** Remembers how a look at a live attempt went. `answered`: the vendor told something, so that an earlier "not found" counts no more. */
  abstract looked(attemptId: string, look: Look): Promise<void>;
  /** The vendor was asked about one whose record lacks something; it is asked again by a later comparison, if it still does. */
  abstract repairAsked(attemptId: string, nowMs: number): Promise<void>;

  /** Channels with calls that were over by then and whose records lack something that a vendor may still tell. */
  abstract channelsIncomplete(overByMs: number): Promise<readonly string[]>;
  /**
   * Has the vendor asked about each call of these channels that was over by then, lacks something and can still be asked about: at once, then
   * after an hour, two, four … And sorts out what it tells nothing of any more. Once in `everyMs` for an account; otherwise `undefined`.
   */
  abstract reconcile(account: string, channels: readonly AskedChannel[], terms: ReconciliationTerms): Promise<Reconciliation | undefined>;

  /** What waits for a question, by channel and kind. */
  abstract waiting(nowMs: number): Promise<readonly Waiting[]>;
}

export interface ReconciliationTerms {
  readonly nowMs: number;
  readonly everyMs: number;
  readonly overByMs: number;
}
