/** A source of numbers in [0, 1); the same seed gives the same sequence. */
export type Random = () => number;

/** Mulberry32: small, and good enough to draw a plan. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A kind of fault as the plan knows it; what it does to the world is in faults.ts. */
export interface FaultKind {
  readonly name: string;
  /** What it can befall: the target, and what is busy with the fault until it is over and the target has come round. */
  readonly targets: readonly FaultTarget[];
  /** Seconds, shortest and longest: most faults are short, a few take long. */
  readonly lasts: readonly [number, number];
  /** Seconds after its end in which nothing else befalls the same. */
  readonly comesRound?: number;
}

export interface FaultTarget {
  readonly name: string;
  /** Two faults with one of these in common never overlap. */
  readonly occupies: readonly string[];
}

export interface PlannedFault {
  readonly kind: string;
  readonly target: string;
  /** From the start of the plan. */
  readonly atMs: number;
  readonly lastsMs: number;
}

const FIRST_MS = 3000;
const DEFAULT_COMES_ROUND = 3;
/** Between the beginnings of two faults, seconds. */
const GAP = [1, 9] as const;

/** From `low` to `high`, the lower values more often. */
const skewed = (random: Random, [low, high]: readonly [number, number]): number => low + (high - low) * random() ** 2;

/**
 * The faults of a run, a pure function of its arguments. Each kind comes once before any comes again, and each target of a kind once
 * before any of them again. All are over at the end.
 */
export function planFaults(seed: number, durationMs: number, kinds: readonly FaultKind[]): PlannedFault[] {
  const random = seededRandom(seed);
  const plan: PlannedFault[] = [];
  const deck = new Deck(kinds, random);
  const targets = new Map(kinds.map((kind) => [kind.name, new Deck(kind.targets, random)]));
  const freeAt = new Map<string, number>();
  for (let atMs = FIRST_MS; ; atMs += 1000 * skewed(random, GAP)) {
    const kind = deck.draw();
    const target = kind === undefined ? undefined : targets.get(kind.name)?.draw();
    if (kind === undefined || target === undefined) return plan;
    const lastsMs = Math.round(1000 * skewed(random, kind.lasts));
    atMs = Math.round(Math.max(atMs, ...target.occupies.map((name) => freeAt.get(name) ?? 0)));
    if (atMs + lastsMs > durationMs) {
      // A shorter one of another kind may still fit.
      if (atMs > durationMs - 1000) return plan;
      continue;
    }
    plan.push({ kind: kind.name, target: target.name, atMs, lastsMs });
    for (const name of target.occupies) freeAt.set(name, atMs + lastsMs + 1000 * (kind.comesRound ?? DEFAULT_COMES_ROUND));
  }
}

/** Cards that come in a shuffled order, all before any comes again. */
class Deck<T> {
  private left: T[] = [];

  constructor(
    private readonly cards: readonly T[],
    private readonly random: Random,
  ) {}

  /** Undefined where there are none. */
  draw(): T | undefined {
    if (this.left.length === 0) this.left = this.shuffled();
    return this.left.pop();
  }

  private shuffled(): T[] {
    return this.cards.map((card) => ({ card, place: this.random() })).sort((a, b) => a.place - b.place).map(({ card }) => card);
  }
}
