import type { CallEnd } from '../scenario';
import { shownSeconds, type SimulatedCall } from '../simulated-call';

/** One event of a call, as a callback or a query tells it. */
export interface JyMessage {
  readonly event: 'queued' | 'a-ringing' | 'a-answered' | 'b-ringing' | 'connected' | 'ended';
  readonly occurredAt: number;
}

const causes: Readonly<Record<CallEnd, { readonly cause: string; readonly endedBy: string }>> = {
  'b-hung-up': { cause: 'normal', endedBy: 'b' },
  'a-hung-up': { cause: 'normal', endedBy: 'a' },
  cancelled: { cause: 'normal', endedBy: 'application' },
  'a-no-answer': { cause: 'a-unreachable', endedBy: 'vendor' },
  'b-no-answer': { cause: 'b-unreachable', endedBy: 'vendor' },
  'a-busy': { cause: 'a-busy', endedBy: 'vendor' },
  'b-busy': { cause: 'b-busy', endedBy: 'vendor' },
  'max-duration': { cause: 'max-duration', endedBy: 'vendor' },
};

/** The events of a whole call, in order. */
export function messagesOf({ times }: SimulatedCall): JyMessage[] {
  const at = (event: JyMessage['event'], occurredAt: number | undefined): JyMessage[] => (occurredAt === undefined || occurredAt > times.endedAt ? [] : [{ event, occurredAt }]);
  return [...at('a-ringing', times.aRingAt), ...at('a-answered', times.aAnsweredAt), ...at('b-ringing', times.bRingAt), ...at('connected', times.connectedAt), ...at('ended', times.endedAt)];
}

/** The last event of a call up to now. */
export function lastMessage(call: SimulatedCall, nowMs: number): JyMessage {
  return messagesOf(call).findLast(({ occurredAt }) => occurredAt <= nowMs) ?? { event: 'queued', occurredAt: call.dialledAt };
}

/** What a message says of its call. */
export function fieldsOf({ event, occurredAt }: JyMessage, call: SimulatedCall): Readonly<Record<string, string | number>> {
  const { times } = call;
  const identity = { callId: call.id, event, occurredAt, ...(call.echo === undefined ? {} : { attemptId: call.echo }) };
  if (event !== 'ended') return identity;
  return {
    ...identity,
    ...causes[times.end],
    ...(times.aAnsweredAt === undefined ? {} : { aAnsweredAt: times.aAnsweredAt }),
    ...(times.connectedAt === undefined ? { durationSeconds: 0 } : { connectedAt: times.connectedAt, durationSeconds: shownSeconds(times.connectedAt, times.endedAt) }),
    ...(call.recorded && times.connectedAt !== undefined ? { recordingUrl: `${call.baseUrl}/jy/recordings/${call.id}.wav` } : {}),
  };
}
