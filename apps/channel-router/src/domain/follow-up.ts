import type { ResolveAttempt } from '@cc/contracts';
import type { Clock } from '@cc/kernel';
import { reapedEvent, resolvedEvent, type AskResult, type Resolution } from './attempt';
import type { CarrierFacts, Carriers, RouterWatch } from './carriers';
import type { Ledger, LedgerUnit, LiveAttempt } from './ledger';

export interface FollowUpLimits {
  /** A call that the vendor tells of is asked about that often. */
  readonly querySeconds: number;
  /** The pause before an overdue attempt is looked at again. */
  readonly graceSeconds: number;
  /** Tenants for whom a call that certainly was not placed is dialled once more, while its time lasts. */
  readonly redialTenants: readonly string[];
}

const MINUTE_MS = 60_000;
/** "Not found" counts once it was said twice, this far apart. */
const NOT_FOUND_APART_MS = 30_000;
/** A vendor that gives no answer is asked so often past the last limit. */
const VAIN_LOOKS = 10;
const LOOKS_AT_ONCE = 5;

/** What follows from a look at an attempt. */
export type NextStep =
  | { readonly kind: 'look-again'; readonly atMs: number; readonly notFoundSince?: number }
  | { readonly kind: 'not-placed' }
  /** The call is closed as 255; the line stays with the attempt, which may still be ringing. */
  | { readonly kind: 'close-call'; readonly lookAgainAtMs: number }
  | { readonly kind: 'abandon' };

/** A pure function of the attempt, the vendor's answer (`undefined`: it cannot be asked) and the time. */
export function nextStep(attempt: LiveAttempt, answer: AskResult | undefined, limits: Pick<FollowUpLimits, 'querySeconds' | 'graceSeconds'>, nowMs: number): NextStep {
  if (answer?.kind === 'not-found' && attempt.state === 'unknown') return afterNotFound(attempt, nowMs);
  const { querySeconds, graceSeconds } = limits;
  if (nowMs < attempt.giveUpAt) return { kind: 'look-again', atMs: nowMs + querySeconds * 1000 };
  if (!isAskedEnough(attempt, answer, graceSeconds * 1000, nowMs)) return { kind: 'look-again', atMs: nowMs + graceSeconds * 1000 };
  if (attempt.state === 'accepted' || nowMs >= attempt.holdUntil) return { kind: 'abandon' };
  const lookAgainAtMs = Math.min(attempt.holdUntil, nowMs + querySeconds * 1000);
  return attempt.callOpen ? { kind: 'close-call', lookAgainAtMs } : { kind: 'look-again', atMs: lookAgainAtMs };
}

function afterNotFound({ notFoundSince }: LiveAttempt, nowMs: number): NextStep {
  const since = notFoundSince ?? nowMs;
  return nowMs - since >= NOT_FOUND_APART_MS ? { kind: 'not-placed' } : { kind: 'look-again', atMs: since + NOT_FOUND_APART_MS, notFoundSince: since };
}

/** Past its limit a call is given up once the vendor was asked before and had its time to tell, or cannot be asked, or gives no answer again and again. */
function isAskedEnough(attempt: LiveAttempt, answer: AskResult | undefined, graceMs: number, nowMs: number): boolean {
  if (answer === undefined || attempt.answered) return true;
  return answer.kind !== 'told' && nowMs >= attempt.giveUpAt + VAIN_LOOKS * graceMs;
}

/** The attempt as it is now; `undefined` if a callback that came while the vendor was asked has changed its state. */
async function stillAs(unit: LedgerUnit, attempt: LiveAttempt): Promise<LiveAttempt | undefined> {
  const current = await unit.attempts.find(attempt.attemptId);
  return current?.state === attempt.state ? current : undefined;
}

/** Looks after attempts without a known end: asks the vendor, settles what was in doubt, and ends calls that nobody ends. */
export class FollowUp {
  constructor(
    private readonly ledger: Ledger,
    private readonly carriers: Carriers,
    private readonly clock: Clock,
    private readonly limits: FollowUpLimits,
    private readonly watch: RouterWatch,
  ) {}

  /** Looks at what is due, of every channel. Resolves to whether there may be more at once. */
  async step(): Promise<boolean> {
    const looked = await Promise.all((await this.channels()).map((channel) => this.lookAfterChannel(channel)));
    return looked.some(Boolean);
  }

  /** Channels with attempts that are to be looked after now. */
  channels(): Promise<readonly string[]> {
    return this.ledger.channelsToLookAt(this.clock.nowMs());
  }

