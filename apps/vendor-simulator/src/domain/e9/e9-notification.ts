import type { CallEnd } from '../scenario';
import { shownSeconds, type SimulatedCall } from '../simulated-call';
import { beijingDigits } from './beijing-time';

/** One callback of a call, at the moment that it reports. */
export interface E9Notification {
  readonly action: 'CallInvite' | 'CallEstablish' | 'Hangup';
  /** Of `CallInvite`: 0 A is called, 1 B is called. */
  readonly userFlag: 0 | 1 | undefined;
  readonly occurredAt: number;
}

/** `byeType` of each end. A cancelled call ends as normal: the platform hung up, and nobody failed to answer. */
const byeTypes: Readonly<Record<CallEnd, string>> = {
  'b-hung-up': '0', 'a-hung-up': '0', cancelled: '0', 'a-no-answer': '1', 'b-no-answer': '2', 'a-busy': '3', 'b-busy': '4', 'max-duration': '5',
};

/** The callbacks of a whole call in the order of what they report. */
export function notificationsOf({ times }: SimulatedCall): E9Notification[] {
  const invited = times.aRingAt <= times.endedAt;
  return [
    ...(invited ? [{ action: 'CallInvite', userFlag: 0, occurredAt: times.aRingAt } as const] : []),
    ...(times.bRingAt === undefined ? [] : [{ action: 'CallInvite', userFlag: 1, occurredAt: times.bRingAt } as const]),
    ...(times.connectedAt === undefined ? [] : [{ action: 'CallEstablish', userFlag: undefined, occurredAt: times.connectedAt } as const]),
    { action: 'Hangup', userFlag: undefined, occurredAt: times.endedAt },
  ];
}

/** The fields of a `Hangup`, as its callback and the record query have them. */
export function hangupFields(call: SimulatedCall, appId: string): Record<string, string> {
  return fieldsOf({ action: 'Hangup', userFlag: undefined, occurredAt: call.times.endedAt }, call, appId);
}

/** Joined text without escaping, as the vendor builds it: what the caller put into userData can break it. */
export function notificationXml(notification: E9Notification, call: SimulatedCall, appId: string): string {
  const elements = Object.entries(fieldsOf(notification, call, appId)).map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<?xml version='1.0'?><req>${elements.join('')}</req>`;
}

/** What was never set arrives as the word `null`; only `recordUrl` is empty. */
const orNull = (value: string | number | undefined): string => String(value ?? null);
const timeOrNull = (epochMs: number | undefined): string => orNull(epochMs === undefined ? undefined : beijingDigits(epochMs));

function fieldsOf({ action, userFlag, occurredAt }: E9Notification, call: SimulatedCall, appId: string): Record<string, string> {
  const { times } = call;
  const common = {
    action, type: '1', appId, caller: call.a, called: call.b, subType: displayFlag(action, userFlag, call), callId: call.id, dateCreated: beijingDigits(occurredAt),
    ...(userFlag === undefined ? {} : { userFlag: String(userFlag) }),
    userData: orNull(call.echo),
  };
  if (action !== 'Hangup') return common;
  return {
    ...common,
    startTimeA: timeOrNull(times.aAnsweredAt),
    startTimeB: timeOrNull(times.connectedAt),
    endTime: beijingDigits(times.endedAt),
    duration: String(times.connectedAt === undefined ? 0 : shownSeconds(times.connectedAt, times.endedAt)),
    recordUrl: recordUrlOf(call),
    byeType: byeTypes[times.end],
  };
}

/** Before the end: whether the leg sees a number. At the end: how many legs saw one. */
function displayFlag(action: E9Notification['action'], userFlag: 0 | 1 | undefined, call: SimulatedCall): string {
  const shown = (number: string | undefined): number => (number === undefined ? 0 : 1);
  if (action === 'Hangup') return String(shown(call.shownToA) + shown(call.shownToB));
  return String(userFlag === 0 ? shown(call.shownToA) : shown(call.shownToB));
}

/** Empty when nothing is recorded: it was not asked for, or the legs were never bridged. */
function recordUrlOf(call: SimulatedCall): string {
  const { connectedAt } = call.times;
  return call.recorded && connectedAt !== undefined ? `${call.baseUrl}/e9/recordings/${beijingDigits(connectedAt).slice(0, 8)}/${call.id}.mp3` : '';
}
