import type { ResolveAttempt } from '@cc/contracts';
import type { Clock } from '@cc/kernel';
import { byAccount, queriesPerMinuteOf, type DueAccount } from './accounts';
import { reapedEvent, resolvedEvent, type AskResult, type Resolution } from './attempt';
import type { Carriers } from './carriers';
import { isTurnOver, orderOfTurn, pauseOf, type AskedChannel, type AskedKind } from './enquiries';
import type { RouterWatch } from './router-watch';
import type { AttemptRecord } from './attempt-record';
import type { Ledger, LedgerUnit } from './ledger';

export interface FollowUpLimits {
  /** A call that the vendor tells of is asked about that often. */
  readonly querySeconds: number;
  /** The pause before an overdue attempt is looked at again. */
  readonly graceSeconds: number;
  /** Tenants for whom a call that certainly was not placed is dialled once more, while its time lasts. */
  readonly redialTenants: readonly string[];
}

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
    return byAccount(await this.ledger.enquiries.channelsDue(this.clock.nowMs()), this.carriers);
  }

  /** Looks at what is due of an account, no faster than its vendor may be asked. Resolves to whether there may be more at once. */
  async lookAfter(due: DueAccount): Promise<boolean> {
    // Those that the vendor cannot be asked about cost it no question.
    for (const channel of due.channels) if ((await this.lookUnasked(channel)) > 0) return true;
    const channels = due.channels.filter(({ finds }) => finds !== 'none');
    return channels.length > 0 && (await this.askOne({ ...due, channels }));
  }

  /** Resolves to how many it looked at. */
  private async lookUnasked(channel: AskedChannel): Promise<number> {
    const nowMs = this.clock.nowMs();
    const attempts = await this.ledger.enquiries.takeUnaskable(channel, nowMs, this.inHandUntil(nowMs), LOOKS_AT_ONCE);
    for (const attempt of attempts) await this.settle(attempt, undefined);
    return attempts.length;
  }

  /** Asks about the one whose turn it is, if it is the account's turn. */
  private async askOne(due: DueAccount): Promise<boolean> {
    const takenAtMs = this.clock.nowMs();
    const turn = await this.ledger.enquiries.claimTurn(due.account, takenAtMs, pauseOf(queriesPerMinuteOf(due, this.carriers)));
    if (turn === undefined) return false;
    for (const kind of orderOfTurn(turn)) {
      const nowMs = this.clock.nowMs();
      const attempt = await this.ledger.enquiries.takeNext(kind, due.channels, nowMs, this.inHandUntil(nowMs));
      if (attempt === undefined) continue;
      if (!isTurnOver(takenAtMs, this.clock.nowMs())) await this.ask(kind, attempt);
      return true;
    }
    return false;
  }

  private async ask(kind: AskedKind, attempt: AttemptRecord): Promise<void> {
    const answer = await this.carriers.ask(attempt);
    this.watch.asked(attempt, kind, answer);
    if (kind === 'repair') await this.ledger.enquiries.repairAsked(attempt.attemptId, this.clock.nowMs());
    else await this.settle(attempt, answer);
  }

  /** Whoever dies with an attempt in hand leaves it due again then. */
  private inHandUntil(nowMs: number): number {
    return nowMs + this.limits.graceSeconds * 1000;
  }

  private async settle(attempt: AttemptRecord, answer: AskResult | undefined): Promise<void> {
    const step = nextStep(attempt, answer, this.paceOf(attempt), this.clock.nowMs());
    switch (step.kind) {
      case 'look-again':
        return await this.ledger.enquiries.looked(attempt.attemptId, { lookAtMs: step.atMs, ...(answer?.kind === 'told' ? { answered: true } : {}), ...(step.notFoundSince === undefined ? {} : { notFoundSince: step.notFoundSince }) });
      case 'not-placed':
        return await this.resolveByQuery(attempt);
      case 'close-call':
      case 'abandon':
        return await this.reap(attempt, step);
    }
  }

  /** Of a call that the vendor does not tell of by itself, only its answers tell: it is asked more often. */
  private paceOf({ heard, channel }: AttemptRecord): Pick<FollowUpLimits, 'querySeconds' | 'graceSeconds'> {
    const { querySeconds, graceSeconds } = this.limits;
    const facts = this.carriers.find(channel);
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
    if (lineKept) await this.ledger.enquiries.looked(attempt.attemptId, { lookAtMs: step.lookAgainAtMs });
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
