import type { CallEvent, CallEventOf, CloseType } from '@cc/contracts';

/** `sending`: committed before the first byte leaves; `unknown`: nobody knows whether the vendor rings; both keep the line. */
export type AttemptState = 'sending' | 'accepted' | 'unknown' | 'refused' | 'ended';

/** One try to have one channel connect a call. */
export interface Attempt {
  readonly attemptId: string;
  readonly callId: string;
  readonly tenant: string;
  readonly number: number;
  readonly channel: string;
  readonly vendor: string;
}

/** What a dial led to, whatever the vendor. */
export type DialResult =
  | { readonly kind: 'accepted'; readonly vendorCallId: string }
  | { readonly kind: 'unfit'; readonly reason: string }
  | { readonly kind: 'not-sent'; readonly reason: string }
  | { readonly kind: 'rejected'; readonly vendorCode: string; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** What a request to end a call led to; after `unknown` it is made again. */
export type CancelResult = { readonly kind: 'accepted' } | { readonly kind: 'refused' | 'unknown'; readonly reason: string };

/** When an attempt without a known end is looked after, epoch ms. */
export interface Watch {
  /** The vendor is asked what became of the call. */
  readonly lookAt: number;
  /** From here on the call is closed as 255 when the vendor, asked once more, does not end it. */
  readonly reapAt: number;
}

export interface WatchLimits {
  readonly setupSeconds: number;
  readonly querySeconds: number;
  readonly callSeconds: number;
}

/** An attempt in doubt is given the time that a vendor needs to ring; one that was accepted, the longest that a call may last. */
export function watchOf(state: AttemptState, maxDurationSeconds: number, nowMs: number, limits: WatchLimits): Watch {
  if (state !== 'accepted') return { lookAt: nowMs + limits.setupSeconds * 1000, reapAt: nowMs + limits.setupSeconds * 1000 };
  return { lookAt: nowMs + limits.querySeconds * 1000, reapAt: nowMs + Math.max(limits.callSeconds, maxDurationSeconds) * 1000 };
}

/** A vendor that gives no answer is asked so often past the last limit. */
const VAIN_LOOKS = 10;

/** Whether a call without a known end is closed now: past its last limit, and the vendor was asked in vain or cannot be asked. */
export function isGivenUp(call: { readonly queried: boolean; readonly reapAt: number; readonly canBeAsked: boolean; readonly answered: boolean }, nowMs: number, graceMs: number): boolean {
  if (nowMs < call.reapAt) return false;
  if (call.queried || !call.canBeAsked) return true;
  return !call.answered && nowMs >= call.reapAt + VAIN_LOOKS * graceMs;
}

/** Attempt ids are derived from the call's, so that planning twice gives the same attempt. */
export const attemptIdOf = (callId: string, number: number): string => `${callId}-${number}`;

const about = (attempt: Attempt, nowMs: number) => ({
  callId: attempt.callId, tenant: attempt.tenant, attemptId: attempt.attemptId, channel: attempt.channel,
  occurredAt: nowMs, recordedAt: nowMs, source: 'router' as const,
});

export function startedEvent(attempt: Attempt, recordRequested: boolean, nowMs: number): CallEventOf<'cc.call.attempt-started.v1'> {
  return { type: 'cc.call.attempt-started.v1', id: `${attempt.attemptId}/started`, ...about(attempt, nowMs), vendor: attempt.vendor, attemptNumber: attempt.number, recordRequested };
}

/** The state that a dial's result leads to, and the events that tell of it. A refusal ends the call: 6 when the vendor said no or cannot place such a call, 7 when it could not be reached. */
export function settle(attempt: Attempt, result: DialResult, nowMs: number): { readonly state: AttemptState; readonly events: readonly CallEvent[] } {
  const base = about(attempt, nowMs);
  switch (result.kind) {
    case 'accepted':
      return { state: 'accepted', events: [{ type: 'cc.call.attempt-accepted.v1', id: `${attempt.attemptId}/accepted`, ...base, vendorCallId: result.vendorCallId }] };
    case 'unknown':
      return { state: 'unknown', events: [{ type: 'cc.call.attempt-unknown.v1', id: `${attempt.attemptId}/unknown`, ...base, reason: result.reason }] };
    case 'rejected':
      return {
        state: 'refused',
        events: [
          { type: 'cc.call.attempt-refused.v1', id: `${attempt.attemptId}/refused`, ...base, class: 'rejected', vendorCode: result.vendorCode, reason: result.reason },
          { type: 'cc.call.ended.v1', id: `${attempt.attemptId}/ended`, ...base, closeType: 6, endedBy: 'vendor', vendorCode: result.vendorCode, reason: result.reason },
        ],
      };
    case 'unfit':
    case 'not-sent':
      return {
        state: 'refused',
        events: [
          { type: 'cc.call.attempt-refused.v1', id: `${attempt.attemptId}/refused`, ...base, class: 'not-sent', reason: result.reason },
          { type: 'cc.call.ended.v1', id: `${attempt.attemptId}/ended`, ...base, closeType: result.kind === 'unfit' ? 6 : 7, endedBy: 'cc', reason: result.reason },
        ],
      };
  }
}

/** The end of a call that no vendor was asked to place. */
export function closedUndialled(call: { readonly callId: string; readonly tenant: string }, closeType: CloseType, endedBy: 'application' | 'cc', reason: string, nowMs: number): CallEventOf<'cc.call.ended.v1'> {
  return { type: 'cc.call.ended.v1', id: `${call.callId}/ended`, callId: call.callId, tenant: call.tenant, occurredAt: nowMs, recordedAt: nowMs, source: 'router', closeType, endedBy, reason };
}

/** The end of a call of which nobody knows more, after the vendor was asked in vain. */
export function reapedEvent(attempt: Attempt, nowMs: number): CallEventOf<'cc.call.ended.v1'> {
  return { type: 'cc.call.ended.v1', id: `${attempt.attemptId}/reaped`, ...about(attempt, nowMs), source: 'reaper', closeType: 255, endedBy: 'cc', reason: 'no end was heard of within the limit, and the vendor gave none' };
}
