import type { CallEventType, Capabilities, CloseType, EndedBy, NotificationKind } from '@cc/contracts';
import type { HttpExchange } from '@cc/http';
import type { Clock } from '@cc/kernel';
import type { z } from 'zod';

/** What a channel must do for one attempt. Numbers are E.164 in clear; they exist only in the router's memory. */
export interface DialRequest {
  /** Ours, `[A-Za-z0-9-]`, at most 64 characters; travels in the vendor's echo field where it has one. */
  readonly attemptId: string;
  /** Epoch ms: what has not left by then must not leave any more, since the attempt counts as in doubt soon after. */
  readonly leaveBy?: number;
  readonly caller: string;
  readonly called: string;
  readonly agent?: string;
  readonly displayToCaller?: string;
  readonly displayToCalled?: string;
  readonly record: boolean;
  readonly maxDurationSeconds?: number;
  /** The seat that calls, of a vendor whose agents sign in. */
  readonly seat?: string;
  /** The seat's session, as {@link SeatFollowUp.signIn} or the last poll gave it. */
  readonly session?: string;
}

/** What is certain after a dial: see architecture, section 6. `unknown` alone is never followed by another attempt. */
export type DialOutcome =
  | { readonly kind: 'accepted'; readonly vendorCallId: string }
  /** The vendor cannot place this call, whoever asks; nothing was sent. */
  | { readonly kind: 'unfit'; readonly reason: string }
  | { readonly kind: 'not-sent'; readonly reason: string }
  /** Nothing was placed, and it says nothing of the channel or the call: the router tries the same channel again, a second apart and a few times at most. */
  | { readonly kind: 'withheld'; readonly reason: string }
  /** `blame`: whether another call would have been refused as well (account, quota, signature) or only this one (its numbers, its data). */
  | { readonly kind: 'rejected'; readonly vendorCode: string; readonly reason: string; readonly blame: Blame }
  | { readonly kind: 'unknown'; readonly reason: string };

export type Blame = 'call' | 'channel';

/** A vendor's code that proves that nothing was placed, as a line of its table. */
export type NotPlacedCodes = Readonly<Record<string, Blame>>;

export type CancelOutcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly vendorCode: string; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** A vendor's message exactly as it came, whichever way. This is what is stored, sealed and replayed. */
export interface RawNotification {
  readonly kind: NotificationKind;
  /** For a callback its HTTP headers (lower-case names); empty otherwise. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Our clock, epoch ms. */
  readonly receivedAt: number;
  /** Which request a poll or query answered, e.g. `queryCallState`; absent for callbacks. */
  readonly request?: string;
}

/** What a message says of one call: a call event without the ids that only CC knows. */
export type CallFact = {
  readonly type: CallEventType;
  /** Epoch ms by the vendor's clock; absent where the message tells no time: CC's own then stands for it. */
  readonly occurredAt?: number;
  /** `derived`: concluded from a message that reports something else. */
  readonly derived?: true;
  readonly channelState?: string;
} & (
  | { readonly type: 'cc.call.a-ringing.v1' | 'cc.call.a-answered.v1' | 'cc.call.b-ringing.v1' | 'cc.call.connected.v1' }
  | {
      readonly type: 'cc.call.ended.v1';
      readonly closeType: CloseType;
      /** The message does not say which leg failed; `closeType` is then that of A. */
      readonly eitherLeg?: true;
      readonly endedBy?: EndedBy;
      readonly vendorCode?: string;
      readonly reason?: string;
      readonly durationSeconds?: number;
    }
  | { readonly type: 'cc.call.recording-available.v1'; readonly vendorCallId: string; readonly vendorUrl?: string }
);

/** How far an attempt has come by the messages that were read before, in the order in which the vendor told them. */
export type CallProgress = 'none' | 'a-ringing' | 'a-answered' | 'b-ringing' | 'connected' | 'ended';

/** What a transform needs to know of the attempt. */
export interface NotificationContext {
  readonly recordRequested: boolean;
  /** Known where the channel `readsProgress`. Absent: `none`. */
  readonly progress?: CallProgress;
}

/**
 * `facts`: understood; `unknownCodes` lists what the adapter does not know, to be counted: the field (a word of the adapter's), a space and the
 * vendor's code. An unknown cause became 255, an unknown event or side no fact.
 * `unintelligible`: kept and reported, never dropped.
 */
