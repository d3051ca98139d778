import { SettableClock } from '@cc/testing';
import type { AttemptRecord } from '../src/domain/attempt-record';
import { orderOfTurn, pauseOf, type AskedKind } from '../src/domain/enquiries';
import { FollowUp } from '../src/domain/follow-up';
import { Reconciliations } from '../src/domain/reconciliation';
import type { WaitingQuestions } from '../src/domain/router-watch';
import { attemptFor } from './ledger-desk';
import { MemoryLedger } from './memory-ledger';
import type { StoredAttempt } from './memory-tables';
import { facts, LIMITS, ScriptedCarriers, START } from './scripted-carriers';
import { SilentWatch } from './silent-watch';

const HOUR = 3_600_000;
const MINUTE = 60_000;

it('gives each kind its turn, and one that nobody uses to another', () => {
  const first = Array.from({ length: 8 }, (_, turn) => orderOfTurn(turn)[0]);
  expect(first).toEqual(['doubt', 'live', 'doubt', 'repair', 'doubt', 'live', 'doubt', 'repair']);
  for (let turn = 0; turn < 4; turn += 1) expect([...orderOfTurn(turn)].sort()).toEqual(['doubt', 'live', 'repair']);
});

it.each([1, 9, 60, 600])('lets a vendor see no more than %i questions within a minute, however late each leaves and arrives', (perMinute) => {
  // The first one comes as late as it may, the last one at once.
  expect(perMinute * pauseOf(perMinute) - 2000).toBeGreaterThanOrEqual(MINUTE);
  // And not needlessly fewer.
  expect(perMinute * (pauseOf(perMinute) - 1)).toBeLessThan(MINUTE + 2000);
});

interface Asked {
  readonly attemptId: string;
  readonly kind: AskedKind;
  readonly atMs: number;
  readonly askUntil: number;
}

/** Hours of a vendor that may be asked nine times a minute, in a few seconds. */
class Office extends SilentWatch {
  readonly clock = new SettableClock(START);
  readonly ledger = new MemoryLedger();
  readonly carriers = new ScriptedCarriers();
  readonly questions: Asked[] = [];
  readonly expired: string[] = [];
  waits: readonly WaitingQuestions[] = [];
  private readonly followUp: FollowUp;
  private readonly reconciliations: Reconciliations;

  constructor() {
    super();
    this.carriers.facts = ['one', 'two'].map((channel) => facts(channel, { account: 'shared', queriesPerMinute: 9 }));
    this.followUp = new FollowUp(this.ledger, this.carriers, this.clock, { ...LIMITS, graceSeconds: 300 }, this);
    this.reconciliations = new Reconciliations(this.ledger, this.carriers, this.clock, LIMITS, this);
  }

  override asked({ attemptId, askUntil }: AttemptRecord, kind: AskedKind): void {
    this.questions.push({ attemptId, kind, atMs: this.clock.now, askUntil });
  }
  override reconciled(...[, { expiredCalls, expired }]: Parameters<SilentWatch['reconciled']>): void {
    this.expired.push(...expiredCalls, ...Array.from({ length: expired - expiredCalls.length }, () => 'more'));
  }
  override waiting(accounts: readonly WaitingQuestions[]): void {
    this.waits = accounts;
  }

  put(count: number, channel: string, more: (index: number) => Partial<StoredAttempt>): void {
    const from = this.ledger.attempts.rows.size;
    for (let index = 0; index < count; index += 1) {
      const callId = `call-${from + index}`;
      this.ledger.attempts.set(`${callId}-1`, {
        ...attemptFor(callId, { channel }), state: 'accepted', vendorCallId: `v-${callId}`, settlement: undefined, acceptedAt: START, heardAt: START, answered: false, hangUpTries: 0, notFoundSince: undefined, hangUpAt: undefined,
        lateRing: false, connectedAt: undefined, overAt: undefined, lacksEnd: true, repairAt: undefined, repairAskedAt: undefined, repairTries: 0, expired: false, lookAt: START, holdUntil: START + 500 * HOUR, giveUpAt: START + 500 * HOUR, ...more(index),
      });
    }
  }

