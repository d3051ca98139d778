import type { CallEvent, Route } from '@cc/contracts';
import { defined } from '@cc/kernel';

/** A choice of the router for a call, as it was made. */
export interface DecidedRoute {
  /** Absent when no channel could take the call. */
  readonly attemptId?: string;
  /** Epoch ms. */
  readonly decidedAt: number;
  readonly route: Route;
}

/** Every choice that was made for a call, the newest last; those of one moment stay in the order of their events. */
export function routesOf(events: readonly CallEvent[]): DecidedRoute[] {
  return events
    .filter((event) => event.type === 'cc.call.attempt-started.v1' || event.type === 'cc.call.ended.v1')
    .flatMap(({ attemptId, occurredAt, route }) => (route === undefined ? [] : [{ ...defined({ attemptId }), decidedAt: occurredAt, route }]))
    .sort((a, b) => a.decidedAt - b.decidedAt);
}

/** What the router has said first of a call: nothing yet, that it dials, that the line has another call, or that the call is over for another reason. */
export type FirstWord = 'none' | 'dials' | 'line-busy' | 'over';

export function firstWordOf(events: readonly CallEvent[]): FirstWord {
  const ends = events.filter((event) => event.type === 'cc.call.ended.v1');
  if (ends.some(({ closeType, endedBy, route }) => closeType === 3 && endedBy === 'cc' && route?.lineBusy === true)) return 'line-busy';
  if (events.some(({ type }) => type === 'cc.call.attempt-started.v1')) return 'dials';
  return ends.length > 0 ? 'over' : 'none';
}
