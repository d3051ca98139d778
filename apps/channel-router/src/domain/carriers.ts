import type { ChannelHealth, PlaceCall } from '@cc/contracts';
import type { Attempt, AskResult, DialResult, HangUpResult } from './attempt';
import type { HealthThresholds } from './health';
import type { AttemptRecord } from './attempt-record';
import type { ChannelFacts, ChosenLine } from './route';

/** What of a channel's configuration guides the router beyond the choice. */
export interface CarrierFacts extends ChannelFacts {
  readonly health: HealthThresholds & { readonly probeSeconds: number };
  readonly canQuery: boolean;
  readonly findsByAttempt: boolean;
  readonly canProbe: boolean;
  /** Equal for the channels of one account at the vendor, to which its rate of queries belongs; it tells nothing of the account. */
  readonly account: string;
  readonly queriesPerMinute: number;
  /** When the end of a call counts as missed, and how far back the vendor answers. */
  readonly repair: { readonly ringingSeconds?: number | undefined; readonly talkingSeconds?: number | undefined; readonly windowSeconds: number };
  /** What a query tells of an ended call, beside its end. */
  readonly queryTells: ReadonlySet<'duration' | 'recording'>;
  readonly longestCallSeconds: number;
  /** What everyone may know of it, beside its health. */
  readonly described: Pick<ChannelHealth, 'channel' | 'vendor' | 'protocol' | 'enabled' | 'capabilities' | 'weight' | 'tenants' | 'line'>;
}

/** A call's numbers in E.164, in clear: they exist in the router's memory only. */
export interface ClearNumbers {
  readonly caller: string;
  readonly called: string;
}

export interface DialTerms {
  /** Epoch ms: later the request must not leave. */
  readonly leaveBy: number;
  /** The seat's sealed session. */
  readonly session: string | undefined;
}

/** The vendors' channels as the router uses them, and the only place where numbers are in clear. */
export abstract class Carriers {
  /** Every configured channel, as the file says now. */
  abstract all(): readonly CarrierFacts[];
  /** Also a channel that was configured a while ago and still has calls. */
  abstract find(channel: string): CarrierFacts | undefined;
  /** `undefined` when the numbers were sealed with another key. */
  abstract numbersOf(command: Pick<PlaceCall, 'callId' | 'caller' | 'called'>): ClearNumbers | undefined;
  /** The line as the database may know it. A telephone is one line for everybody; an agent or a seat means something within its channel only. */
  abstract lineRefOf(tenant: string, channel: string, line: ChosenLine): string;
  /** Equal for equal telephones of leg A, and of no use to whoever reads it. */
  abstract callerRefOf(caller: string): string;

  /** Sends the one dial of an attempt. Never rejects. */
  abstract dial(attempt: Attempt, command: PlaceCall, terms: DialTerms): Promise<DialResult>;
  /** Asks the vendor to end a call, with the seat's sealed session where it has one. Never rejects. */
  abstract hangUp(attempt: AttemptRecord, session: string | undefined): Promise<HangUpResult>;
  /** Asks the vendor about a call; what it tells is appended to the notifications before this resolves. Never rejects. */
  abstract ask(attempt: AttemptRecord): Promise<AskResult>;
  /** Asks the vendor whether it is there. Never rejects. */
  abstract probe(channel: string): Promise<{ readonly well: boolean; readonly reason?: string }>;
}
