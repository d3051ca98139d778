import type { CallEvent, CallEventOf, CloseType, Route } from '@cc/contracts';

/**
 * `sending`: committed before the first byte leaves, never left backwards. `unknown`: in doubt, nobody knows whether the vendor rings.
 * `refused`: certainly not placed, so the call may go elsewhere. `not-placed`: was in doubt, and the vendor's own answers or an operator
 * say that nobody rang. `abandoned`: nobody could tell, for longer than the call can have lasted.
 */
export type AttemptState = 'sending' | 'accepted' | 'unknown' | 'refused' | 'not-placed' | 'abandoned' | 'ended';
/** The states in which an attempt holds its line. */
export const liveStates: readonly AttemptState[] = ['sending', 'accepted', 'unknown'];

/** One try to have one channel connect a call. */
export interface Attempt {
  readonly attemptId: string;
  readonly callId: string;
  readonly tenant: string;
  readonly number: number;
  readonly channel: string;
  readonly vendor: string;
  /** The seat that calls, of a vendor whose agents sign in. */
  readonly seat?: string | undefined;
}

/** Of a call whose `notAfter` has passed before a dial could leave. */
export const TOO_LATE = 'too late: no channel took it before its notAfter';
/** The same of a call that waited for its line. */
export const LINE_TAKEN_TOO_LONG = 'too late: its line was taken until its notAfter, by another call or by an attempt in doubt';

/** Whether another call would have been refused as well, or only this one. */
export type Blame = 'call' | 'channel';

/** What a dial led to, whatever the vendor. Only `accepted` and `unknown` can have rung a phone. */
export type DialResult =
  | { readonly kind: 'accepted'; readonly vendorCallId: string }
  | { readonly kind: 'unfit'; readonly reason: string }
  | { readonly kind: 'not-sent'; readonly reason: string }
  /** We kept it back ourselves; the channel may be tried again. */
  | { readonly kind: 'withheld'; readonly reason: string }
  | { readonly kind: 'rejected'; readonly vendorCode: string; readonly reason: string; readonly blame: Blame }
  | { readonly kind: 'unknown'; readonly reason: string };

/** What a request to end a call led to; after `unknown` it is made again. */
export type HangUpResult = { readonly kind: 'accepted' } | { readonly kind: 'refused'; readonly reason: string } | { readonly kind: 'unknown'; readonly reason: string };

/** What the vendor said when it was asked about a call: something (a notification was appended, which may have `nothing` of the call), that there is no such call, or nothing. */
export type AskResult = { readonly kind: 'told'; readonly nothing?: true } | { readonly kind: 'not-found' } | { readonly kind: 'no-answer'; readonly reason: string };

/** How a dial ended, as the window of a channel's health counts it. */
export type OutcomeClass = 'well' | 'failure' | 'neutral';

/** A refusal for which the call is to blame says nothing of the channel. */
export function outcomeClassOf(result: DialResult): OutcomeClass {
  if (result.kind === 'accepted') return 'well';
  if (result.kind === 'unfit' || result.kind === 'withheld') return 'neutral';
  return result.kind === 'rejected' && result.blame === 'call' ? 'neutral' : 'failure';
}

export function stateAfter(result: DialResult): 'accepted' | 'unknown' | 'refused' {
  if (result.kind === 'accepted' || result.kind === 'unknown') return result.kind;
  return 'refused';
}

/** Attempt ids are derived from the call's, so that planning twice gives the same attempt. */
export const attemptIdOf = (callId: string, number: number): string => `${callId}-${number}`;

const about = (attempt: Attempt, nowMs: number) => ({
  callId: attempt.callId, tenant: attempt.tenant, attemptId: attempt.attemptId, channel: attempt.channel,
  occurredAt: nowMs, recordedAt: nowMs, source: 'router' as const,
});

export function startedEvent(attempt: Attempt, recordRequested: boolean, route: Route, nowMs: number): CallEventOf<'cc.call.attempt-started.v1'> {
  return {
    type: 'cc.call.attempt-started.v1', id: `${attempt.attemptId}/started`, ...about(attempt, nowMs), vendor: attempt.vendor, attemptNumber: attempt.number, recordRequested, route,
    ...(attempt.seat === undefined ? {} : { seat: attempt.seat }),
  };
}

