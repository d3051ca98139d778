import { placementProofs, type AttemptResolution, type CallEvent, type CallEventOf, type CallEventType } from '@cc/contracts';
import { defined } from '@cc/kernel';

/** What is known of an attempt: `unknown` is in doubt, `resolved` was in doubt and somebody has said what became of it. */
export type AttemptState = 'sending' | 'accepted' | 'refused' | 'unknown' | 'resolved' | 'ended';

/** One dial at a vendor, as its events tell. Times are epoch ms. */
export interface AttemptView {
  readonly attemptId: string;
  readonly number?: number;
  readonly channel?: string;
  readonly vendor?: string;
  readonly state: AttemptState;
  readonly startedAt?: number;
  readonly vendorCallId?: string;
  readonly refusal?: RefusalView;
  /** Why it was, or is, in doubt. */
  readonly doubt?: string;
  readonly resolution?: ResolutionView;
}

export interface RefusalView {
  readonly class: 'not-sent' | 'rejected';
  readonly code?: string;
  readonly reason: string;
}

export interface ResolutionView {
  readonly resolution: AttemptResolution;
  readonly resolvedBy: 'query' | 'operator' | 'reaper';
  /** The name of the operator's key. */
  readonly operator?: string;
  readonly reason: string;
  readonly resolvedAt: number;
}

/** An attempt that nobody can tell the fate of. */
export interface AttemptInDoubt {
  readonly attemptId: string;
  readonly callId: string;
  readonly tenant: string;
  readonly channel: string;
  /** When it came into doubt, epoch ms. */
  readonly since: number;
  readonly reason: string;
}

const proofs: ReadonlySet<string> = new Set(placementProofs);

/** The attempt that this event takes out of doubt. The reaper's end is none: it gives up, it does not know. */
export function settledBy(event: CallEvent): string | undefined {
  if (event.type === 'cc.call.ended.v1') return event.source === 'reaper' ? undefined : event.attemptId;
  if (event.type === 'cc.call.attempt-resolved.v1' || event.type === 'cc.call.attempt-refused.v1') return event.attemptId;
  return 'attemptId' in event && proofs.has(event.type) ? event.attemptId : undefined;
}

/** The attempts of these events that are in doubt, whatever the order of the events. */
export function attemptsInDoubt(events: readonly CallEvent[]): AttemptInDoubt[] {
  const settled = new Set(events.map(settledBy));
  return events
    .filter((event) => event.type === 'cc.call.attempt-unknown.v1')
    .filter(({ attemptId }) => !settled.has(attemptId))
    .map(({ attemptId, callId, tenant, channel, occurredAt, reason }) => ({ attemptId, callId, tenant, channel, since: occurredAt, reason }));
}

/** Each vendor attempt of a call, first to last; of two events that say the same of one, the first counts. */
export function attemptsOf(events: readonly CallEvent[]): AttemptView[] {
  const ids = new Set(events.flatMap((event) => ('attemptId' in event && event.attemptId !== undefined ? [event.attemptId] : [])));
  return [...ids]
    .map((attemptId) => attemptOf(attemptId, events.filter((event) => 'attemptId' in event && event.attemptId === attemptId)))
    .sort((a, b) => (a.number ?? Infinity) - (b.number ?? Infinity) || (a.attemptId < b.attemptId ? -1 : 1));
}

function attemptOf(attemptId: string, events: readonly CallEvent[]): AttemptView {
  const started = find(events, 'cc.call.attempt-started.v1');
  const accepted = find(events, 'cc.call.attempt-accepted.v1');
  const refused = find(events, 'cc.call.attempt-refused.v1');
  const unknown = find(events, 'cc.call.attempt-unknown.v1');
  const resolved = find(events, 'cc.call.attempt-resolved.v1');
  return {
    attemptId,
    state: stateOf(events),
    ...(started === undefined ? {} : { number: started.attemptNumber, channel: started.channel, vendor: started.vendor, startedAt: started.occurredAt }),
    ...defined({
      vendorCallId: accepted?.vendorCallId,
      refusal: refused === undefined ? undefined : refusalOf(refused),
      doubt: unknown?.reason,
      resolution: resolved === undefined ? undefined : resolutionOf(resolved),
    }),
  };
}

/** A vendor's word weighs more than a person's, that more than the router's conclusions; an end that the reaper declared leaves the doubt. */
function stateOf(events: readonly CallEvent[]): AttemptState {
  const ends = events.filter((event) => event.type === 'cc.call.ended.v1').map(({ source }) => source);
  if (ends.some((source) => source !== 'router' && source !== 'reaper')) return 'ended';
  if (find(events, 'cc.call.attempt-resolved.v1') !== undefined) return 'resolved';
  if (events.some(({ type }) => proofs.has(type))) return ends.length > 0 ? 'ended' : 'accepted';
  if (find(events, 'cc.call.attempt-refused.v1') !== undefined) return 'refused';
  if (ends.includes('router')) return 'ended';
  return find(events, 'cc.call.attempt-unknown.v1') === undefined ? 'sending' : 'unknown';
}

function refusalOf({ class: kind, vendorCode, reason }: CallEventOf<'cc.call.attempt-refused.v1'>): RefusalView {
  return { class: kind, ...defined({ code: vendorCode }), reason };
}

function resolutionOf({ resolution, resolvedBy, operator, reason, occurredAt }: CallEventOf<'cc.call.attempt-resolved.v1'>): ResolutionView {
  return { resolution, resolvedBy, ...defined({ operator }), reason, resolvedAt: occurredAt };
}

function find<T extends CallEventType>(events: readonly CallEvent[], type: T): CallEventOf<T> | undefined {
  const isWanted = (event: CallEvent): event is CallEventOf<T> => event.type === type;
  return events.find(isWanted);
}
