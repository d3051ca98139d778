import type { CallEventType, Capabilities, CloseType, EndedBy, NotificationKind } from '@cc/contracts';
import type { HttpExchange } from '@cc/http';
import type { Clock } from '@cc/kernel';
import type { z } from 'zod';

/** What a channel must do for one attempt. Numbers are E.164 in clear; they exist only in the router's memory. */
export interface DialRequest {
  /** Ours, `[A-Za-z0-9-]`, at most 64 characters; travels in the vendor's echo field where it has one. */
  readonly attemptId: string;
  readonly caller: string;
  readonly called: string;
  readonly agent?: string;
  readonly displayToCaller?: string;
  readonly displayToCalled?: string;
  readonly record: boolean;
  readonly maxDurationSeconds?: number;
}

/** What is certain after a dial: see architecture, section 6. `unknown` alone is never followed by another attempt. */
export type DialOutcome =
  | { readonly kind: 'accepted'; readonly vendorCallId: string; readonly note?: string }
  /** The vendor cannot place this call, whoever asks; nothing was sent. */
  | { readonly kind: 'unfit'; readonly reason: string }
  | { readonly kind: 'not-sent'; readonly reason: string }
  | { readonly kind: 'rejected'; readonly vendorCode: string; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

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
  readonly occurredAt: number;
  /** `derived`: concluded from a message that reports something else. */
  readonly derived?: true;
  readonly channelState?: string;
} & (
  | { readonly type: 'cc.call.a-ringing.v1' | 'cc.call.a-answered.v1' | 'cc.call.b-ringing.v1' | 'cc.call.connected.v1' }
  | {
      readonly type: 'cc.call.ended.v1';
      readonly closeType: CloseType;
      readonly endedBy?: EndedBy;
      readonly vendorCode?: string;
      readonly reason?: string;
      readonly durationSeconds?: number;
    }
  | { readonly type: 'cc.call.recording-available.v1'; readonly vendorCallId: string; readonly vendorUrl?: string }
);

/** What a transform needs to know of the attempt. */
export interface NotificationContext {
  readonly recordRequested: boolean;
}

/**
 * `facts`: understood; `unknownCodes` lists vendor codes that the adapter does not know (they became 255), to be counted.
 * `unintelligible`: kept and reported, never dropped.
 */
export type Normalised =
  | { readonly kind: 'facts'; readonly facts: readonly CallFact[]; readonly unknownCodes: readonly string[] }
  | { readonly kind: 'unintelligible'; readonly reason: string };

/** Which call a message is about, as far as the message itself tells. */
export interface NotificationSubject {
  readonly vendorCallId?: string;
  readonly attemptId?: string;
}

export interface HttpReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export type Verdict = { readonly kind: 'trusted' } | { readonly kind: 'unverifiable' } | { readonly kind: 'forged'; readonly reason: string };

/** The vendor calls us. */
export interface CallbackFollowUp {
  readonly kind: 'callbacks';
  verify(raw: RawNotification): Verdict;
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

/** We ask the vendor. */
export interface PollFollowUp {
  readonly kind: 'polling';
  /** The pause between two looks at one call. */
  readonly intervalMs: number;
  poll(vendorCallId: string): Promise<PollAnswer>;
}

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
  /** The thing that can carry one live call only, e.g. the agent's phone; equal strings are one line. */
  lineOf(request: DialRequest): string;
  dial(request: DialRequest): Promise<DialOutcome>;
  readonly followUp: CallbackFollowUp | PollFollowUp;
  /** Which call a message is about; never throws, never trusts. */
  subjectOf(raw: RawNotification): NotificationSubject;
  normalise(raw: RawNotification, context: NotificationContext): Normalised;
  readonly cancel?: (call: { readonly vendorCallId: string }) => Promise<CancelOutcome>;
  /** Asks the vendor what became of a call; `undefined` when it gave no usable answer. */
  readonly query?: (call: { readonly vendorCallId: string }) => Promise<RawNotification | undefined>;
  readonly recording?: RecordingAccess;
}

/** What an adapter is given: it makes no connection and reads no clock of its own. */
export interface VendorPorts {
  readonly http: HttpExchange;
  readonly clock: Clock;
}

/** One vendor's protocol: the only thing that a vendor's folder exports. */
export interface Vendor<Schema extends z.ZodType = z.ZodType> {
  /** The record's column `channel`: e9, hw, jy. */
  readonly code: string;
  /** The vendor's name of its product, where it has several: unique within the vendor. */
  readonly protocol: string;
  readonly capabilities: Capabilities;
  /** The channel file's `settings` of this vendor: endpoint, credentials, time zone, limits; every uncertain fact is here, with its default. */
  readonly settings: Schema;
  open(settings: z.output<Schema>, ports: VendorPorts): VendorChannel;
}