/** The event that tells what a dial led to. */
export function settledEvent(attempt: Attempt, result: DialResult, nowMs: number): CallEvent {
  const base = about(attempt, nowMs);
  switch (result.kind) {
    case 'accepted':
      return { type: 'cc.call.attempt-accepted.v1', id: `${attempt.attemptId}/accepted`, ...base, vendorCallId: result.vendorCallId };
    case 'unknown':
      return { type: 'cc.call.attempt-unknown.v1', id: `${attempt.attemptId}/unknown`, ...base, reason: result.reason };
    case 'rejected':
      return { type: 'cc.call.attempt-refused.v1', id: `${attempt.attemptId}/refused`, ...base, class: 'rejected', vendorCode: result.vendorCode, reason: result.reason };
    case 'unfit':
    case 'withheld':
    case 'not-sent':
      return { type: 'cc.call.attempt-refused.v1', id: `${attempt.attemptId}/refused`, ...base, class: 'not-sent', reason: result.reason };
  }
}

/** An earlier attempt that proved that nobody rang: by the dial's own outcome, or, of one in doubt, by what was found out later. */
export interface Refusal extends Attempt {
  readonly kind: 'unfit' | 'withheld' | 'not-sent' | 'rejected' | 'not-placed';
  readonly vendorCode?: string | undefined;
  readonly reason: string;
}

/** The end of a call that every channel has refused: 6 when the last one said no or cannot place such a call, 7 when it could not be reached, or the call got lost on the way to it. */
export function endedByRefusal(last: Refusal, route: Route, nowMs: number): CallEventOf<'cc.call.ended.v1'> {
  return {
    type: 'cc.call.ended.v1', id: `${last.attemptId}/ended`, ...about(last, nowMs), closeType: last.kind === 'not-sent' || last.kind === 'not-placed' ? 7 : 6, endedBy: last.kind === 'rejected' ? 'vendor' : 'cc',
    ...(last.vendorCode === undefined ? {} : { vendorCode: last.vendorCode }), reason: last.reason, route,
  };
}

/** The end of a call that no channel has taken. */
export function closedUnplaced(call: { readonly callId: string; readonly tenant: string }, end: { readonly closeType: CloseType; readonly endedBy: 'application' | 'cc'; readonly reason: string; readonly route?: Route }, nowMs: number): CallEventOf<'cc.call.ended.v1'> {
  return { type: 'cc.call.ended.v1', id: `${call.callId}/ended`, callId: call.callId, tenant: call.tenant, occurredAt: nowMs, recordedAt: nowMs, source: 'router', ...end };
}

/** The end of a call of which nobody knows more, after the vendor was asked in vain. */
export function reapedEvent(attempt: Attempt, reason: string, nowMs: number): CallEventOf<'cc.call.ended.v1'> {
  return { type: 'cc.call.ended.v1', id: `${attempt.attemptId}/reaped`, ...about(attempt, nowMs), source: 'reaper', closeType: 255, endedBy: 'cc', reason };
}

/** Who says what became of an attempt in doubt. */
export type Resolution =
  | { readonly resolution: 'not-placed'; readonly resolvedBy: 'query'; readonly reason: string }
  | { readonly resolution: 'ended'; readonly resolvedBy: 'reaper'; readonly reason: string }
  | { readonly resolution: 'not-placed' | 'ended'; readonly resolvedBy: 'operator'; readonly operator: string; readonly reason: string };

export function resolvedEvent(attempt: Attempt, resolution: Resolution, nowMs: number): CallEventOf<'cc.call.attempt-resolved.v1'> {
  return { type: 'cc.call.attempt-resolved.v1', id: `${attempt.attemptId}/resolved`, ...about(attempt, nowMs), ...resolution };
}

/** @param result never `unknown`: then it is asked again. */
export function hangUpAnsweredEvent(attempt: Attempt, result: Exclude<HangUpResult, { kind: 'unknown' }>, nowMs: number): CallEventOf<'cc.call.hang-up-answered.v1'> {
  const accepted = result.kind === 'accepted';
  return { type: 'cc.call.hang-up-answered.v1', id: `${attempt.attemptId}/hang-up-answered/${result.kind}`, ...about(attempt, nowMs), accepted, ...(accepted ? {} : { reason: result.reason }) };
}

export function lateRingEvent(attempt: Attempt, heard: 'placed' | 'connected' | 'ended', nowMs: number): CallEventOf<'cc.call.late-ring.v1'> {
  return { type: 'cc.call.late-ring.v1', id: `${attempt.attemptId}/late-ring`, ...about(attempt, nowMs), heard };
}
