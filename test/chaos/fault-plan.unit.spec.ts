import { planFaults, type FaultKind } from './fault-plan';

const one = (name: string): FaultKind['targets'][number] => ({ name, occupies: [name] });
const kinds: readonly FaultKind[] = [
  { name: 'killed', targets: ['a', 'b', 'c'].map(one), lasts: [0, 8] },
  { name: 'stopped', targets: ['a', 'b', 'c'].map(one), lasts: [1, 12] },
  { name: 'log-down', targets: [one('log')], lasts: [1, 10], comesRound: 10 },
];
const MINUTE_MS = 60_000;
const seeds = Array.from({ length: 50 }, (_, index) => index);

describe('planFaults', () => {
  test('the same seed gives the same plan, another one another', () => {
    expect(planFaults(7, 3 * MINUTE_MS, kinds)).toEqual(planFaults(7, 3 * MINUTE_MS, kinds));
    expect(planFaults(7, 3 * MINUTE_MS, kinds)).not.toEqual(planFaults(8, 3 * MINUTE_MS, kinds));
  });

  test.each(seeds)('seed %s: every kind comes within a minute, every target within three, and all are over at the end', (seed) => {
    const plan = planFaults(seed, 3 * MINUTE_MS, kinds);
    expect(new Set(plan.filter(({ atMs }) => atMs < MINUTE_MS).map(({ kind }) => kind))).toEqual(new Set(['killed', 'stopped', 'log-down']));
    expect(new Set(plan.map(({ kind, target }) => `${kind} ${target}`)).size).toBe(7);
    expect(plan.every(({ atMs, lastsMs }) => atMs + lastsMs <= 3 * MINUTE_MS)).toBe(true);
    expect(plan.map(({ atMs }) => atMs)).toEqual(plan.map(({ atMs }) => atMs).sort((a, b) => a - b));
  });

  test.each(seeds)('seed %s: no two faults befall the same at once, and it has its time to come round', (seed) => {
    const plan = planFaults(seed, 30 * MINUTE_MS, kinds);
    for (const target of ['a', 'b', 'c', 'log']) {
      const own = plan.filter((fault) => fault.target === target);
      for (const [index, { atMs, lastsMs }] of own.entries()) {
        const next = own[index + 1];
        if (next !== undefined) expect(next.atMs).toBeGreaterThanOrEqual(atMs + lastsMs + (target === 'log' ? 10_000 : 3000));
      }
    }
  });

  test('without kinds there are no faults, and a run too short for any has none', () => {
    expect(planFaults(1, 3 * MINUTE_MS, [])).toEqual([]);
    expect(planFaults(1, 3000, kinds.slice(2))).toEqual([]);
  });
});