export type Normalised =
  | { readonly kind: 'facts'; readonly facts: readonly CallFact[]; readonly unknownCodes: readonly string[] }
  | { readonly kind: 'unintelligible'; readonly reason: string };

/** Which call a message is about, as far as the message itself tells. */
export interface NotificationSubject {
  readonly vendorCallId?: string;
  readonly attemptId?: string;
  /** It is about no call of ours (a seat's own state, an incoming call): whoever polls a seat counts it and passes it on to nobody. */
  readonly none?: true;
}

export interface HttpReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export type Verdict = { readonly kind: 'trusted' } | { readonly kind: 'unverifiable' } | { readonly kind: 'forged'; readonly reason: string };

/** The vendor calls us. */
export interface CallbackFollowUp {
  /** What the message proves by itself. Asked after the vendor had its answer, of the message as it was stored. */
  verify(raw: RawNotification): Verdict;
  /**
   * The messages that one request carries, each of one call, where the vendor packs several into one; absent: the request is the
   * message. Never throws, always the same for the same request; the first message keeps the request's id.
   */
  readonly split?: (raw: RawNotification) => readonly RawNotification[];
  /** What the vendor wants to hear once the message is on disk. */
  readonly acknowledgement: HttpReply;
}

/** One look at a live call. */
export interface PollAnswer {
  /** In the order in which they were asked; empty when the vendor could not be asked. */
  readonly notifications: readonly RawNotification[];
  /** `ended`: no further poll will tell more. `failed`: the vendor gave no usable answer; ask again. */
  readonly state: 'live' | 'ended' | 'failed';
  readonly reason?: string;
}

/** We ask the vendor for each live call. */
export interface PollFollowUp {
  /** The pause between two looks at one call. */
  readonly intervalMs: number;
  poll(vendorCallId: string): Promise<PollAnswer>;
}

export type SignIn =
  | { readonly kind: 'signed-in'; readonly session: string }
  /** The vendor says no, and will say so again: the seat's credentials, or its state. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** One long poll of a seat. The session may change with every answer. */
