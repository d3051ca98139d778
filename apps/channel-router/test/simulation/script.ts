import fc from 'fast-check';

/** What the vendor does with one dial. `placed` ones ring; which the router can tell only from what it hears. */
export const manners = {
  answered: { placed: true, answer: 'accepted', answerAfterMs: 50, tells: 'once' },
  busy: { placed: true, answer: 'accepted', answerAfterMs: 50, tells: 'once', lasts: 'short' },
  'told-thrice': { placed: true, answer: 'accepted', answerAfterMs: 50, tells: 'thrice' },
  'told-before-answer': { placed: true, answer: 'accepted', answerAfterMs: 8000, tells: 'once' },
  'told-late': { placed: true, answer: 'accepted', answerAfterMs: 50, tells: 'late' },
  'never-told': { placed: true, answer: 'accepted', answerAfterMs: 50, tells: 'never' },
  /** What has begun is told, and its end never. */
  'end-never-told': { placed: true, answer: 'accepted', answerAfterMs: 50, tells: 'once', endLost: true },
  /** Its vendor knows it only once it was given up. */
  'never-told-found-too-late': { placed: true, answer: 'accepted', answerAfterMs: 50, tells: 'never', foundAfterMs: 358_000 },
  'placed-no-answer': { placed: true, answer: 'unknown', answerAfterMs: 10_000, tells: 'once' },
  'placed-no-answer-told-late': { placed: true, answer: 'unknown', answerAfterMs: 10_000, tells: 'late' },
  'placed-no-answer-never-told': { placed: true, answer: 'unknown', answerAfterMs: 10_000, tells: 'never' },
  'placed-but-500': { placed: true, answer: 'unknown', answerAfterMs: 30, tells: 'once' },
  'long-no-answer-never-told': { placed: true, answer: 'unknown', answerAfterMs: 30, tells: 'never', lasts: 'long' },
  'long-answered': { placed: true, answer: 'accepted', answerAfterMs: 50, tells: 'once', lasts: 'long' },
  'placed-found-late': { placed: true, answer: 'unknown', answerAfterMs: 30, tells: 'never', foundAfterMs: 105_000 },
  /** The vendor's own word is wrong: it knows nothing of the call, and tells of it minutes later. */
  'placed-denied-then-told': { placed: true, answer: 'unknown', answerAfterMs: 30, tells: 'much-later', foundAfterMs: 600_000 },
  'not-placed-no-answer': { placed: false, answer: 'unknown', answerAfterMs: 10_000, tells: 'never' },
  'not-placed-500': { placed: false, answer: 'unknown', answerAfterMs: 30, tells: 'never' },
  rejected: { placed: false, answer: 'rejected', answerAfterMs: 40, tells: 'never' },
  'not-sent': { placed: false, answer: 'not-sent', answerAfterMs: 5, tells: 'never' },
  'kept-back': { placed: false, answer: 'withheld', answerAfterMs: 30, tells: 'never' },
  /** It ends the call when it is asked a third time; to the first two it gives no answer. */
  'ends-unwillingly': { placed: true, answer: 'accepted', answerAfterMs: 50, tells: 'once', lasts: 'long', hangUpsUnheard: 2 },
} as const satisfies Readonly<Record<string, Manner>>;

export interface Manner {
  readonly placed: boolean;
  readonly answer: 'accepted' | 'unknown' | 'rejected' | 'not-sent' | 'withheld';
  readonly answerAfterMs: number;
  readonly tells: 'once' | 'thrice' | 'late' | 'much-later' | 'never';
  readonly lasts?: 'short' | 'long';
  /** A query finds it only then. */
  readonly foundAfterMs?: number;
  readonly hangUpsUnheard?: number;
  readonly endLost?: true;
}
export type MannerName = keyof typeof manners;

/** Where a router can die: around a commit, and around the request to the vendor. */
export const crashPoints = ['before-commit', 'after-commit', 'before-write', 'after-write', 'after-answer'] as const;
export type CrashPoint = (typeof crashPoints)[number];

export interface ScriptedCall {
  readonly atMs: number;
  readonly line: number;
  readonly whenBusy: 'wait' | 'reject';
  readonly channel: 'any' | 'a' | 'b' | 'c';
  readonly cancelAfterMs: number | undefined;
  /** What the first, second … vendor does with it. */
  readonly manners: readonly MannerName[];
}

export interface ScriptedFault {
  readonly router: number;
  readonly kind:
    | { readonly crashAt: CrashPoint; readonly occurrence: number }
    | { readonly stopAt: CrashPoint; readonly occurrence: number; readonly forMs: number }
    | { readonly stopAtMs: number; readonly forMs: number };
}

export interface Script {
  readonly calls: readonly ScriptedCall[];
  readonly faults: readonly ScriptedFault[];
  /** Calls of this tenant are dialled once more when they certainly were not placed. */
  readonly redial: boolean;
}

const mannerNames: fc.Arbitrary<MannerName> = fc.constantFrom(...(Object.keys(manners).filter((name): name is MannerName => name in manners)));

const call: fc.Arbitrary<ScriptedCall> = fc.record({
  atMs: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 20_000 }) }, { weight: 1, arbitrary: fc.integer({ min: 20_000, max: 200_000 }) }),
  line: fc.integer({ min: 0, max: 2 }),
  whenBusy: fc.constantFrom('wait' as const, 'reject' as const),
  channel: fc.constantFrom('any' as const, 'any' as const, 'a' as const, 'b' as const, 'c' as const),
  cancelAfterMs: fc.option(fc.integer({ min: 0, max: 30_000 }), { nil: undefined, freq: 5 }),
  manners: fc.array(mannerNames, { minLength: 1, maxLength: 3 }),
});

const fault: fc.Arbitrary<ScriptedFault> = fc.record({
  router: fc.integer({ min: 0, max: 1 }),
  kind: fc.oneof(
    fc.record({ crashAt: fc.constantFrom(...crashPoints), occurrence: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ stopAt: fc.constantFrom(...crashPoints), occurrence: fc.integer({ min: 1, max: 12 }), forMs: fc.constantFrom(4000, 60_000) }),
    fc.record({ stopAtMs: fc.integer({ min: 0, max: 30_000 }), forMs: fc.constantFrom(300, 4000, 20_000, 60_000) }),
  ),
});

/** Applications, vendors and faults of one run. */
export const scripts: fc.Arbitrary<Script> = fc.record({
  calls: fc.array(call, { minLength: 1, maxLength: 10 }),
  faults: fc.array(fault, { maxLength: 4 }),
  redial: fc.boolean(),
});