  /** Looks at what is due of a channel, no faster than its vendor may be asked. Resolves to whether there may be more at once. */
  async lookAfterChannel(channel: string): Promise<boolean> {
    const facts = this.carriers.find(channel);
    const nowMs = this.clock.nowMs();
    const asking = facts?.canQuery === true;
    if (asking && !(await this.ledger.claimQuery(channel, nowMs, MINUTE_MS / facts.queriesPerMinute))) return false;
    const attempts = await this.ledger.takeOverdue(channel, nowMs, nowMs + this.limits.graceSeconds * 1000, asking ? 1 : LOOKS_AT_ONCE);
    for (const attempt of attempts) await this.lookAfter(attempt, facts);
    return attempts.length > 0;
  }

  private async lookAfter(attempt: LiveAttempt, facts: CarrierFacts | undefined): Promise<void> {
    const askable = facts?.canQuery === true && (attempt.vendorCallId !== undefined || facts.findsByAttempt);
    const answer = askable ? await this.carriers.ask(attempt) : undefined;
    const step = nextStep(attempt, answer, this.paceOf(attempt, facts), this.clock.nowMs());
    switch (step.kind) {
      case 'look-again':
        return await this.ledger.looked(attempt.attemptId, { lookAtMs: step.atMs, ...(answer?.kind === 'told' ? { answered: true } : {}), ...(step.notFoundSince === undefined ? {} : { notFoundSince: step.notFoundSince }) });
      case 'not-placed':
        return await this.ledger.transaction((unit) => this.resolveByQuery(unit, attempt));
      case 'close-call':
      case 'abandon':
        return await this.reap(attempt, step);
    }
  }

  /** Of a call that the vendor does not tell of by itself, only its answers tell: it is asked more often. */
  private paceOf({ heard }: LiveAttempt, facts: CarrierFacts | undefined): Pick<FollowUpLimits, 'querySeconds' | 'graceSeconds'> {
    const { querySeconds, graceSeconds } = this.limits;
    return { querySeconds: heard || facts === undefined ? querySeconds : Math.min(querySeconds, facts.health.silenceSeconds), graceSeconds };
  }

  private async reap(attempt: LiveAttempt, step: Extract<NextStep, { kind: 'close-call' | 'abandon' }>): Promise<void> {
    const nowMs = this.clock.nowMs();
    const lineKept = step.kind === 'close-call';
    await this.ledger.transaction(async (unit) => {
      const current = await stillAs(unit, attempt);
      if (current === undefined) return;
      this.watch.reaped(current, lineKept);
      if (!lineKept) {
        await unit.attempts.resolve(attempt.attemptId, 'abandoned', nowMs);
        if (current.state === 'unknown') await unit.journal.append([resolvedEvent(attempt, { resolution: 'ended', resolvedBy: 'reaper', reason: 'nobody could tell, for longer than a call can last' }, nowMs)]);
        await unit.journal.wake();
      }
      await unit.queue.close([attempt.callId]);
      if (current.callOpen) await unit.journal.append([reapedEvent(attempt, lineKept ? 'in doubt: nobody knows whether the vendor placed the call' : 'no end was heard of within the limit, and the vendor gave none', nowMs)]);
    });
    if (lineKept) await this.ledger.looked(attempt.attemptId, { lookAtMs: step.lookAgainAtMs });
  }

  private async resolveByQuery(unit: LedgerUnit, attempt: LiveAttempt): Promise<void> {
    const current = await stillAs(unit, attempt);
    if (current === undefined) return;
    this.watch.resolved(current, 'query');
    await this.resolve(unit, current, { resolution: 'not-placed', resolvedBy: 'query', reason: 'the vendor, asked twice, knows of no such call' });
  }

  /** An operator's word on attempts in doubt; one that has been settled meanwhile is left alone. */
  async resolveByOperator(unit: LedgerUnit, commands: readonly ResolveAttempt[]): Promise<void> {
    for (const { attemptId, resolution, operator, reason } of commands) {
      const attempt = await unit.attempts.find(attemptId);
      if (attempt === undefined || (attempt.state !== 'unknown' && attempt.state !== 'accepted')) continue;
      this.watch.resolved(attempt, 'operator');
      await this.resolve(unit, attempt, { resolution, resolvedBy: 'operator', operator, reason });
    }
  }

  private async resolve(unit: LedgerUnit, attempt: LiveAttempt, resolution: Resolution): Promise<void> {
    const nowMs = this.clock.nowMs();
    if (!(await unit.attempts.resolve(attempt.attemptId, resolution.resolution, nowMs))) return;
    await unit.journal.append([resolvedEvent(attempt, resolution, nowMs)]);
    await unit.journal.wake();
    if (!attempt.callOpen) return;
    const { command } = attempt;
    if (resolution.resolution === 'not-placed' && this.limits.redialTenants.includes(attempt.tenant) && command !== undefined && nowMs < command.notAfter) {
      return await unit.queue.requeue([attempt.callId], nowMs);
    }
    await unit.queue.close([attempt.callId]);
    await unit.journal.append([reapedEvent(attempt, resolution.resolvedBy === 'operator' ? `settled by ${resolution.operator}: ${resolution.reason}` : resolution.reason, nowMs)]);
  }
}
