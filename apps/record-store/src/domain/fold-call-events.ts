import { closeTypes, LONGEST_TALK_SECONDS, type CallEvent, type CallEventOf, type CallEventType, type CallRecord, type CallStage, type EventSource, type Recording } from '@cc/contracts';
import { defined } from '@cc/kernel';

/** Which source is believed where two of them disagree: query > callback > poll > derived > our own conclusions. */
const precedence: Readonly<Record<EventSource, number>> = { query: 6, callback: 5, poll: 4, derived: 3, router: 2, gateway: 2, archiver: 2, reaper: 1 };

/** How far a call has got when an event of this type is known. */
const progress: readonly (readonly [CallEventType, CallStage])[] = [
  ['cc.call.ended.v1', 'ended'],
  ['cc.call.connected.v1', 'connected'],
  ['cc.call.b-ringing.v1', 'b-ringing'],
  ['cc.call.a-answered.v1', 'a-answered'],
  ['cc.call.a-ringing.v1', 'a-ringing'],
  ['cc.call.attempt-accepted.v1', 'dialing'],
  ['cc.call.attempt-unknown.v1', 'dialing'],
  ['cc.call.attempt-started.v1', 'dialing'],
];

/**
 * The record of one call from the set of its events: any order and any duplicates give the same record, byte for byte.
 * `undefined` while the `requested` event, which names the tenant, has not come.
 */
export function foldCallEvents(events: readonly CallEvent[]): CallRecord | undefined {
  const distinct = firstCopies(events);
  const all = new Facts([...distinct.values()]);
  const requested = all.best('cc.call.requested.v1');
  if (requested === undefined) return undefined;
  const facts = all.ofLatestAttempt();
  const { type: _type, id: _id, callId, tenant, occurredAt, recordedAt: _recordedAt, source: _source, record, ivr, ...request } = requested;
  return {
    callId,
    tenant,
    version: distinct.size,
    ...progressOf(facts),
    recordState: isComplete(facts) ? 'complete' : 'partial',
    ...request,
    ...defined({ ivrText: ivr?.text, ivrUrl: ivr?.url }),
    ...channelOf(facts),
    createdAt: occurredAt,
    updatedAt: Math.max(...[...distinct.values()].map((event) => event.recordedAt)),
    ...timesOf(facts),
    ...closeOf(facts),
    attempts: all.attempts,
    recording: recordingOf(facts, record),
  };
}

/** By id; of copies that differ in when we learnt of them the earliest, so that their order does not matter. */
function firstCopies(events: readonly CallEvent[]): Map<string, CallEvent> {
  const kept = new Map<string, CallEvent>();
  for (const event of events) {
    const other = kept.get(event.id);
    if (other === undefined || event.recordedAt < other.recordedAt) kept.set(event.id, event);
  }
  return kept;
}

/** Events with an answer to: which one of this type is believed? */
class Facts {
  constructor(private readonly events: readonly CallEvent[]) {}

  /** The believed event of a type: of the most trusted source, of those the earliest. */
  best<T extends CallEventType>(type: T): CallEventOf<T> | undefined {
    return this.allOf(type)[0];
  }

  /** All events of a type, the most believed first. */
  allOf<T extends CallEventType>(type: T): CallEventOf<T>[] {
    return this.events.filter((event): event is CallEventOf<T> => event.type === type).sort(byBelief);
  }

  /** A field from the most believed event of a type that tells it. */
  told<T extends CallEventType, K extends keyof CallEventOf<T>>(type: T, field: K): CallEventOf<T>[K] | undefined {
    return this.allOf(type).find((event) => event[field] !== undefined)?.[field];
  }

  get attempts(): number {
    return new Set(this.events.flatMap((event) => (event.type === 'cc.call.attempt-started.v1' ? [event.attemptId] : []))).size;
  }

  /** What concerns the last attempt, or the call as a whole. */
  ofLatestAttempt(): Facts {
    const started = this.events.filter((event) => event.type === 'cc.call.attempt-started.v1');
    const latest = started.sort((a, b) => b.attemptNumber - a.attemptNumber)[0];
    // Only what is known to be earlier is left out: an attempt whose start is late to arrive must not lose its progress meanwhile.
    const earlier = new Set(started.map((event) => event.attemptId).filter((attemptId) => attemptId !== latest?.attemptId));
    return new Facts(this.events.filter((event) => !('attemptId' in event) || event.attemptId === undefined || !earlier.has(event.attemptId)));
  }

  /** The vendor's state that goes with the furthest progress. */
  channelState(): string | undefined {
    for (const [type] of progress) {
      const event = this.best(type);
      if (event !== undefined && 'channelState' in event && event.channelState !== undefined) return event.channelState;
    }
    return undefined;
  }
}

function byBelief(a: CallEvent, b: CallEvent): number {
  return precedence[b.source] - precedence[a.source] || a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : 1);
}

