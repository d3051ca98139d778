import type { CallEvent, ChannelNotification } from '@cc/contracts';
import { z } from 'zod';
import type { KnownAttempt } from './normalise';

/** How far a call can have come, in order. */
export const CallProgress = z.enum(['none', 'a-ringing', 'a-answered', 'b-ringing', 'connected', 'ended']);
export type CallProgress = z.infer<typeof CallProgress>;
const progressSteps = CallProgress.options;

/** The router's clock and the poller's may differ by this much, ms. */
const CLOCK_DIFFERENCE_MS = 1000;

/** An attempt of a seat, with how far its call has come. */
export interface SeatAttempt {
  readonly attempt: KnownAttempt;
  readonly subject: string;
  /** When it was committed, before its dial left, epoch ms. */
  readonly startedAt: number;
  vendorCallId: string | undefined;
  progress: CallProgress;
  /** Nothing more is expected of it, by whoever says so. */
  over: boolean;
}

export type SeatChoice =
  | { readonly kind: 'ours'; readonly of: SeatAttempt }
  /** It may be about an attempt that is not known yet. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'foreign'; readonly reason: string };

/**
 * Whose a seat's message is: the attempt whose vendor call it names; else the seat's latest attempt that had begun when
 * it came, while that has not ended, since a seat has one call at a time. A message that names another call is not ours.
 */
export function chooseAttempt(attempts: readonly SeatAttempt[], { vendorCallId, receivedAt }: Pick<ChannelNotification, 'vendorCallId' | 'receivedAt'>): SeatChoice {
  const named = vendorCallId === undefined ? undefined : attempts.find((one) => one.vendorCallId === vendorCallId);
  if (named !== undefined) return { kind: 'ours', of: named };
  const begun = attempts.filter(({ startedAt }) => startedAt <= receivedAt + CLOCK_DIFFERENCE_MS);
  const latest = begun.reduce<SeatAttempt | undefined>((best, one) => (best === undefined || one.startedAt >= best.startedAt ? one : best), undefined);
  if (latest === undefined || latest.over) return { kind: 'wait' };
  if (vendorCallId !== undefined && latest.vendorCallId !== undefined) return { kind: 'foreign', reason: 'it names another call than that of the seat\'s attempt' };
  return { kind: 'ours', of: latest };
}

/** How far the call has come with these events; never back. */
export function advance(progress: CallProgress, events: readonly CallEvent[]): CallProgress {
  const reached = events.map(({ type }) => progressSteps.findIndex((step) => type === `cc.call.${step}.v1`));
  return progressSteps[Math.max(progressSteps.indexOf(progress), ...reached)] ?? progress;
}
