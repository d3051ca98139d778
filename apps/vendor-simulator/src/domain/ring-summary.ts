import type { Leg, Ring } from './simulated-call';

/** The rings of one dial, by what it sent to get it back. */
export interface EchoRings {
  readonly echo: string;
  readonly ringsOfA: number;
  readonly ringsOfB: number;
  /** Epoch ms. */
  readonly firstRingAt: number;
}

/** A phone that rang more than once for one call of the application. */
export interface DoubleRing {
  /** The application's call id: the echo without the number of the attempt, `-1`, and what may follow it. */
  readonly call: string;
  readonly leg: Leg;
  readonly rings: number;
  readonly echoes: readonly string[];
}

export interface RingSummary {
  readonly items: readonly EchoRings[];
  readonly doubles: readonly DoubleRing[];
  /** Rings of dials that sent nothing to get back: they are in no other figure. */
  readonly ringsWithoutEcho: number;
}

/** Counts rings by dial, and finds the calls for which somebody was rung twice. @param rings in order of time */
export function summarizeRings(rings: readonly Ring[]): RingSummary {
  const known = rings.flatMap((ring) => {
    const echo = ring.userData ?? ring.callData ?? ring.attemptId;
    return echo === undefined ? [] : [{ ...ring, echo, call: callOf(echo) }];
  });
  const items = [...groupsOf(known, ({ echo }) => echo)].map(([echo, group]) => ({
    echo, ringsOfA: countOf(group, 'A'), ringsOfB: countOf(group, 'B'), firstRingAt: group[0]?.ringAt ?? 0,
  }));
  const doubles = [...groupsOf(known, ({ call, leg }) => `${leg}${call}`).values()].flatMap((group): DoubleRing[] => {
    const [first] = group;
    return first === undefined || group.length < 2 ? [] : [{ call: first.call, leg: first.leg, rings: group.length, echoes: [...new Set(group.map(({ echo }) => echo))] }];
  });
  return { items, doubles, ringsWithoutEcho: rings.length - known.length };
}

/** Without the number of the attempt, and without what an adapter has put behind it (`_…`). */
const callOf = (echo: string): string => echo.replace(/-\d+(_.*)?$/, '');

const countOf = (rings: readonly Pick<Ring, 'leg'>[], leg: Leg): number => rings.filter((ring) => ring.leg === leg).length;

function groupsOf<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item)) ?? [];
    groups.set(keyOf(item), group);
    group.push(item);
  }
  return groups;
}