function progressOf(facts: Facts): Pick<CallRecord, 'state' | 'stage'> {
  const stage = progress.find(([type]) => facts.best(type) !== undefined)?.[1] ?? 'queued';
  return { state: stage === 'ended' ? 'close' : stage === 'connected' ? 'conn' : 'init', stage };
}

/** Complete when whoever knows has told how it ended; the reaper only gives up waiting. */
function isComplete(facts: Facts): boolean {
  const ended = facts.best('cc.call.ended.v1');
  return ended !== undefined && ended.source !== 'reaper';
}

function channelOf(facts: Facts): Partial<CallRecord> {
  const started = facts.best('cc.call.attempt-started.v1');
  const accepted = facts.best('cc.call.attempt-accepted.v1');
  return defined({ channel: started?.channel, vendor: started?.vendor, vendorCallId: accepted?.vendorCallId, channelState: facts.channelState() });
}

function timesOf(facts: Facts): Partial<CallRecord> {
  const connectedAt = connectionOf(facts);
  return defined({
    aCallAt: facts.best('cc.call.a-ringing.v1')?.occurredAt,
    bCallAt: facts.best('cc.call.b-ringing.v1')?.occurredAt,
    aOffhookAt: facts.best('cc.call.a-answered.v1')?.occurredAt,
    bOffhookAt: connectedAt,
    connectedAt,
    closedAt: facts.best('cc.call.ended.v1')?.occurredAt,
  });
}

/** When both were joined; rebuilt from the end and the talking time where the event was lost. */
function connectionOf(facts: Facts): number | undefined {
  const connected = facts.best('cc.call.connected.v1');
  if (connected !== undefined) return connected.occurredAt;
  const ended = facts.best('cc.call.ended.v1');
  const talkedSeconds = facts.told('cc.call.ended.v1', 'durationSeconds') ?? 0;
  return ended === undefined || talkedSeconds === 0 ? undefined : ended.occurredAt - talkedSeconds * 1000;
}

function closeOf(facts: Facts): Partial<CallRecord> {
  const ended = facts.best('cc.call.ended.v1');
  if (ended === undefined) return {};
  const connectedAt = connectionOf(facts);
  // Whether anybody talked is unknown where only the reaper ended the call.
  const unheard = ended.source === 'reaper' ? undefined : 0;
  const counted = connectedAt === undefined ? unheard : Math.max(0, Math.floor((ended.occurredAt - connectedAt) / 1000));
  return defined({
    durationSeconds: facts.told('cc.call.ended.v1', 'durationSeconds') ?? (counted !== undefined && counted > LONGEST_TALK_SECONDS ? undefined : counted),
    closeType: ended.closeType,
    closeReason: facts.told('cc.call.ended.v1', 'reason') ?? closeTypes[ended.closeType],
    vendorCode: facts.told('cc.call.ended.v1', 'vendorCode'),
    endedBy: facts.told('cc.call.ended.v1', 'endedBy') ?? cancelledBefore(facts, ended),
  });
}

/** Where the vendor does not tell which side ended a call: the application, if it asked before and the vendor did as it was asked. */
function cancelledBefore(facts: Facts, ended: CallEventOf<'cc.call.ended.v1'>): 'application' | undefined {
  const cancelled = facts.best('cc.call.cancel-requested.v1');
  const heard = facts.told('cc.call.hang-up-answered.v1', 'accepted') === true;
  return heard && cancelled !== undefined && cancelled.recordedAt < ended.recordedAt ? 'application' : undefined;
}

function recordingOf(facts: Facts, requested: boolean): Recording {
  const available = facts.best('cc.call.recording-available.v1');
  const archived = facts.best('cc.call.recording-archived.v1');
  if (archived !== undefined) {
    const { object, url, sizeBytes, sha256, durationSeconds } = archived;
    return { status: 'archived', object, url, sizeBytes, sha256, ...defined({ durationSeconds, vendorUrl: archived.vendorUrl ?? available?.vendorUrl }) };
  }
  const failed = facts.best('cc.call.recording-failed.v1');
  if (failed !== undefined) return { status: 'failed', reason: failed.reason, ...defined({ vendorUrl: available?.vendorUrl }) };
  if (available !== undefined) return { status: 'available', ...defined({ vendorUrl: available.vendorUrl }) };
  return requested ? unannounced(facts) : { status: 'none' };
}

/** What is to be expected while the vendor has told of no recording. */
function unannounced(facts: Facts): Recording {
  const ended = facts.best('cc.call.ended.v1');
  if (ended === undefined || connectionOf(facts) !== undefined) return { status: 'expected' };
  return ended.source === 'reaper' ? { status: 'failed', reason: 'nobody knows whether there is one: no end of the call was heard of' } : { status: 'absent' };
}
