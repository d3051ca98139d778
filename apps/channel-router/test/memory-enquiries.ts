import type { AttemptRecord } from '../src/domain/attempt-record';
import { CLOCKS_DIFFER_MS, Enquiries, type AskedChannel, type AskedKind, type Look, type Reconciliation, type ReconciliationTerms, type Waiting } from '../src/domain/enquiries';
import { isLive, type StoredAccount, type StoredAttempt, type Table } from './memory-tables';

const NAMED_CALLS = 10;
const unknownAccount = { nextQuery: 0, turns: -1, nextReconciliation: 0 };

export const isIncomplete = ({ state, lateRing, lacksEnd, lacksDuration, lacksRecording, connectedAt }: StoredAttempt): boolean =>
  (state === 'ended' || state === 'abandoned' || lateRing) && (lacksEnd || lacksDuration || (lacksRecording && connectedAt !== undefined));

const isFound = ({ channel, vendorCallId }: StoredAttempt, channels: readonly AskedChannel[]): boolean =>
  channels.some((asked) => asked.channel === channel && (asked.finds === 'all' || (asked.finds === 'named' && vendorCallId !== undefined)));

const kindOf = ({ state }: StoredAttempt): AskedKind | undefined => (state === 'unknown' ? 'doubt' : state === 'accepted' ? 'live' : undefined);

/** The ledger as far as questions go. */
export interface AttemptTables {
  readonly attempts: Table<StoredAttempt>;
  readonly accounts: Table<StoredAccount>;
  transaction<T>(work: () => Promise<T>): Promise<T>;
  change(attemptId: string, changed: (attempt: StoredAttempt) => StoredAttempt): void;
  recordOf(attempt: StoredAttempt): AttemptRecord;
}

/** {@link Enquiries} in memory. */
export class MemoryEnquiries extends Enquiries {
  constructor(private readonly ledger: AttemptTables) {
    super();
  }

  override async channelsDue(nowMs: number): Promise<string[]> {
    return [...new Set(this.all().filter((a) => isLookDue(a, nowMs) || isRepairDue(a, nowMs)).map(({ channel }) => channel))];
  }

  override async takeUnaskable({ channel, finds }: AskedChannel, nowMs: number, againAtMs: number, limit: number): Promise<AttemptRecord[]> {
    return await this.ledger.transaction(async () => {
      const due = this.all().filter((a) => a.channel === channel && isLookDue(a, nowMs) && (finds === 'none' || a.askUntil <= nowMs || (finds === 'named' && a.vendorCallId === undefined))).sort((a, b) => a.lookAt - b.lookAt).slice(0, limit);
      for (const attempt of due) this.ledger.attempts.set(attempt.attemptId, { ...attempt, lookAt: againAtMs });
      return due.map((attempt) => this.ledger.recordOf(attempt));
    });
  }

  override async claimTurn(account: string, nowMs: number, everyMs: number): Promise<number | undefined> {
    return await this.ledger.transaction(async () => {
      const known = this.ledger.accounts.rows.get(account) ?? unknownAccount;
      if (known.nextQuery > nowMs && known.nextQuery <= nowMs + 2 * everyMs + CLOCKS_DIFFER_MS) return undefined;
      this.ledger.accounts.set(account, { ...known, nextQuery: nowMs + Math.ceil(everyMs), turns: known.turns + 1 });
      return known.turns + 1;
    });
  }

  override async takeNext(kind: AskedKind, channels: readonly AskedChannel[], nowMs: number, againAtMs: number): Promise<AttemptRecord | undefined> {
    return await this.ledger.transaction(async () => {
      const found = this.all().filter((a) => isFound(a, channels) && a.askUntil > nowMs);
      const due = kind === 'repair' ? found.filter((a) => isRepairDue(a, nowMs)).sort((a, b) => Number(a.repairTries > 0) - Number(b.repairTries > 0) || a.askUntil - b.askUntil || a.sentAt - b.sentAt) : found.filter((a) => kindOf(a) === kind && isLookDue(a, nowMs)).sort((a, b) => a.lookAt - b.lookAt || a.sentAt - b.sentAt);
      const [next] = due;
      if (next === undefined) return undefined;
      this.ledger.attempts.set(next.attemptId, kind === 'repair' ? { ...next, repairAt: againAtMs } : { ...next, lookAt: againAtMs });
      return this.ledger.recordOf(next);
    });
  }

