import type { Clock } from '@cc/kernel';
import { outcomeClassOf, settledEvent, stateAfter, TOO_LATE, type Attempt, type DialResult } from './attempt';
import type { Carriers } from './carriers';
import type { RouterWatch } from './router-watch';
import type { AttemptRecord } from './attempt-record';
import type { Ledger, LedgerUnit, Settlement } from './ledger';
import type { PlannedDial } from './planner';
import { hear } from './vendor-news';

export interface DiallingLimits {
  readonly setupSeconds: number;
  /** An accepted call is asked about that often. */
  readonly querySeconds: number;
  /** A SENDING attempt without an outcome for so long is in doubt; no dial leaves that late. */
  readonly sendingSeconds: number;
}

/** The channel may be tried again: what kept the dial back is given time to pass. */
const WITHHELD_PAUSE_MS = 1000;

/** Sends dials whose attempts are committed, and commits what came of them. */
export class Dialling {
  constructor(
    private readonly ledger: Ledger,
    private readonly carriers: Carriers,
    private readonly clock: Clock,
    private readonly limits: DiallingLimits,
    private readonly watch: RouterWatch,
  ) {}

  /** The only place from which a dial leaves. Rejects only when the outcome could not be stored; the attempt then stays SENDING, and is in doubt once overdue. */
  async dial({ attempt, command, session }: PlannedDial): Promise<void> {
    const result = this.overdue(attempt.sentAt, command.notAfter) ?? (await this.carriers.dial(attempt, command, { leaveBy: attempt.sentAt + this.leavesWithinMs, session }));
    this.watch.dialled(attempt, result);
    const late = await this.ledger.transaction((unit) => this.settle(unit, attempt, result));
    for (const one of late) this.watch.lateRing(one);
  }

  /** Dials whose router died in the middle: nobody will tell their outcome any more. Resolves to whether there may be more. */
  async giveUpLost(limit: number): Promise<boolean> {
    const lost = await this.ledger.transaction(async (unit) => {
      const overdue = await unit.attempts.overdueSending(this.clock.nowMs() - this.limits.sendingSeconds * 1000, limit);
      // A router that died says nothing of the channel.
      for (const attempt of overdue) await this.settle(unit, attempt, { kind: 'unknown', reason: 'the outcome of the dial was lost' }, 'neutral');
      return overdue;
    });
    for (const attempt of lost) this.watch.outcomeLost(attempt);
    return lost.length === limit;
  }

  /** Whoever paused since the commit must not ring late: by now the attempt may count as in doubt. */
  private overdue(sentAt: number, notAfter: number): DialResult | undefined {
    const nowMs = this.clock.nowMs();
    if (nowMs > notAfter) return { kind: 'withheld', reason: TOO_LATE };
    if (Math.abs(nowMs - sentAt) > this.leavesWithinMs) return { kind: 'withheld', reason: 'the router paused before the dial left' };
    return undefined;
  }

  /** Half of the time after which it counts as in doubt, so that the vendor's answer has the other half. */
  private get leavesWithinMs(): number {
    return (this.limits.sendingSeconds * 1000) / 2;
  }

  /** Resolves to attempts that rang although they counted as not placed. */
  private async settle(unit: LedgerUnit, attempt: Attempt, result: DialResult, outcome = outcomeClassOf(result)): Promise<readonly AttemptRecord[]> {
    const nowMs = this.clock.nowMs();
    const became = await unit.attempts.settle(attempt.attemptId, { ...this.settlement(attempt.channel, result, nowMs), outcome });
    if (became === 'late') return result.kind === 'accepted' ? await hear(unit, [{ attemptId: attempt.attemptId, vendorCallId: result.vendorCallId, says: 'placed' }], nowMs) : [];
    // A callback may have been faster; then only what names the vendor's call is still news.
    if (became === 'moved' || result.kind === 'accepted') await unit.journal.append([settledEvent(attempt, result, nowMs)]);
    if (became === 'moved' && stateAfter(result) === 'refused') {
      await unit.queue.requeue([attempt.callId], nowMs + (result.kind === 'withheld' ? WITHHELD_PAUSE_MS : 0));
      await unit.journal.wake();
    }
    return [];
  }

  private settlement(channel: string, result: DialResult, nowMs: number): Omit<Settlement, 'outcome'> {
    const { setupSeconds, querySeconds } = this.limits;
    // What is not heard of within the channel's limit is asked about.
    const facts = this.carriers.find(channel);
    const firstLookSeconds = Math.min(facts?.repair.ringingSeconds ?? querySeconds, facts?.health.silenceSeconds ?? querySeconds);
    const accepted = result.kind === 'accepted';
    return {
      state: stateAfter(result), kind: result.kind, at: nowMs,
      ...(accepted ? { vendorCallId: result.vendorCallId } : { reason: result.reason }),
      ...(result.kind === 'rejected' ? { vendorCode: result.vendorCode } : {}),
      lookAt: nowMs + (accepted ? firstLookSeconds : setupSeconds) * 1000,
    };
  }
}
