import type { ChannelHealth } from '@cc/contracts';
import type { AskResult, Attempt, DialResult, HangUpResult } from './attempt';
import type { AttemptRecord } from './attempt-record';
import type { DueAccount } from './accounts';
import type { AskedKind, Reconciliation } from './enquiries';

/** Questions of an account that wait for their turn. */
export interface WaitingQuestions {
  readonly account: string;
  readonly kind: AskedKind;
  readonly count: number;
  readonly oldestSeconds: number;
}

/** Who is told about what needs a person or a figure. What is done again after a crash may be told again. */
export abstract class RouterWatch {
  abstract dialled(attempt: Attempt, result: DialResult): void;
  /** A dial's outcome never came: most often its router died. */
  abstract outcomeLost(attempt: Attempt): void;
  abstract hungUp(attempt: AttemptRecord, result: HangUpResult): void;
  /** An incident: a phone rang although its attempt counted as not placed. */
  abstract lateRing(attempt: AttemptRecord): void;
  /** A call was closed without a known end. */
  abstract reaped(attempt: AttemptRecord, lineKept: boolean): void;
  /** An attempt in doubt was settled by the vendor's answers or an operator. */
  abstract resolved(attempt: AttemptRecord, by: 'query' | 'operator'): void;
  /** A simulation's numbers were sealed with a key that this router does not have. */
  abstract unreadable(simulationId: string): void;
  /** A channel is in another state than before. */
  abstract changed(health: ChannelHealth): void;
  /** How every channel stands, also where another router has judged. */
  abstract standing(channels: readonly Pick<ChannelHealth, 'channel' | 'state'>[]): void;
  /** How many attempts are in doubt; channels without one are not named. */
  abstract inDoubt(byChannel: ReadonlyMap<string, number>): void;
  /** A vendor was asked about a call. */
  abstract asked(attempt: AttemptRecord, kind: AskedKind, answer: AskResult): void;
  /** The hourly comparison of an account's calls with its vendor's answers began. */
  abstract reconciled(account: Pick<DueAccount, 'name' | 'channels'>, reconciliation: Reconciliation): void;
  /** What waits for a question, of every account that has some; `oldestSeconds` since the dial of the oldest. */
  abstract waiting(accounts: readonly WaitingQuestions[]): void;
  abstract probeFailed(channel: string, reason: string): void;
}
