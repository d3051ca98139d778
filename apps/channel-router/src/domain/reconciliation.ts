import type { Clock } from '@cc/kernel';
import { byAccount } from './accounts';
import type { Carriers } from './carriers';
import { askedKinds, type Waiting } from './enquiries';
import type { Ledger } from './ledger';
import type { RouterWatch, WaitingQuestions } from './router-watch';

export interface ReconciliationLimits {
  /** An account's calls are compared with what its vendor says that often. */
  readonly reconcileSeconds: number;
}

/** What a vendor or the log is about to tell of a call that is just over is left this part of the time between two comparisons. */
const SETTLING_PART = 1 / 6;

/** Compares calls that are over and whose records lack something with what their vendors say: puts them in the queue of questions, and sorts out those of which nobody can tell any more. */
export class Reconciliations {
  constructor(
    private readonly ledger: Ledger,
    private readonly carriers: Carriers,
    private readonly clock: Clock,
    private readonly limits: ReconciliationLimits,
    private readonly watch: RouterWatch,
  ) {}

  /** Begins what is due, of each account by one router. */
  async begin(): Promise<void> {
    const nowMs = this.clock.nowMs();
    const everyMs = this.limits.reconcileSeconds * 1000;
    const overByMs = nowMs - everyMs * SETTLING_PART;
    for (const due of byAccount(await this.ledger.enquiries.channelsIncomplete(overByMs), this.carriers)) {
      const channels = due.channels.filter(({ finds }) => finds !== 'none');
      if (channels.length === 0) continue;
      const begun = await this.ledger.enquiries.reconcile(due.account, channels, { nowMs, everyMs, overByMs });
      if (begun !== undefined) this.watch.reconciled({ name: due.name, channels }, begun);
    }
  }

  /** Tells what waits for a question. */
  async tell(): Promise<void> {
    const nowMs = this.clock.nowMs();
    const waiting = await this.ledger.enquiries.waiting(nowMs);
    const accounts = byAccount([...new Set(waiting.map(({ channel }) => channel))], this.carriers);
    this.watch.waiting(accounts.flatMap(({ name, channels }) => {
      const own = waiting.filter(({ channel }) => channels.some((asked) => asked.channel === channel));
      return askedKinds.flatMap((kind) => summed(name, own.filter((one) => one.kind === kind), nowMs));
    }));
  }
}

function summed(account: string, [first, ...others]: readonly Waiting[], nowMs: number): readonly WaitingQuestions[] {
  if (first === undefined) return [];
  const count = others.reduce((sum, one) => sum + one.count, first.count);
  const oldestSentAt = Math.min(first.oldestSentAt, ...others.map((one) => one.oldestSentAt));
  return [{ account, kind: first.kind, count, oldestSeconds: (nowMs - oldestSentAt) / 1000 }];
}
