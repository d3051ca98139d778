import type { Pace } from './pace';
import type { CallEnd, Scenario } from './scenario';
import type { Random } from './seeded-random';

/** Everything that will happen in a call, in epoch ms, fixed when it is dialled until a hand changes it. */
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
const TALK_BY_HAND_SECONDS = 600;

/** Decides the whole course of a call, with the jitter of a real one. */
export function planTimes(terms: CallTerms, pace: Pace, random: Random): CallTimes {
  const { end, times } = terms.scenario;
  const course = new Course(terms, pace, random);
  const aRingAt = terms.dialledAt + course.after(times.ringAAfterSeconds, 0.3, 0.8);
  const silent = { aRingAt, aAnsweredAt: undefined, bRingAt: undefined, connectedAt: undefined };
  if (end === 'a-busy') return { ...silent, endedAt: aRingAt + pace.ms(BUSY_SECONDS), end };
  if (end === 'a-no-answer') return { ...silent, endedAt: aRingAt + course.unansweredMs(), end };
  return course.fromAnswerOfA(aRingAt, aRingAt + course.after(times.answerAAfterSeconds, 2, 3), end);
}

/** The rest of a call whose leg A a hand answers at `atMs`: B does what its scenario says of B, or else rings and waits. */
export function timesAfterAnswerOfA(terms: CallTerms, { aRingAt }: CallTimes, atMs: number, pace: Pace, random: Random): CallTimes {
  const { end } = terms.scenario;
  return new Course(terms, pace, random).fromAnswerOfA(aRingAt, atMs, end === 'a-no-answer' || end === 'a-busy' ? 'b-no-answer' : end);
}

/** The rest of a call whose leg B a hand answers at `atMs`: they talk as its scenario says, or else until a hand hangs up. */
export function timesAfterAnswerOfB(terms: CallTerms, before: CallTimes, atMs: number, pace: Pace, random: Random): CallTimes {
  const { aRingAt, aAnsweredAt = atMs, bRingAt = atMs } = before;
  const { end, times } = terms.scenario;
  const talks = end === 'a-hung-up' || end === 'b-hung-up' || end === 'max-duration';
  const scenario = talks ? terms.scenario : { ...terms.scenario, times: { ...times, talkSeconds: TALK_BY_HAND_SECONDS } };
  return new Course({ ...terms, scenario }, pace, random).fromAnswerOfB({ aRingAt, aAnsweredAt, bRingAt, connectedAt: atMs }, talks ? end : 'b-hung-up');
}

/** The same call, ended at `atMs`: what had not happened by then never does. */
export function cutTimes(times: CallTimes, atMs: number, end: CallEnd = 'cancelled'): CallTimes {
  const past = (at: number | undefined): number | undefined => (at !== undefined && at <= atMs ? at : undefined);
  return { aRingAt: times.aRingAt, aAnsweredAt: past(times.aAnsweredAt), bRingAt: past(times.bRingAt), connectedAt: past(times.connectedAt), endedAt: atMs, end };
}

type Answered = { readonly aRingAt: number; readonly aAnsweredAt: number; readonly bRingAt: number; readonly connectedAt: number };

/** The steps of one call, each from the one before. */
class Course {
  constructor(
    private readonly terms: CallTerms,
    private readonly pace: Pace,
    private readonly random: Random,
  ) {}

  /** @returns ms: the seconds that the scenario gives, otherwise some between the two. */
  after(givenSeconds: number | undefined, fromSeconds: number, toSeconds: number): number {
    return this.pace.ms(givenSeconds ?? fromSeconds + this.random() * (toSeconds - fromSeconds));
  }

  unansweredMs(): number {
    return this.pace.ms(this.terms.scenario.times.unansweredAfterSeconds ?? NO_ANSWER_SECONDS);
  }

  fromAnswerOfA(aRingAt: number, aAnsweredAt: number, end: CallEnd): CallTimes {
    const { times } = this.terms.scenario;
    const bRingAt = aAnsweredAt + this.after(times.ringBAfterSeconds, 0.2, 0.4);
    const unanswered = { aRingAt, aAnsweredAt, bRingAt, connectedAt: undefined };
    if (end === 'b-busy') return { ...unanswered, endedAt: bRingAt + this.pace.ms(BUSY_SECONDS), end };
    if (end === 'b-no-answer') return { ...unanswered, endedAt: bRingAt + this.unansweredMs(), end };
    return this.fromAnswerOfB({ aRingAt, aAnsweredAt, bRingAt, connectedAt: bRingAt + this.after(times.answerBAfterSeconds, 3, 4) }, end);
  }

  fromAnswerOfB(answered: Answered, end: CallEnd): CallTimes {
    const wishedMs = this.talkMs(end);
    const limitMs = this.limitMs(end);
    const cut = wishedMs === undefined || (limitMs !== undefined && limitMs < wishedMs);
    const talkedMs = cut ? (limitMs ?? this.pace.ms(DEFAULT_MAX_TALK_SECONDS)) : wishedMs;
    return { ...answered, endedAt: answered.connectedAt + talkedMs, end: cut ? 'max-duration' : end };
  }

  /** Undefined: they would talk for ever. */
  private talkMs(end: CallEnd): number | undefined {
    const { name, times } = this.terms.scenario;
    if (end === 'max-duration') return undefined;
    return name.startsWith('hang-up-by-') ? this.after(times.talkSeconds, 4, 6) : this.after(times.talkSeconds, 15, 20);
  }

  private limitMs(end: CallEnd): number | undefined {
    const { maxTalkSeconds, scenario } = this.terms;
    if (maxTalkSeconds !== undefined) return this.pace.ms(maxTalkSeconds);
    return end === 'max-duration' ? this.pace.ms(scenario.times.talkSeconds ?? DEFAULT_MAX_TALK_SECONDS) : undefined;
  }
}
