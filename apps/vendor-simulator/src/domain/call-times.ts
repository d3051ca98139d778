import type { Pace } from './pace';
import type { CallEnd, Scenario } from './scenario';
import type { Random } from './seeded-random';

/** Everything that will happen in a call, in epoch ms, fixed when it is dialled. */
export interface CallTimes {
  readonly aRingAt: number;
  readonly aAnsweredAt: number | undefined;
  readonly bRingAt: number | undefined;
  /** B's answer: the legs are bridged. */
  readonly connectedAt: number | undefined;
  readonly endedAt: number;
  readonly end: CallEnd;
}

export interface CallTerms {
  readonly dialledAt: number;
  readonly scenario: Scenario;
  /** Longest talk in simulated seconds, where the dial named one. */
  readonly maxTalkSeconds: number | undefined;
}

const NO_ANSWER_SECONDS = 30;
const BUSY_SECONDS = 1;
const DEFAULT_MAX_TALK_SECONDS = 60;

/** Decides the whole course of a call, with the jitter of a real one. */
export function planTimes({ dialledAt, scenario, maxTalkSeconds }: CallTerms, pace: Pace, random: Random): CallTimes {
  const between = (from: number, to: number): number => pace.ms(from + random() * (to - from));
  const nothing = { aAnsweredAt: undefined, bRingAt: undefined, connectedAt: undefined };
  const { end } = scenario;

  const aRingAt = dialledAt + between(0.3, 0.8);
  if (end === 'a-busy') return { ...nothing, aRingAt, endedAt: aRingAt + pace.ms(BUSY_SECONDS), end };
  if (end === 'a-no-answer') return { ...nothing, aRingAt, endedAt: aRingAt + pace.ms(NO_ANSWER_SECONDS), end };

  const aAnsweredAt = aRingAt + between(2, 3);
  const bRingAt = aAnsweredAt + between(0.2, 0.4);
  if (end === 'b-busy') return { ...nothing, aRingAt, aAnsweredAt, bRingAt, endedAt: bRingAt + pace.ms(BUSY_SECONDS), end };
  if (end === 'b-no-answer') return { ...nothing, aRingAt, aAnsweredAt, bRingAt, endedAt: bRingAt + pace.ms(NO_ANSWER_SECONDS), end };

  const connectedAt = bRingAt + between(3, 4);
  const wishedMs = talkMs(scenario, between);
  const limitMs = limitOf(scenario, maxTalkSeconds, pace);
  const cut = wishedMs === undefined || (limitMs !== undefined && limitMs < wishedMs);
  const talkedMs = cut ? (limitMs ?? pace.ms(DEFAULT_MAX_TALK_SECONDS)) : wishedMs;
  return { aRingAt, aAnsweredAt, bRingAt, connectedAt, endedAt: connectedAt + talkedMs, end: cut ? 'max-duration' : end };
}

function talkMs(scenario: Scenario, between: (from: number, to: number) => number): number | undefined {
  if (scenario.end === 'max-duration') return undefined;
  return scenario.name.startsWith('hang-up-by-') ? between(4, 6) : between(15, 20);
}

function limitOf(scenario: Scenario, maxTalkSeconds: number | undefined, pace: Pace): number | undefined {
  if (maxTalkSeconds !== undefined) return pace.ms(maxTalkSeconds);
  return scenario.end === 'max-duration' ? pace.ms(DEFAULT_MAX_TALK_SECONDS) : undefined;
}

/** The same call, ended by the platform at `atMs`: what had not happened by then never does. */
export function cutTimes(times: CallTimes, atMs: number): CallTimes {
  const past = (at: number | undefined): number | undefined => (at !== undefined && at <= atMs ? at : undefined);
  return { aRingAt: times.aRingAt, aAnsweredAt: past(times.aAnsweredAt), bRingAt: past(times.bRingAt), connectedAt: past(times.connectedAt), endedAt: atMs, end: 'cancelled' };
}
