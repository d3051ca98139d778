import type { ResolveAttempt } from '@cc/contracts';
import type { Clock } from '@cc/kernel';
import { byAccount, queriesPerMinuteOf, type DueAccount } from './accounts';
import { reapedEvent, resolvedEvent, type AskResult, type Resolution } from './attempt';
import type { CarrierFacts, Carriers } from './carriers';
import type { RouterWatch } from './router-watch';
import type { AttemptRecord, Ledger, LedgerUnit, Overdue } from './ledger';

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
export function nextStep(attempt: AttemptRecord, answer: AskResult | undefined, limits: Pick<FollowUpLimits, 'querySeconds' | 'graceSeconds'>, nowMs: number): NextStep {
  if (answer?.kind === 'not-found' && attempt.state === 'unknown') return afterNotFound(attempt, nowMs);
  const { querySeconds, graceSeconds } = limits;
  if (nowMs < attempt.giveUpAt) return { kind: 'look-again', atMs: nowMs + querySeconds * 1000 };
  if (!isAskedEnough(attempt, answer, graceSeconds * 1000, nowMs)) return { kind: 'look-again', atMs: nowMs + graceSeconds * 1000 };
  if (attempt.state === 'accepted' || nowMs >= attempt.holdUntil) return { kind: 'abandon' };
  const lookAgainAtMs = Math.min(attempt.holdUntil, nowMs + querySeconds * 1000);
  return attempt.callOpen ? { kind: 'close-call', lookAgainAtMs } : { kind: 'look-again', atMs: lookAgainAtMs };
}

function afterNotFound({ notFoundSince }: AttemptRecord, nowMs: number): NextStep {
  const since = notFoundSince ?? nowMs;
  return nowMs - since >= NOT_FOUND_APART_MS ? { kind: 'not-placed' } : { kind: 'look-again', atMs: since + NOT_FOUND_APART_MS, notFoundSince: since };
}

/** Past its limit a call is given up once the vendor was asked before and had its time to tell, or cannot be asked, or gives no answer again and again. */
function isAskedEnough(attempt: AttemptRecord, answer: AskResult | undefined, graceMs: number, nowMs: number): boolean {
  if (answer === undefined || attempt.answered) return true;
  return answer.kind !== 'told' && nowMs >= attempt.giveUpAt + VAIN_LOOKS * graceMs;
}

