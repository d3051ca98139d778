import { cutTimes, type CallTimes } from './call-times';
import type { Leg, SimulatedCall } from './simulated-call';

export const handActs = ['answer', 'decline', 'hang-up'] as const;
/** What a person at a phone can do. */
export type HandAct = (typeof handActs)[number];

export type LegState = 'idle' | 'ringing' | 'busy' | 'answered' | 'ended';

export interface LegView {
  readonly leg: Leg;
  readonly number: string;
  readonly state: LegState;
  /** When the state began, epoch ms. */
  readonly since: number;
  /** What a hand can do now. */
  readonly can: readonly HandAct[];
}

/** Both phones of a call as they are at `nowMs`. */
export function legsOf(call: SimulatedCall, nowMs: number): readonly [LegView, LegView] {
  const { times } = call;
  return [
    viewOf({ leg: 'A', number: call.a, ringAt: times.aRingAt, answeredAt: times.aAnsweredAt, busy: times.end === 'a-busy' }, call, nowMs),
    viewOf({ leg: 'B', number: call.b, ringAt: times.bRingAt, answeredAt: times.connectedAt, busy: times.end === 'b-busy' }, call, nowMs),
  ];
}

type Course = Pick<LegView, 'leg' | 'number'> & { readonly ringAt: number | undefined; readonly answeredAt: number | undefined; readonly busy: boolean };

function viewOf({ leg, number, ringAt, answeredAt, busy }: Course, { dialledAt, times }: SimulatedCall, nowMs: number): LegView {
  if (times.endedAt <= nowMs) return { leg, number, state: 'ended', since: times.endedAt, can: [] };
  if (ringAt === undefined || ringAt > nowMs) return { leg, number, state: 'idle', since: dialledAt, can: [] };
  if (busy) return { leg, number, state: 'busy', since: ringAt, can: [] };
  if (answeredAt === undefined || answeredAt > nowMs) return { leg, number, state: 'ringing', since: ringAt, can: ['answer', 'decline'] };
  return { leg, number, state: 'answered', since: answeredAt, can: ['hang-up'] };
}

/** The course of a call in which the person at `leg` declines or hangs up at `atMs`. */
export function timesAfterLeaving({ times }: SimulatedCall, leg: Leg, act: Exclude<HandAct, 'answer'>, atMs: number): CallTimes {
  const byA = leg === 'A';
  if (act === 'decline') return cutTimes(times, atMs, byA ? 'a-busy' : 'b-busy');
  return cutTimes(times, atMs, byA ? 'a-hung-up' : 'b-hung-up');
}