  async runFor(hours: number): Promise<void> {
    const until = this.clock.now + hours * HOUR;
    let compareAt = this.clock.now;
    while (this.clock.now < until) {
      if (this.clock.now >= compareAt) {
        await this.reconciliations.begin();
        await this.reconciliations.tell();
        compareAt += 10 * MINUTE;
      }
      for (const due of await this.followUp.due()) await this.followUp.lookAfter(due);
      this.clock.now += pauseOf(9);
    }
  }

  of(kind: AskedKind): Asked[] {
    return this.questions.filter((asked) => asked.kind === kind);
  }
}

describe('thousands of calls on two channels of one account', () => {
  const over = (sentAt: number): Partial<StoredAttempt> => ({ state: 'abandoned', sentAt, overAt: sentAt + 1000, askUntil: sentAt + 48 * HOUR });

  it('have a share for repairs while others hold lines; those of which the vendor stops telling soonest come first, and none is asked about afterwards', async () => {
    const office = new Office();
    // Of three hours there are 1569 turns, of which a fourth must do for the repairs.
    office.put(1000, 'one', () => ({ lookAt: START - 1 }));
    office.put(40, 'two', () => ({ state: 'unknown', lookAt: START - 1 }));
    office.put(600, 'two', (index) => over(START - 47 * HOUR + index * 1000 + (index % 7) * 60_000));
    office.put(300, 'one', (index) => over(START - 48 * HOUR + (index + 1) * 4000));
    await office.runFor(3);
    const repairs = office.of('repair');
    expect(office.questions.filter(({ askUntil, atMs }) => askUntil <= atMs)).toEqual([]);
    expect(repairs.map(({ askUntil }) => askUntil)).toEqual(repairs.map(({ askUntil }) => askUntil).sort((one, other) => one - other));
    expect(new Set(repairs.map(({ attemptId }) => attemptId)).size).toBe(repairs.length);
    // As long as repairs wait.
    for (let from = 0; from + 4 <= 600; from += 4) {
      const kinds = new Set(office.questions.slice(from, from + 4).map(({ kind }) => kind));
      expect([from, kinds.has('repair'), kinds.has('live')]).toEqual([from, true, true]);
    }
    // What the share was too small for was told, each call once.
    const asked = new Set(repairs.map(({ attemptId }) => attemptId));
    const missed = office.ledger.attempts.values().filter(({ state, attemptId, askUntil }) => state === 'abandoned' && !asked.has(attemptId) && askUntil <= START + 2 * HOUR);
    expect(missed.length).toBeGreaterThan(50);
    expect(office.expired.length).toBeGreaterThanOrEqual(missed.length);
    expect(missed.every(({ expired }) => expired)).toBe(true);
  }, 60_000);

  it('are all asked about in time when there are no more than there are turns, and the age of the oldest is told', async () => {
    const office = new Office();
    office.put(1400, 'one', (index) => over(START - 44 * HOUR - (index % 700) * 1000));
    await office.runFor(0.1);
    expect(office.waits).toEqual([{ account: 'one', kind: 'repair', count: 1400, oldestSeconds: expect.any(Number) }]);
    expect(office.waits[0]?.oldestSeconds).toBeGreaterThanOrEqual(44 * 3600 + 699);
    await office.runFor(3);
    expect(new Set(office.of('repair').map(({ attemptId }) => attemptId)).size).toBe(1400);
    expect(office.expired).toEqual([]);
  }, 60_000);

  it('hold their lines no longer than a round of questions takes: of live ones the longest due comes first', async () => {
    const office = new Office();
    office.put(300, 'two', (index) => ({ lookAt: START - 1000 + index }));
    await office.runFor(0.6);
    const asked = office.of('live').map(({ attemptId }) => attemptId);
    expect(asked.slice(0, 300)).toEqual(Array.from({ length: 300 }, (_, index) => `call-${index}-1`));
  }, 60_000);

  it('are not asked about where their vendor cannot be', async () => {
    const office = new Office();
    office.carriers.facts = [facts('one', { canQuery: false })];
    office.put(3, 'one', () => over(START - 100 * HOUR));
    await office.runFor(1);
    expect([office.questions, office.expired]).toEqual([[], []]);
  });
});