/** The attempt as it is now; `undefined` if a callback that came while the vendor was asked has changed its state. */
async function stillAs(unit: LedgerUnit, attempt: AttemptRecord): Promise<AttemptRecord | undefined> {
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

  /** Accounts whose channels have attempts that are to be looked after now. */
  async due(): Promise<readonly DueAccount[]> {
    return byAccount(await this.ledger.channelsToLookAt(this.clock.nowMs()), this.carriers);
  }

  /** Looks at what is due of an account, no faster than its vendor may be asked. Resolves to whether there may be more at once. */
  async lookAfter({ account, channels }: DueAccount): Promise<boolean> {
    for (const channel of channels) if ((await this.lookUnasked(channel)) > 0) return true;
    const asked = channels.flatMap((channel) => this.carriers.find(channel) ?? []).filter(({ canQuery }) => canQuery);
    return asked.length > 0 && (await this.askOne(account, asked));
  }

  /** Asks about the attempt that is due longest, if it is the account's turn. */
  private async askOne(account: string, facts: readonly CarrierFacts[]): Promise<boolean> {
    if (!(await this.ledger.claimQuery(account, this.clock.nowMs(), MINUTE_MS / queriesPerMinuteOf(account, this.carriers, facts)))) return false;
    const named = await this.take(facts.map(({ channel }) => channel), 'named', 1);
    const [attempt] = named.length > 0 ? named : await this.take(facts.filter(({ findsByAttempt }) => findsByAttempt).map(({ channel }) => channel), 'unnamed', 1);
    if (attempt !== undefined) await this.settle(attempt, this.carriers.find(attempt.channel), await this.carriers.ask(attempt));
    return attempt !== undefined;
  }

  /** Those that the vendor cannot be asked about cost it no question. Resolves to how many it looked at. */
  private async lookUnasked(channel: string): Promise<number> {
    const facts = this.carriers.find(channel);
    const which: Overdue = facts?.canQuery === true ? 'unnamed' : 'all';
    if (which === 'unnamed' && facts?.findsByAttempt === true) return 0;
    const attempts = await this.take([channel], which, LOOKS_AT_ONCE);
    for (const attempt of attempts) await this.settle(attempt, facts, undefined);
    return attempts.length;
  }

  private take(channels: readonly string[], which: Overdue, limit: number): Promise<readonly AttemptRecord[]> {
    const nowMs = this.clock.nowMs();
    return this.ledger.takeOverdue(channels, which, nowMs, nowMs + this.limits.graceSeconds * 1000, limit);
  }

  private async settle(attempt: AttemptRecord, facts: CarrierFacts | undefined, answer: AskResult | undefined): Promise<void> {
    const step = nextStep(attempt, answer, this.paceOf(attempt, facts), this.clock.nowMs());
    switch (step.kind) {
      case 'look-again':
        return await this.ledger.looked(attempt.attemptId, { lookAtMs: step.atMs, ...(answer?.kind === 'told' ? { answered: true } : {}), ...(step.notFoundSince === undefined ? {} : { notFoundSince: step.notFoundSince }) });
      case 'not-placed':
        return await this.resolveByQuery(attempt);
      case 'close-call':
      case 'abandon':
        return await this.reap(attempt, step);
    }
  }

  /** Of a call that the vendor does not tell of by itself, only its answers tell: it is asked more often. */
  private paceOf({ heard }: AttemptRecord, facts: CarrierFacts | undefined): Pick<FollowUpLimits, 'querySeconds' | 'graceSeconds'> {
    const { querySeconds, graceSeconds } = this.limits;
    return { querySeconds: heard || facts === undefined ? querySeconds : Math.min(querySeconds, facts.health.silenceSeconds), graceSeconds };
  }

  private async reap(attempt: AttemptRecord, step: Extract<NextStep, { kind: 'close-call' | 'abandon' }>): Promise<void> {
    const nowMs = this.clock.nowMs();
    const lineKept = step.kind === 'close-call';
    const reaped = await this.ledger.transaction(async (unit) => {
      const current = await stillAs(unit, attempt);
      if (current === undefined) return undefined;
      if (!lineKept) {
        await unit.attempts.resolve(attempt.attemptId, 'abandoned', nowMs);
        if (current.state === 'unknown') await unit.journal.append([resolvedEvent(attempt, { resolution: 'ended', resolvedBy: 'reaper', reason: 'nobody could tell, for longer than a call can last' }, nowMs)]);
        await unit.journal.wake();
      }
      await unit.queue.close([attempt.callId]);
      if (current.callOpen) await unit.journal.append([reapedEvent(attempt, lineKept ? 'in doubt: nobody knows whether the vendor placed the call' : 'no end was heard of within the limit, and the vendor gave none', nowMs)]);
      return current;
    });
    if (reaped !== undefined) this.watch.reaped(reaped, lineKept);
    if (lineKept) await this.ledger.looked(attempt.attemptId, { lookAtMs: step.lookAgainAtMs });
  }

  private async resolveByQuery(attempt: AttemptRecord): Promise<void> {
    const resolved = await this.ledger.transaction(async (unit) => {
      const current = await stillAs(unit, attempt);
      if (current !== undefined) await this.resolve(unit, current, { resolution: 'not-placed', resolvedBy: 'query', reason: 'the vendor, asked twice, knows of no such call' });
      return current;
    });
    if (resolved !== undefined) this.watch.resolved(resolved, 'query');
  }

  /** An operator's word on attempts in doubt; one that has been settled meanwhile is left alone. */
  async resolveByOperator(unit: LedgerUnit, commands: readonly ResolveAttempt[]): Promise<void> {
    // All are held before a call is touched, in the order in which everybody holds them.
    const held = new Map<string, AttemptRecord>();
    for (const attemptId of [...new Set(commands.map((command) => command.attemptId))].sort()) {
      const attempt = await unit.attempts.find(attemptId);
      if (attempt?.state === 'unknown' || attempt?.state === 'accepted') held.set(attemptId, attempt);
    }
    for (const { attemptId, resolution, operator, reason } of commands) {
      const attempt = held.get(attemptId);
      if (attempt === undefined) continue;
      this.watch.resolved(attempt, 'operator');
      await this.resolve(unit, attempt, { resolution, resolvedBy: 'operator', operator, reason });
    }
  }

  private async resolve(unit: LedgerUnit, attempt: AttemptRecord, resolution: Resolution): Promise<void> {
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
