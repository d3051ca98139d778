import type { CallEventOf, NotificationHeader } from '@cc/contracts';
import type { KnownAttempt } from './normalise';

/** By what a notification and an attempt find each other: the seat that was polled, else our attempt id where the message carries it, else the vendor's call id. */
export function subjectOf(header: NotificationHeader): string | undefined {
  if (header.seat !== undefined) return subjectOfSeat(header.channel, header.seat);
  if (header.attemptId !== undefined) return subjectOfAttempt(header.channel, header.attemptId);
  return header.vendorCallId === undefined ? undefined : subjectOfVendorCall(header.channel, header.vendorCallId);
}

export const subjectOfAttempt = (channel: string, attemptId: string): string => `${channel}|attempt|${attemptId}`.slice(0, 160);
export const subjectOfSeat = (channel: string, seat: string): string => `${channel}|seat|${seat}`.slice(0, 160);
export const subjectOfVendorCall = (channel: string, vendorCallId: string): string => `${channel}|vendor|${vendorCallId}`.slice(0, 160);

export function attemptOf(started: CallEventOf<'cc.call.attempt-started.v1'>): KnownAttempt {
  const { attemptId, callId, tenant, channel, recordRequested } = started;
  return { attemptId, callId, tenant, channel, recordRequested };
}
