import { distinctEvents, type CallEvent, type CallEventOf, type CallEventType, type CallStage, type EventSource } from '@cc/contracts';

/** Which source is believed where two of them disagree: query > callback > poll > derived > our own conclusions. */
const precedence: Readonly<Record<EventSource, number>> = { query: 6, callback: 5, poll: 4, derived: 3, router: 2, gateway: 2, archiver: 2, reaper: 1 };

/** How far a call has got when an event of this type is known. */
const progress = [
  ['cc.call.ended.v1', 'ended'],
  ['cc.call.connected.v1', 'connected'],
  ['cc.call.b-ringing.v1', 'b-ringing'],
  ['cc.call.a-answered.v1', 'a-answered'],
  ['cc.call.a-ringing.v1', 'a-ringing'],
  ['cc.call.attempt-accepted.v1', 'dialing'],
  ['cc.call.attempt-unknown.v1', 'dialing'],
  ['cc.call.attempt-started.v1', 'dialing'],
] as const satisfies readonly (readonly [CallEventType, CallStage])[];

type ProgressEvent = CallEventOf<(typeof progress)[number][0]>;

/** Distinct events with an answer to: which one of this type is believed? */
export class Facts {
  private readonly byType = new Map<CallEventType, CallEvent[]>();

  private constructor(readonly events: readonly CallEvent[]) {
    for (const event of events) {
      const alike = this.byType.get(event.type);
      if (alike === undefined) this.byType.set(event.type, [event]);
      else alike.push(event);
    }
    for (const alike of this.byType.values()) alike.sort(byBelief);
  }

  /** Of copies of one event the earliest counts, so that their order does not matter. */
  static of(events: readonly CallEvent[]): Facts {
    return new Facts(distinctEvents(events));
  }

  /** The believed event of a type: of the most trusted source, of those the earliest whose time was told. */
  best<T extends CallEventType>(type: T): CallEventOf<T> | undefined {
    return this.allOf(type)[0];
  }

  /** All events of a type, the most believed first. */
  allOf<T extends CallEventType>(type: T): CallEventOf<T>[] {
    return (this.byType.get(type) ?? []).filter((event): event is CallEventOf<T> => event.type === type);
  }

  /** The most believed event of a type that tells the field. */
  teller<T extends CallEventType>(type: T, field: keyof CallEventOf<T>): CallEventOf<T> | undefined {
    return this.allOf(type).find((event) => event[field] !== undefined);
  }

  get attempts(): number {
    return new Set(this.allOf('cc.call.attempt-started.v1').map((event) => event.attemptId)).size;
  }

  /** What concerns the last attempt, or the call as a whole. */
  ofLatestAttempt(): Facts {
    const started = this.allOf('cc.call.attempt-started.v1');
    const latest = started.reduce<CallEventOf<'cc.call.attempt-started.v1'> | undefined>((best, one) => (best === undefined || one.attemptNumber > best.attemptNumber ? one : best), undefined);
    // Only what is known to be earlier is left out: an attempt whose start is late to arrive must not lose its progress meanwhile.
    const earlier = new Set(started.map((event) => event.attemptId).filter((attemptId) => attemptId !== latest?.attemptId));
    return earlier.size === 0 ? this : new Facts(this.events.filter((event) => !('attemptId' in event) || event.attemptId === undefined || !earlier.has(event.attemptId)));
  }

  /** The event that shows how far the call has got, and its stage by that. */
  furthest(): { readonly event: ProgressEvent; readonly stage: CallStage } | undefined {
    return this.progress()[0];
  }

  /** The event whose vendor state goes with the furthest progress. */
  channelStateTeller(): ProgressEvent | undefined {
    return this.progress().find(({ event }) => event.channelState !== undefined)?.event;
  }

  private progress(): { readonly event: ProgressEvent; readonly stage: CallStage }[] {
    return progress.flatMap(([type, stage]) => {
      const event = this.best(type);
      return event === undefined ? [] : [{ event, stage }];
    });
  }
}

/** Of one source: what is told exactly before what leaves the leg or the time open, then the earlier. */
function byBelief(a: CallEvent, b: CallEvent): number {
  return precedence[b.source] - precedence[a.source] || vagueness(a) - vagueness(b) || a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : 1);
}

function vagueness(event: CallEvent): number {
  return ('eitherLeg' in event && event.eitherLeg === true ? 2 : 0) + (event.untimed === true ? 1 : 0);
}