  override async looked(attemptId: string, { lookAtMs, answered, notFoundSince }: Look): Promise<void> {
    await this.ledger.transaction(async () => this.ledger.change(attemptId, (a) => ({ ...a, lookAt: lookAtMs, answered: a.answered || answered === true, notFoundSince: answered === true ? undefined : (notFoundSince ?? a.notFoundSince) })));
  }

  override async repairAsked(attemptId: string, nowMs: number): Promise<void> {
    await this.ledger.transaction(async () => this.ledger.change(attemptId, (a) => ({ ...a, repairAt: undefined, repairAskedAt: nowMs, repairTries: a.repairTries + 1 })));
  }

  override async channelsIncomplete(overByMs: number): Promise<string[]> {
    return [...new Set(this.all().filter((a) => isLeft(a, overByMs)).map(({ channel }) => channel))];
  }

  override async reconcile(account: string, channels: readonly AskedChannel[], { nowMs, everyMs, overByMs }: ReconciliationTerms): Promise<Reconciliation | undefined> {
    return await this.ledger.transaction(async () => {
      const known = this.ledger.accounts.rows.get(account) ?? unknownAccount;
      if (known.nextReconciliation > nowMs && known.nextReconciliation <= nowMs + 2 * everyMs + CLOCKS_DIFFER_MS) return undefined;
      this.ledger.accounts.set(account, { ...known, nextReconciliation: nowMs + everyMs });
      const own = this.all().filter((a) => channels.some(({ channel }) => channel === a.channel) && isLeft(a, overByMs));
      const expired = own.filter(({ askUntil }) => askUntil <= nowMs);
      for (const attempt of expired) this.ledger.attempts.set(attempt.attemptId, { ...attempt, expired: true, repairAt: undefined });
      const queued = own.filter((a) => a.askUntil > nowMs && a.repairAt === undefined && isFound(a, channels) && (a.repairAskedAt === undefined || a.repairAskedAt + 2 ** (a.repairTries - 1) * everyMs <= nowMs + everyMs / 2));
      for (const attempt of queued) this.ledger.attempts.set(attempt.attemptId, { ...attempt, repairAt: nowMs });
      return { incomplete: own.length, queued: queued.length, expired: expired.length, expiredCalls: expired.slice(0, NAMED_CALLS).map(({ callId }) => callId) };
    });
  }

  override async waiting(nowMs: number): Promise<Waiting[]> {
    const rows = new Map<string, Waiting>();
    for (const a of this.all()) {
      const kind = waitingKindOf(a, nowMs);
      if (kind === undefined) continue;
      const before = rows.get(`${a.channel}/${kind}`);
      rows.set(`${a.channel}/${kind}`, { channel: a.channel, kind, count: (before?.count ?? 0) + 1, oldestSentAt: Math.min(before?.oldestSentAt ?? a.sentAt, a.sentAt) });
    }
    return [...rows.values()];
  }

  private all(): StoredAttempt[] {
    return this.ledger.attempts.values();
  }
}

function waitingKindOf(attempt: StoredAttempt, nowMs: number): AskedKind | undefined {
  if (isIncomplete(attempt) && attempt.repairAt !== undefined && attempt.askUntil > nowMs) return 'repair';
  return isLookDue(attempt, nowMs) ? kindOf(attempt) : undefined;
}

function isLookDue(attempt: StoredAttempt, nowMs: number): boolean {
  return isLive(attempt) && attempt.state !== 'sending' && attempt.lookAt <= nowMs;
}

function isRepairDue(attempt: StoredAttempt, nowMs: number): boolean {
  return isIncomplete(attempt) && attempt.repairAt !== undefined && attempt.repairAt <= nowMs && attempt.askUntil > nowMs;
}

/** Over by then, and somebody may still tell what its record lacks. */
function isLeft(attempt: StoredAttempt, overByMs: number): boolean {
  return isIncomplete(attempt) && !attempt.expired && attempt.overAt !== undefined && attempt.overAt <= overByMs;
}