export type SeatPoll =
  | { readonly kind: 'told'; readonly notifications: readonly RawNotification[]; readonly session: string }
  | { readonly kind: 'nothing'; readonly session: string }
  /** The session is over: sign in again. */
  | { readonly kind: 'signed-out'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** Agents sign in, and we ask the vendor what each seat does. A seat is polled by one process at a time. */
export interface SeatFollowUp {
  /** The names of the seats, as {@link DialRequest.seat} has them. */
  readonly seats: readonly string[];
  /** The pause between two polls of one seat. */
  readonly pauseMs: number;
  /** A seat that was not polled for this long is signed out by the vendor. */
  readonly signedOutAfterMs: number;
  /** Takes the seat over from whoever is signed in. */
  signIn(seat: string): Promise<SignIn>;
  poll(seat: string, session: string): Promise<SeatPoll>;
}

/** Whether the vendor answers at all; it rings nobody and costs nothing. */
export type ProbeOutcome = { readonly kind: 'well' } | { readonly kind: 'failed'; readonly reason: string };

/** What is known of a call that the vendor is asked about. */
export interface QueriedCall {
  readonly attemptId: string;
  /** Absent where the dial's answer was lost. */
  readonly vendorCallId?: string;
  /** When the dial left, epoch ms. */
  readonly sentAt: number;
  /** E.164; absent once the call is closed. */
  readonly caller?: string;
  /** Epoch ms: when the vendor itself had told that the call is over, so that what is missing of it is its record. Absent: it may be running. */
  readonly overBy?: number;
}

/** What an answer to a query tells of an ended call, beside the end itself. */
export type QueryDetail = 'duration' | 'recording';

export type QueryAnswer =
  /** `nothing`: the answer is the vendor's, and has nothing of the call. */
  | { readonly kind: 'told'; readonly notification: RawNotification; readonly nothing?: true }
  /** The vendor knows of no such call, and would if it had been placed: running ones included. */
  | { readonly kind: 'not-found' }
  | { readonly kind: 'no-answer'; readonly reason: string };

/** Where a recording can be fetched just now, with everything that the vendor wants to see. The URL may be a secret. */
export type RecordingLocation =
  | { readonly kind: 'found'; readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly publicUrl: string }
  | { readonly kind: 'not-yet'; readonly reason: string }
  | { readonly kind: 'never'; readonly reason: string };

export interface RecordingAccess {
  /** How long after the call's end the first try makes sense. */
  readonly firstTryAfterMs: number;
  /** After this long without success it is given up. */
  readonly giveUpAfterMs: number;
  /** @param vendorUrl what `recording-available` carried. `publicUrl` is the address without secrets. */
  locate(call: { readonly vendorCallId: string; readonly vendorUrl?: string }): Promise<RecordingLocation>;
}

/** One configured account at a vendor: stateless but for credentials and cached tokens. */
export interface VendorChannel {
  dial(request: DialRequest): Promise<DialOutcome>;
  /** At least one of the three; which is the ordinary one, the capability `followUp` says. */
  readonly callbacks?: CallbackFollowUp;
  readonly polling?: PollFollowUp;
  readonly seats?: SeatFollowUp;
  /** Which call a message is about; never throws, never trusts. */
  subjectOf(raw: RawNotification): NotificationSubject;
  normalise(raw: RawNotification, context: NotificationContext): Normalised;
  /** What a message means depends on how far those before it say that the call has come. */
  readonly readsProgress?: true;
  /** Ends a call, whatever it is doing. @param seat its seat with the seat's session, for vendors that have them. */
  readonly cancel?: (call: { readonly vendorCallId: string; readonly seat?: string; readonly session?: string }) => Promise<CancelOutcome>;
  /** Asks the vendor what became of a call. */
  readonly query?: (call: QueriedCall) => Promise<QueryAnswer>;
  /** The query also finds a call of which only our attempt id is known. */
  readonly findsByAttempt?: true;
  /** What a record lacks that has an end without it, and that the query would tell. Absent: its answers tell the end alone for certain. */
  readonly queryTells?: readonly QueryDetail[];
  readonly probe?: () => Promise<ProbeOutcome>;
  readonly recording?: RecordingAccess;
}

/** What an adapter is given: it makes no connection and reads no clock of its own. */
export interface VendorPorts {
  readonly http: HttpExchange;
  readonly clock: Clock;
}

/** Whether a channel of this vendor has a path for callbacks, and therefore secrets. */
export type CallbackUse = 'always' | 'optional' | 'never';

/** One vendor's protocol: the only thing that a vendor's folder exports. */
export interface Vendor<Schema extends z.ZodType = z.ZodType, Seat extends z.ZodType = z.ZodType> {
  /** The record's column `channel`: e9, hw, jy. */
  readonly code: string;
  /** The vendor's name of its product, where it has several: unique within the vendor. */
  readonly protocol: string;
  readonly capabilities: Capabilities;
  /** The channel file's `settings` of this vendor: endpoint, credentials, time zone, limits; every uncertain fact is here, with its default. */
  readonly settings: Schema;
  readonly callbacks: CallbackUse;
  /** What carries one call only. */
  readonly line: 'caller' | 'agent' | 'seat';
  /** How often the vendor may be asked about calls, per account; 60 unless told. */
  readonly queriesPerMinute?: number;
  /** How far back the vendor answers questions about calls, seconds from the dial; 172800 unless told, which is CC's choice where a vendor names no limit. */
  readonly queryWindowSeconds?: number;
  /** By what the vendor knows the account: channels for which it is equal share the vendor's limits per account. It may hold secrets, and only a digest of it is kept. */
  readonly account: (settings: z.output<Schema>) => readonly string[];
  /** One entry of the channel file's `lines`, beside its `id`, of a vendor whose agents sign in. */
  readonly seat?: Seat;
  /** By what the vendor knows a seat: no two lines of the channel file may be one. */
  readonly seatIdentity?: (settings: z.output<Schema>, seat: z.output<Seat>) => string;
  /** Faults between parts of a channel's entry that are right by themselves. */
  readonly faults?: (settings: z.output<Schema>, entry: VendorEntry) => readonly SettingFault[];
  /** @param channel its seats, and whether callbacks can reach us: their path has secrets. */
  open(settings: z.output<Schema>, ports: VendorPorts, channel: ChannelSetUp<z.output<Seat>>): VendorChannel;
}

export interface ChannelSetUp<Seat> {
  /** By name. */
  readonly seats: ReadonlyMap<string, Seat>;
  readonly callsBack: boolean;
}

/** What else a channel's entry says, beside the vendor's settings. */
export interface VendorEntry {
  readonly callsBack: boolean;
  /** Capabilities that this account has not. */
  readonly without: readonly string[];
}

export interface SettingFault {
  /** Begins with a field of the channel's entry: `settings`, `lines`, `without` or `callbackSecrets`. */
  readonly path: readonly PropertyKey[];
  readonly message: string;
}
