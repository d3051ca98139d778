import type { ChannelHealth, PlaceCall } from '@cc/contracts';
import type { Attempt, AskResult, DialResult, HangUpResult } from './attempt';
import type { HealthThresholds } from './health';
import type { LiveAttempt } from './ledger';
import type { ChannelFacts, ChosenLine } from './route';

/** What of a channel's configuration guides the router beyond the choice. */
export interface CarrierFacts extends ChannelFacts {
  readonly health: HealthThresholds & { readonly probeSeconds: number };
  readonly canQuery: boolean;
  readonly findsByAttempt: boolean;
  readonly canProbe: boolean;
  readonly queriesPerMinute: number;
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
  abstract numbersOf(command: PlaceCall): ClearNumbers | undefined;
  /** The line as the database may know it. A telephone is one line for everybody; an agent or a seat means something within its channel only. */
  abstract lineRefOf(tenant: string, channel: string, line: ChosenLine): string;
  abstract callerRefOf(caller: string): string;

  /** Sends the one dial of an attempt. Never rejects. */
  abstract dial(attempt: Attempt, command: PlaceCall, terms: DialTerms): Promise<DialResult>;
  abstract hangUp(attempt: LiveAttempt, session: string | undefined): Promise<HangUpResult>;
  /** Asks the vendor about a call; what it tells is appended to the notifications before this resolves. */
  abstract ask(attempt: LiveAttempt): Promise<AskResult>;
  abstract probe(channel: string): Promise<{ readonly well: boolean; readonly reason?: string }>;
}

/** Who is told about what needs a person or a figure. */
export abstract class RouterWatch {
  abstract dialled(attempt: Attempt, result: DialResult): void;
  abstract outcomeLost(attempt: Attempt): void;
  abstract hungUp(attempt: LiveAttempt, result: HangUpResult): void;
  abstract lateRing(attempt: LiveAttempt): void;
  abstract reaped(attempt: LiveAttempt, lineKept: boolean): void;
  abstract resolved(attempt: LiveAttempt, by: 'query' | 'operator'): void;
  abstract changed(health: ChannelHealth): void;
  /** How every channel stands, also where another router has judged. */
  abstract standing(channels: readonly Pick<ChannelHealth, 'channel' | 'state'>[]): void;
  abstract inDoubt(byChannel: ReadonlyMap<string, number>): void;
  abstract probeFailed(channel: string, reason: string): void;
}

