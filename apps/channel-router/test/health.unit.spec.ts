import fc from 'fast-check';
import { initialCondition, nextCondition, type Condition, type Evidence, type HealthThresholds } from '../src/domain/health';

const rules: HealthThresholds = { windowSeconds: 30, minDials: 5, degradedShare: 0.2, downShare: 0.5, downInARow: 3, silenceSeconds: 20, silentCalls: 2, probeFailures: 3, coolDownSeconds: 30, trialCalls: 3 };
const NOW = 1_790_000_000_000;
const none: Evidence = { windowSeconds: 30, dials: 0, failures: 0, failuresInARow: 0, silentCalls: 0, probeFailures: 0, trialsPassed: 0, trialsFailed: 0 };

/** Seconds after the start, what is found then, and what follows: state, with `recovering` as `trials`. */
type Step = readonly [number, Partial<Evidence>, Condition['state'] | 'trials'];
const short = ({ state, recovering }: Condition): Step[2] => (recovering ? 'trials' : state);

const histories: readonly (readonly [string, readonly Step[]])[] = [
  ['without dials it stays up', [[0, {}, 'up'], [3600, {}, 'up']]],
  ['too few dials say nothing about a share', [[1, { dials: 4, failures: 2, failuresInARow: 2 }, 'up'], [2, { dials: 5, failures: 2, failuresInARow: 2 }, 'degraded']]],
  ['a share just below the limit is no reason', [[1, { dials: 100, failures: 19, failuresInARow: 1 }, 'up'], [2, { dials: 100, failures: 20, failuresInARow: 1 }, 'degraded']]],
  ['it comes up only below half of the share', [[1, { dials: 10, failures: 2 }, 'degraded'], [2, { dials: 10, failures: 1 }, 'degraded'], [3, { dials: 20, failures: 2 }, 'degraded'], [4, { dials: 21, failures: 2 }, 'up']]],
  ['it comes up after a whole window without a failure, however few dials there were', [[1, { dials: 5, failures: 1 }, 'degraded'], [30, { dials: 2 }, 'degraded'], [31, { dials: 2, failures: 1 }, 'degraded'], [32, {}, 'up']]],
  ['degraded, and down when it gets worse', [[1, { dials: 10, failures: 4, failuresInARow: 1 }, 'degraded'], [2, { dials: 10, failures: 5, failuresInARow: 1 }, 'down']]],
  ['half of the dials fail, and it is down at once', [[1, { dials: 6, failures: 3, failuresInARow: 1 }, 'down']]],
  ['failures in a row take it down, with few dials as well', [[1, { dials: 2, failures: 2, failuresInARow: 2 }, 'up'], [2, { dials: 3, failures: 3, failuresInARow: 3 }, 'down']]],
  ['silence takes it down', [[1, { silentCalls: 1 }, 'up'], [2, { silentCalls: 2 }, 'down']]],
  ['failed probes take it down, and keep it there', [[1, { probeFailures: 2 }, 'up'], [2, { probeFailures: 3 }, 'down'], [33, { probeFailures: 9 }, 'down'], [34, { probeFailures: 2 }, 'trials']]],
  ['down it stays until the pause is over, whatever is found', [[0, { failuresInARow: 3 }, 'down'], [29, { dials: 50, trialsPassed: 9 }, 'down'], [30, { failuresInARow: 9 }, 'trials']]],
  ['up after enough trial calls', [[0, { failuresInARow: 3 }, 'down'], [30, {}, 'trials'], [31, { trialsPassed: 2 }, 'trials'], [32, { trialsPassed: 3 }, 'up']]],
  ['while it recovers only trial calls and probes count', [[0, { failuresInARow: 3 }, 'down'], [30, {}, 'trials'], [31, { dials: 9, failures: 9, failuresInARow: 9, silentCalls: 9 }, 'trials']]],
  ['a failed trial call takes it down again, for twice as long', [[0, { silentCalls: 2 }, 'down'], [30, {}, 'trials'], [40, { trialsPassed: 2, trialsFailed: 1 }, 'down'], [99, {}, 'down'], [100, {}, 'trials']]],
  ['failed probes end the trials', [[0, { silentCalls: 2 }, 'down'], [30, {}, 'trials'], [40, { trialsPassed: 3, probeFailures: 3 }, 'down'], [99, {}, 'down'], [100, {}, 'trials']]],
  ['after it was up the pause is short again', [
    [0, { failuresInARow: 3 }, 'down'], [30, {}, 'trials'], [31, { trialsFailed: 1 }, 'down'], [91, {}, 'trials'], [92, { trialsPassed: 3 }, 'up'], [100, { failuresInARow: 3 }, 'down'], [129, {}, 'down'], [130, {}, 'trials'],
  ]],
  ['a clock that was set back keeps it down for no longer', [[0, { failuresInARow: 3 }, 'down'], [-1, {}, 'trials']]],
];

