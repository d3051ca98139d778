import { defined } from '@cc/kernel';
import { ATTEMPT_ID } from '../../attempt-id';
import type { CallFact, Normalised, NotificationContext, NotificationSubject, RawNotification } from '../../vendor.port';
import { vendorCode } from '../../vendor-text';
import { wholeNumber } from '../../wire-json';
import type { HwSettings } from './hw.config';
import { causeOf, HW_NO_RECORD, HW_OK, type HwCause } from './hw.errors';
import { parseHwCallback } from './hw.callbacks';
import { parseRequestName, type HwAsked, type HwOperation } from './hw.request-name';
import { HW_SERIAL, HwRecords, HwState, parseHwAnswer, type HwRecord } from './hw.schema';

type Facts = Extract<Normalised, { kind: 'facts' }>;
type EndedFact = Extract<CallFact, { type: 'cc.call.ended.v1' }>;

const nothing: Facts = { kind: 'facts', facts: [], unknownCodes: [] };

type Reading =
  | { readonly kind: 'state'; readonly callSerialNo: string; readonly state: HwState }
  | { readonly kind: 'record'; readonly callSerialNo: string; readonly record: HwRecord }
  | { readonly kind: 'connect'; readonly callSerialNo: string | undefined; readonly callData: string | undefined }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unintelligible'; readonly reason: string };

/** Which call a message is about: the one that was asked for, or that a callback names. */
export function subjectOf(raw: RawNotification): NotificationSubject {
  const asked: Partial<Record<'callSerialNo' | 'attemptId', string>> = parseRequestName(raw.request)?.asked ?? {};
  const reading = read(raw);
  const vendorCallId = asked.callSerialNo ?? ('callSerialNo' in reading ? reading.callSerialNo : undefined);
  const callData = callDataOf(reading) ?? asked.attemptId;
  return {
    ...(vendorCallId !== undefined && HW_SERIAL.test(vendorCallId) ? { vendorCallId } : {}),
    ...(callData !== undefined && ATTEMPT_ID.test(callData) ? { attemptId: callData } : {}),
  };
}

function callDataOf(reading: Reading): string | undefined {
  if (reading.kind === 'state') return reading.state.callData;
  if (reading.kind === 'connect') return reading.callData;
  return reading.kind === 'record' ? reading.record.callData : undefined;
}

/** Turns callbacks and the answers to queryCallState and queryCallDetailRecord into facts. @param connectCallback see the setting of that name. */
export function normalise(raw: RawNotification, context: NotificationContext, connectCallback: HwSettings['connectCallback']): Normalised {
  const reading = read(raw);
  switch (reading.kind) {
    case 'unintelligible':
      return reading;
    case 'nothing':
      return nothing;
    case 'connect':
      if (connectCallback === 'nothing') return nothing;
      // The callback has no time.
      return { kind: 'facts', facts: [{ type: 'cc.call.connected.v1', derived: true, channelState: 'connect' }], unknownCodes: [] };
    case 'state':
      return stateFacts(reading.callSerialNo, reading.state, context);
    case 'record':
      return recordFacts(reading.callSerialNo, reading.record, context);
  }
}

function read(raw: RawNotification): Reading {
  if (raw.kind === 'callback') return readCallback(raw);
  const named = parseRequestName(raw.request);
  if (named === undefined) return { kind: 'unintelligible', reason: 'not an answer to queryCallState or queryCallDetailRecord' };
  const answer = parseHwAnswer(raw.body.toString('utf8'));
  if (answer?.retCode === undefined) return { kind: 'unintelligible', reason: 'the answer has another form than documented' };
  if (answer.retCode === HW_OK) return readResult(named.operation, named.asked, answer.result);
  if (named.operation === 'queryCallDetailRecord' && answer.retCode === HW_NO_RECORD) return { kind: 'nothing' };
  return { kind: 'unintelligible', reason: `${named.operation} failed with retCode ${vendorCode(answer.retCode)}` };
}

/** A release callback is the history record of its call, with the cause under another name; what has neither end nor cause reports the connection. */
function readCallback(raw: RawNotification): Reading {
  const message = parseHwCallback(raw.body);
  if (message === undefined) return { kind: 'unintelligible', reason: 'a callback that names no call' };
  const { callSerialNo, callData, releaseReason, releaseTime } = message;
  if (releaseReason === undefined && releaseTime === undefined) return { kind: 'connect', callSerialNo, callData };
  return { kind: 'record', callSerialNo: callSerialNo ?? '', record: { ...message, state: '3', reasonCode: releaseReason } };
}

