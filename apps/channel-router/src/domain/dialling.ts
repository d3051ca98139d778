import type { Clock } from '@cc/kernel';
import { lateRingEvent, outcomeClassOf, settledEvent, stateAfter, type Attempt, type DialResult } from './attempt';
import type { Carriers, RouterWatch } from './carriers';
import type { Ledger, LedgerUnit, LiveAttempt, Settlement } from './ledger';
import type { PlannedDial } from './planner';

export interface DiallingLimits {
  readonly setupSeconds: number;
  /** An accepted call is asked about that often. */
  readonly querySeconds: number;
  /** A SENDING attempt without an outcome for so long is in doubt; no dial leaves that late. */
  readonly sendingSeconds: number;
}

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
    const result = this.overdue(attempt.sentAt, command.notAfter) ?? (await this.carriers.dial(attempt, command, { leaveBy: this.leaveBy(attempt.sentAt), session }));
    this.watch.dialled(attempt, result);
    await this.ledger.transaction((unit) => this.settle(unit, attempt, result));
  }

  /** Dials whose router died in the middle: nobody will tell their outcome any more. Resolves to whether there may be more. */
  async giveUpLost(limit: number): Promise<boolean> {
    return await this.ledger.transaction(async (unit) => {
      const lost = await unit.attempts.overdueSending(this.clock.nowMs() - this.limits.sendingSeconds * 1000, limit);
      for (const attempt of lost) {
        // A router that died says nothing of the channel.
        await this.settle(unit, attempt, { kind: 'unknown', reason: 'the outcome of the dial was lost' }, 'neutral');
        this.watch.outcomeLost(attempt);
      }
      return lost.length === limit;
    });
  }

  /** Whoever paused since the commit must not ring late: by now the attempt may count as in doubt. */
  private overdue(sentAt: number, notAfter: number): DialResult | undefined {
    const nowMs = this.clock.nowMs();
    if (nowMs > notAfter) return { kind: 'withheld', reason: 'too late: it was not dialled before its notAfter' };
    if (nowMs > this.leaveBy(sentAt) || nowMs < sentAt - this.limits.sendingSeconds * 500) return { kind: 'withheld', reason: 'the router paused before the dial left' };
    return undefined;
  }

  /** Half of the time after which it counts as in doubt, so that the vendor's answer has the other half. */
  private leaveBy(sentAt: number): number {
    return sentAt + this.limits.sendingSeconds * 500;
  }

  private async settle(unit: LedgerUnit, attempt: Attempt, result: DialResult, outcome = outcomeClassOf(result)): Promise<void> {
    const nowMs = this.clock.nowMs();
    const became = await unit.attempts.settle(attempt.attemptId, { ...this.settlement(attempt.channel, result, nowMs), outcome });
    if (became === 'late') {
      if (result.kind === 'accepted') await reportLateRings(unit, this.watch, await unit.attempts.hear([{ attemptId: attempt.attemptId, vendorCallId: result.vendorCallId, says: 'placed' }], nowMs, nowMs), nowMs);
      return;
    }
    // A callback may have been faster; then only what names the vendor's call is still news.
    if (became === 'moved' || result.kind === 'accepted') await unit.journal.append([settledEvent(attempt, result, nowMs)]);
    if (became === 'moved' && stateAfter(result) === 'refused') {
      await unit.queue.requeue([attempt.callId], nowMs);
      await unit.journal.wake();
    }
  }

  private settlement(channel: string, result: DialResult, nowMs: number): Omit<Settlement, 'outcome'> {
    const { setupSeconds, querySeconds } = this.limits;
    // What is not heard of within the channel's limit is asked about.
    const firstLookSeconds = Math.min(querySeconds, this.carriers.find(channel)?.health.silenceSeconds ?? querySeconds);
    const accepted = result.kind === 'accepted';
    return {
      state: stateAfter(result), kind: result.kind, at: nowMs,
      ...(accepted ? { vendorCallId: result.vendorCallId } : { reason: result.reason }),
      ...(result.kind === 'rejected' ? { vendorCode: result.vendorCode } : {}),
      lookAt: nowMs + (accepted ? firstLookSeconds : setupSeconds) * 1000,
    };
  }
}

/** Phones that rang although their attempts counted as not placed: each is an incident. */
export async function reportLateRings(unit: LedgerUnit, watch: RouterWatch, late: readonly LiveAttempt[], nowMs: number): Promise<void> {
  for (const attempt of late) watch.lateRing(attempt);
  await unit.journal.append(late.map((attempt) => lateRingEvent(attempt, attempt.state, nowMs)));
}
