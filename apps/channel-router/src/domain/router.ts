import type { CallCommand, CallEvent, PlaceCall, ResolveAttempt, SimulateRoute } from '@cc/contracts';
import { backoffMs, type Clock } from '@cc/kernel';
import { hangUpAnsweredEvent } from './attempt';
import type { Carriers } from './carriers';
import type { RouterWatch } from './router-watch';
import { Dialling, type DiallingLimits } from './dialling';
import { FollowUp, type FollowUpLimits } from './follow-up';
import { HealthWatch } from './health-watch';
import type { AttemptRecord } from './attempt-record';
import type { Ledger, LedgerUnit } from './ledger';
import { Planner } from './planner';
import { Reconciliations, type ReconciliationLimits } from './reconciliation';
import { takeIn } from './vendor-news';

export type RouterLimits = DiallingLimits & FollowUpLimits & ReconciliationLimits;

/** Longer than the topic of commands keeps them, so that one that is read again finds its call. */
const KEPT_MS = 8 * 86_400_000;
const DROPPED_AT_ONCE = 500;
const HANG_UP_AGAIN_MS = 1000;
const HANG_UP_AGAIN_MAX_MS = 60_000;
/** Longer than a vendor may take to answer. */
const HANG_UP_LEASE_MS = 75_000;

/** One router: everything that it does, whatever it runs on. */
export class Router {
  readonly planner: Planner;
  readonly dialling: Dialling;
  readonly followUp: FollowUp;
  readonly reconciliations: Reconciliations;
  readonly health: HealthWatch;

  constructor(
    private readonly ledger: Ledger,
    private readonly carriers: Carriers,
    private readonly clock: Clock,
    limits: RouterLimits,
    private readonly watch: RouterWatch,
  ) {
    this.planner = new Planner(ledger, carriers, clock, limits, watch);
    this.dialling = new Dialling(ledger, carriers, clock, limits, watch);
    this.followUp = new FollowUp(ledger, carriers, clock, limits, watch);
    this.reconciliations = new Reconciliations(ledger, carriers, clock, limits, watch);
    this.health = new HealthWatch(ledger, carriers, clock, watch);
  }

  /** What applications and operators ask for. */
  async obey(unit: LedgerUnit, commands: readonly CallCommand[]): Promise<void> {
    const nowMs = this.clock.nowMs();
    await unit.queue.enqueue(ofType<PlaceCall>(commands, 'cc.call.place.v1'), nowMs);
    await this.followUp.resolveByOperator(unit, ofType<ResolveAttempt>(commands, 'cc.call.resolve-attempt.v1'));
    await unit.queue.requestCancel(commands.flatMap((command) => (command.type === 'cc.call.cancel.v1' ? [command.callId] : [])), nowMs);
    const simulations = ofType<SimulateRoute>(commands, 'cc.call.simulate-route.v1');
    if (simulations.length > 0) await unit.journal.answer(await this.planner.simulate(unit, simulations));
    await unit.journal.wake();
  }

  /** What came of calls. */
  async learn(unit: LedgerUnit, events: readonly CallEvent[]): Promise<void> {
    await takeIn(unit, this.watch, events, this.clock.nowMs());
  }

  /** Drops what is over and old. Resolves to whether there may be more. */
  dropOld(): Promise<boolean> {
    return this.ledger.dropClosed(this.clock.nowMs() - KEPT_MS, DROPPED_AT_ONCE);
  }

  /** Attempts that are to be ended now: cancelled, talking for too long, or rung though they should not. Whoever dies with one in hand leaves it to another. */
  takeHangUps(limit: number): Promise<readonly AttemptRecord[]> {
    const nowMs = this.clock.nowMs();
    return this.ledger.takeHangUps(nowMs, nowMs + HANG_UP_LEASE_MS, limit);
  }

  /** Has the vendor end a call; asks again, ever more slowly, until it is certain that the vendor heard it. */
  async hangUp(attempt: AttemptRecord): Promise<void> {
    const session = attempt.seat === undefined ? undefined : await this.ledger.sessionOf(attempt.channel, attempt.seat);
    const result = await this.carriers.hangUp(attempt, session);
    this.watch.hungUp(attempt, result);
    const nowMs = this.clock.nowMs();
    if (result.kind !== 'unknown') {
      return await this.ledger.transaction(async (unit) => {
        await unit.attempts.hungUp(attempt.attemptId);
        await unit.journal.append([hangUpAnsweredEvent(attempt, result, nowMs)]);
      });
    }
    if (nowMs < attempt.holdUntil) await this.ledger.hangUpAgain(attempt.attemptId, nowMs + HANG_UP_AGAIN_MS + backoffMs(attempt.hangUpTries - 1, HANG_UP_AGAIN_MS, HANG_UP_AGAIN_MAX_MS));
    else await this.ledger.transaction((unit) => unit.attempts.hungUp(attempt.attemptId));
  }
}

function ofType<T extends CallCommand>(commands: readonly CallCommand[], type: T['type']): T[] {
  return commands.filter((command): command is T => command.type === type);
}
