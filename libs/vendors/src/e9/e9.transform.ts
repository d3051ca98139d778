import { defined } from '@cc/kernel';
import { ATTEMPT_ID } from '../attempt-id';
import type { CallFact, Normalised, NotificationContext, NotificationSubject, RawNotification } from '../vendor.port';
import { parseWallClock } from '../vendor-time';
import { vendorCode, vendorText } from '../vendor-text';
import { vendorUrlOf } from '../vendor-url';
import { parseWire, wholeNumber } from '../wire-json';
import { parseCallback } from './e9.callbacks';
import { closeTypeOf } from './e9.errors';
import { E9_CALL_ID, E9Answer, type E9Message } from './e9.schema';

type Reading =
  | { readonly kind: 'message'; readonly message: E9Message }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unintelligible'; readonly reason: string };

/** Which call a callback or a record is about. */
export function subjectOf(raw: RawNotification): NotificationSubject {
  const reading = read(raw);
  if (reading.kind !== 'message') return {};
  const { callId, userData } = reading.message;
  return {
    ...(callId !== undefined && E9_CALL_ID.test(callId) ? { vendorCallId: callId } : {}),
    ...(userData !== undefined && ATTEMPT_ID.test(userData) ? { attemptId: userData } : {}),
  };
}

/** Turns a callback, or the record that a query found, into facts. Times are in the zone of the channel's settings. */
export function normalise(raw: RawNotification, context: NotificationContext, zoneMinutes: number): Normalised {
  const reading = read(raw);
  if (reading.kind === 'unintelligible') return reading;
  if (reading.kind === 'nothing') return { kind: 'facts', facts: [], unknownCodes: [] };
  const { message } = reading;
  const at = (text: string | undefined): number | undefined => (text === undefined ? undefined : parseWallClock(text, zoneMinutes));
  if (raw.kind === 'query') return hangup(message, raw, context, at);
  switch (message.action) {
    case 'CallInvite':
      return invite(message, at(message.dateCreated));
    case 'CallEstablish':
      return facts({ type: 'cc.call.connected.v1', ...defined({ occurredAt: at(message.dateCreated) }), channelState: 'CallEstablish' });
    case 'Hangup':
      return hangup(message, raw, context, at);
    default:
      return { kind: 'unintelligible', reason: `unknown action ${vendorText(message.action ?? '(none)')}` };
  }
}

function read(raw: RawNotification): Reading {
  if (raw.kind === 'callback') {
    const message = parseCallback(raw.body);
    return message === undefined ? { kind: 'unintelligible', reason: 'no field of a callback found' } : { kind: 'message', message };
  }
  if (raw.kind !== 'query') return { kind: 'unintelligible', reason: `this vendor is not polled, yet the message came by ${raw.kind}` };
  const answer = parseWire(raw.body.toString('utf8'), E9Answer);
  if (answer?.statusCode === undefined) return { kind: 'unintelligible', reason: 'the answer has another form than documented' };
  return answer.callNotify === undefined ? { kind: 'nothing' } : { kind: 'message', message: answer.callNotify };
}

function facts(...list: readonly CallFact[]): Normalised {
  return { kind: 'facts', facts: list, unknownCodes: [] };
}

/** `userFlag` 0: A is being called; 1: A answered and B is being called. The vendor has no ringing event of its own. */
function invite(message: E9Message, at: number | undefined): Normalised {
  const told = { ...defined({ occurredAt: at }), channelState: `CallInvite/${message.userFlag ?? ''}`.slice(0, 32) };
  if (message.userFlag === '0') return facts({ type: 'cc.call.a-ringing.v1', ...told });
  if (message.userFlag !== '1') return { kind: 'unintelligible', reason: `unknown userFlag ${vendorText(message.userFlag ?? '(none)')}` };
  return facts({ type: 'cc.call.a-answered.v1', ...told }, { type: 'cc.call.b-ringing.v1', ...told });
}

/**
 * The end, with the answer times that the vendor repeats there: they rebuild what an earlier callback, now lost, had to
 * say. Without `startTimeB` nobody talked, whatever `byeType` and `duration` are.
 */
function hangup(message: E9Message, raw: RawNotification, context: NotificationContext, at: (text: string | undefined) => number | undefined): Normalised {
  const answeredA = at(message.startTimeA);
  const answeredB = at(message.startTimeB);
  const occurredAt = at(message.endTime) ?? at(message.dateCreated);
  const answers = { channelState: 'Hangup', ...(raw.kind === 'callback' ? { derived: true as const } : {}) };
  const list: CallFact[] = [];
  if (answeredA !== undefined) list.push({ type: 'cc.call.a-answered.v1', occurredAt: answeredA, ...answers });
  if (answeredB !== undefined) list.push({ type: 'cc.call.connected.v1', occurredAt: answeredB, ...answers });
  list.push(endedFact(message, occurredAt, answeredB === undefined ? 0 : wholeNumber(message.duration)));
  list.push(...recordingFacts(message, occurredAt, context.recordRequested && answeredB !== undefined));
  const { byeType } = message;
  const unknownCodes = byeType === undefined || closeTypeOf(byeType) !== undefined ? [] : [`byeType ${vendorCode(byeType)}`];
  return { kind: 'facts', facts: list, unknownCodes };
}

function endedFact({ byeType }: E9Message, occurredAt: number | undefined, durationSeconds: number | undefined): CallFact {
  return {
    type: 'cc.call.ended.v1',
    ...defined({ occurredAt }),
    channelState: 'Hangup',
    ...(byeType === undefined ? { closeType: 255, reason: 'the vendor gave no byeType' } : { closeType: closeTypeOf(byeType) ?? 255, vendorCode: vendorCode(byeType) }),
    ...defined({ durationSeconds }),
  };
}

/** Also without an address when one was due: whoever asks for the recording then learns that there is none. */
function recordingFacts(message: E9Message, occurredAt: number | undefined, due: boolean): readonly CallFact[] {
  const { callId, recordUrl } = message;
  if (callId === undefined || !E9_CALL_ID.test(callId)) return [];
  if (recordUrl === undefined && !due) return [];
  return [{ type: 'cc.call.recording-available.v1', ...defined({ occurredAt }), channelState: 'Hangup', vendorCallId: callId, ...vendorUrlOf(recordUrl) }];
}