describe('a channel', () => {
  it.each(histories)('%s', (_name, steps) => {
    let condition = initialCondition(NOW);
    for (const [seconds, found, expected] of steps) {
      const nowMs = NOW + seconds * 1000;
      const next = nextCondition(condition, { ...none, ...found }, rules, nowMs);
      expect([seconds, short(next)]).toEqual([seconds, expected]);
      // The same object says that nothing changed; a change begins now.
      if (short(next) === short(condition)) expect(next).toBe(condition);
      else expect(next.since).toBe(nowMs);
      condition = next;
    }
  });

  it.each<[Partial<Evidence>, string]>([
    [{ probeFailures: 4, silentCalls: 9, failuresInARow: 9 }, '4 probes in a row failed'],
    [{ silentCalls: 2, failuresInARow: 9 }, 'silent: nothing was heard of 2 accepted calls for 20 s'],
    [{ failuresInARow: 3, dials: 5, failures: 5 }, '3 dials in a row failed'],
    [{ dials: 6, failures: 4, failuresInARow: 1 }, '4 of 6 dials failed in 30 s'],
    [{ dials: 10, failures: 3, failuresInARow: 1 }, '3 of 10 dials failed in 30 s'],
  ])('tells why: %j', (found, reason) => {
    expect(nextCondition(initialCondition(NOW), { ...none, ...found }, rules, NOW).reason).toBe(reason);
  });

  it('tells why it recovers, and why it is up again', () => {
    const down: Condition = { state: 'down', since: NOW, reason: 'x', recovering: false, coolUntil: NOW, relapses: 1 };
    const trials = nextCondition(down, none, rules, NOW);
    expect(trials).toEqual({ state: 'degraded', since: NOW, reason: '3 trial calls must go well', recovering: true, coolUntil: NOW, relapses: 1 });
    expect(nextCondition(trials, { ...none, trialsFailed: 1 }, rules, NOW).reason).toBe('a trial call failed, or was not heard of within 20 s');
    expect(nextCondition(trials, { ...none, trialsPassed: 4 }, rules, NOW + 1)).toEqual({ state: 'up', since: NOW + 1, reason: '4 trial calls went well', recovering: false, coolUntil: 0, relapses: 0 });
  });

  it('waits twice as long after each failed trial, at most 16 times', () => {
    let condition = nextCondition(initialCondition(NOW), { ...none, failuresInARow: 3 }, rules, NOW);
    const pauses = [];
    for (let relapse = 0; relapse < 8; relapse += 1) {
      pauses.push((condition.coolUntil - condition.since) / 1000);
      const trials = nextCondition(condition, none, rules, condition.coolUntil);
      expect(short(trials)).toBe('trials');
      condition = nextCondition(trials, { ...none, trialsFailed: 1 }, rules, condition.coolUntil + 1);
    }
    expect(pauses).toEqual([30, 60, 120, 240, 480, 480, 480, 480]);
  });

  it('does not count what is only degraded as a relapse', () => {
    const degraded = nextCondition(initialCondition(NOW), { ...none, dials: 10, failures: 2 }, rules, NOW);
    expect(nextCondition(degraded, { ...none, failuresInARow: 3 }, rules, NOW)).toMatchObject({ state: 'down', relapses: 0, coolUntil: NOW + 30_000 });
  });
});

describe('any history', () => {
  const anEvidence = fc.record({
    windowSeconds: fc.constant(30), dials: fc.nat(12), failures: fc.nat(12), failuresInARow: fc.nat(4), silentCalls: fc.nat(3), probeFailures: fc.nat(4), trialsPassed: fc.nat(4), trialsFailed: fc.constantFrom(0, 0, 0, 1),
  }).map((found) => ({ ...found, failures: Math.min(found.failures, found.dials) }));

  it('recovers only while it is degraded, comes from down to up by trial calls alone, and changes nothing without a change', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: -20, max: 120 }), anEvidence), { maxLength: 60 }), (steps) => {
      let condition = initialCondition(NOW);
      let nowMs = NOW;
      for (const [seconds, evidence] of steps) {
        nowMs += seconds * 1000;
        const frozen = Object.freeze(condition);
        const next = nextCondition(frozen, evidence, rules, nowMs);
        expect(nextCondition(frozen, evidence, rules, nowMs)).toEqual(next);
        if (next.recovering) expect(next.state).toBe('degraded');
        if (condition.state === 'down') expect(['down', 'trials']).toContain(short(next));
        if (condition.recovering && next.state === 'up') expect(evidence.trialsPassed).toBeGreaterThanOrEqual(rules.trialCalls);
        if (next !== condition) expect([short(next) === short(condition), next.since]).toEqual([false, nowMs]);
        if (next.state === 'down') expect(next.coolUntil - next.since).toBeLessThanOrEqual(16 * 30_000);
        condition = next;
      }
    }), { numRuns: 200 });
  });
});