function readResult(operation: HwOperation, asked: HwAsked, result: unknown): Reading {
  if (operation === 'queryCallState' && 'callSerialNo' in asked) {
    const { callSerialNo } = asked;
    const state = HwState.safeParse(result).data;
    return state?.state === undefined ? { kind: 'unintelligible', reason: 'the answer has no state' } : { kind: 'state', callSerialNo, state };
  }
  const records = HwRecords.safeParse(result).data;
  if (records === undefined) return { kind: 'unintelligible', reason: 'the answer has no list of records' };
  const record = records.callInfo.find((entry) => ('callSerialNo' in asked ? entry.callSerialNo === asked.callSerialNo : entry.callData === asked.attemptId));
  return record === undefined ? { kind: 'nothing' } : { kind: 'record', callSerialNo: record.callSerialNo ?? '', record };
}

/** A state has no times but the call's start and end, so that ringing and talking are concluded, not told. */
function stateFacts(callSerialNo: string, state: HwState, context: NotificationContext): Normalised {
  const channelState = vendorCode(state.state ?? '').slice(0, 32);
  switch (state.state) {
    case '0':
      return nothing;
    case '1':
      return { kind: 'facts', facts: [{ type: 'cc.call.a-ringing.v1', ...defined({ occurredAt: state.startTime }), derived: true, channelState }], unknownCodes: [] };
    case '2':
      return { kind: 'facts', facts: [{ type: 'cc.call.connected.v1', derived: true, channelState }], unknownCodes: [] };
    case '3':
      return ended(callSerialNo, state, { ...defined({ occurredAt: state.endTime }), channelState }, context);
    default:
      return { kind: 'facts', facts: [], unknownCodes: [`state ${channelState}`] };
  }
}

function recordFacts(callSerialNo: string, record: HwRecord, context: NotificationContext): Normalised {
  const channelState = vendorCode(record.state ?? '').slice(0, 32);
  const steps = [
    { type: 'cc.call.a-ringing.v1', occurredAt: record.agentAlertingTime },
    { type: 'cc.call.a-answered.v1', occurredAt: record.agentTalkingTime },
    { type: 'cc.call.b-ringing.v1', occurredAt: record.alertingTime },
    { type: 'cc.call.connected.v1', occurredAt: record.talkingTime },
  ] as const;
  const list = steps.flatMap(({ type, occurredAt }): CallFact[] => (occurredAt === undefined ? [] : [{ type, occurredAt, channelState }]));
  if (record.state !== '3') return { kind: 'facts', facts: list, unknownCodes: [] };
  const end = ended(callSerialNo, record, { ...defined({ occurredAt: endOf(record) }), channelState, ...talkOf(record) }, context);
  return { kind: 'facts', facts: [...list, ...end.facts], unknownCodes: end.unknownCodes };
}

function endOf({ endTime, releaseTime, agentReleaseTime }: HwRecord): number | undefined {
  return endTime ?? releaseTime ?? agentReleaseTime;
}

/** Without a talking time nobody talked, whatever the duration and the reason say. */
function talkOf({ talkingTime, talkDuration }: HwRecord): { readonly talked: boolean; readonly durationSeconds?: number } {
  if (talkingTime === undefined) return { talked: false, durationSeconds: 0 };
  const durationSeconds = wholeNumber(talkDuration);
  return { talked: true, ...defined({ durationSeconds }) };
}

interface EndOfCall {
  readonly occurredAt?: number;
  readonly channelState: string;
  /** Absent where only the cause can tell. */
  readonly talked?: boolean;
  readonly durationSeconds?: number;
}

function ended(callSerialNo: string, { reasonCode }: HwState, end: EndOfCall, context: NotificationContext): Facts {
  const { talked, ...common } = end;
  const { occurredAt, channelState } = end;
  const cause = reasonCode === undefined ? undefined : causeOf(reasonCode);
  const fact: CallFact = { type: 'cc.call.ended.v1', ...common, ...causeFields(reasonCode, cause) };
  const recorded = HW_SERIAL.test(callSerialNo) && context.recordRequested && (talked ?? cause?.talked === true);
  return {
    kind: 'facts',
    facts: recorded ? [fact, { type: 'cc.call.recording-available.v1', ...defined({ occurredAt }), channelState, vendorCallId: callSerialNo }] : [fact],
    unknownCodes: reasonCode === undefined || cause !== undefined ? [] : [`reasonCode ${vendorCode(reasonCode)}`],
  };
}

function causeFields(reasonCode: string | undefined, cause: HwCause | undefined): Pick<EndedFact, 'closeType' | 'endedBy' | 'vendorCode' | 'reason'> {
  if (reasonCode === undefined) return { closeType: 255, reason: 'the vendor gave no reasonCode' };
  const endedBy = cause?.endedBy;
  return { closeType: cause?.closeType ?? 255, ...defined({ endedBy }), vendorCode: vendorCode(reasonCode) };
}
