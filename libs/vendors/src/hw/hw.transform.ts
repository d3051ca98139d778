import type { CallFact, Normalised, NotificationContext, NotificationSubject, RawNotification } from '../vendor.port';
import { vendorCode } from '../vendor-text';
import { wholeNumber } from '../wire-json';
import { causeOf, HW_NO_RECORD, HW_OK } from './hw.errors';
import { parseRequestName, type HwOperation } from './hw.request-name';
import { HwRecords, HwState, parseHwAnswer, type HwRecord } from './hw.schema';

/** Our attempt ids: the only thing that we put into `callData`. */
const ATTEMPT_ID = /^[A-Za-z0-9-]{1,64}$/;

const nothing: Normalised = { kind: 'facts', facts: [], unknownCodes: [] };

type Reading =
  | { readonly kind: 'state'; readonly callSerialNo: string; readonly state: HwState }
  | { readonly kind: 'record'; readonly callSerialNo: string; readonly record: HwRecord }
  | { readonly kind: 'nothing'; readonly callSerialNo: string }
  | { readonly kind: 'unintelligible'; readonly reason: string };

/** Which call an answer is about: the one that was asked for. */
export function subjectOf(raw: RawNotification): NotificationSubject {
  const vendorCallId = parseRequestName(raw.request)?.callSerialNo;
  const reading = read(raw);
  const callData = reading.kind === 'state' ? reading.state.callData : reading.kind === 'record' ? reading.record.callData : undefined;
  return {
    ...(vendorCallId === undefined ? {} : { vendorCallId }),
    ...(callData !== undefined && ATTEMPT_ID.test(callData) ? { attemptId: callData } : {}),
  };
}

/** Turns the answers to queryCallState and queryCallDetailRecord into facts. */
export function normalise(raw: RawNotification, context: NotificationContext): Normalised {
  const reading = read(raw);
  switch (reading.kind) {
    case 'unintelligible':
      return reading;
    case 'nothing':
      return nothing;
    case 'state':
      return stateFacts(reading.callSerialNo, reading.state, raw.receivedAt, context);
    case 'record':
      return recordFacts(reading.callSerialNo, reading.record, raw.receivedAt, context);
  }
}

function read(raw: RawNotification): Reading {
  const asked = parseRequestName(raw.request);
  if (raw.kind === 'callback' || asked === undefined) return { kind: 'unintelligible', reason: 'not an answer to queryCallState or queryCallDetailRecord' };
  const answer = parseHwAnswer(raw.body.toString('utf8'));
  if (answer?.retCode === undefined) return { kind: 'unintelligible', reason: 'the answer has another form than documented' };
  if (answer.retCode === HW_OK) return readResult(asked.operation, asked.callSerialNo, answer.result);
  if (asked.operation === 'queryCallDetailRecord' && answer.retCode === HW_NO_RECORD) return { kind: 'nothing', callSerialNo: asked.callSerialNo };
  return { kind: 'unintelligible', reason: `${asked.operation} failed with retCode ${vendorCode(answer.retCode)}` };
}

function readResult(operation: HwOperation, callSerialNo: string, result: unknown): Reading {
  if (operation === 'queryCallState') {
    const state = HwState.safeParse(result).data;
    return state?.state === undefined ? { kind: 'unintelligible', reason: 'the answer has no state' } : { kind: 'state', callSerialNo, state };
  }
  const records = HwRecords.safeParse(result).data;
  if (records === undefined) return { kind: 'unintelligible', reason: 'the answer has no list of records' };
  const record = records.callInfo.find((entry) => entry.callSerialNo === callSerialNo);
  return record === undefined ? { kind: 'nothing', callSerialNo } : { kind: 'record', callSerialNo, record };
}

/** A state has no times but the call's start and end, so that ringing and talking are concluded, not told. */
function stateFacts(callSerialNo: string, state: HwState, receivedAt: number, context: NotificationContext): Normalised {
  const channelState = vendorCode(state.state ?? '').slice(0, 32);
  switch (state.state) {
    case '0':
      return nothing;
    case '1':
      return { kind: 'facts', facts: [{ type: 'cc.call.a-ringing.v1', occurredAt: state.startTime ?? receivedAt, derived: true, channelState }], unknownCodes: [] };
    case '2':
      return { kind: 'facts', facts: [{ type: 'cc.call.connected.v1', occurredAt: receivedAt, derived: true, channelState }], unknownCodes: [] };
    case '3':
      return ended(callSerialNo, state, { occurredAt: state.endTime ?? receivedAt, channelState }, context);
    default:
      return { kind: 'facts', facts: [], unknownCodes: [`state ${channelState}`] };
  }
}

function recordFacts(callSerialNo: string, record: HwRecord, receivedAt: number, context: NotificationContext): Normalised {
  const channelState = vendorCode(record.state ?? '').slice(0, 32);
  const { agentAlertingTime, agentTalkingTime, alertingTime, talkingTime } = record;
  const list: CallFact[] = [];
  if (agentAlertingTime !== undefined) list.push({ type: 'cc.call.a-ringing.v1', occurredAt: agentAlertingTime, channelState });
  if (agentTalkingTime !== undefined) list.push({ type: 'cc.call.a-answered.v1', occurredAt: agentTalkingTime, channelState });
  if (alertingTime !== undefined) list.push({ type: 'cc.call.b-ringing.v1', occurredAt: alertingTime, channelState });
  if (talkingTime !== undefined) list.push({ type: 'cc.call.connected.v1', occurredAt: talkingTime, channelState });
  if (record.state !== '3') return { kind: 'facts', facts: list, unknownCodes: [] };
  const occurredAt = record.endTime ?? record.releaseTime ?? record.agentReleaseTime ?? receivedAt;
  const durationSeconds = talkingTime === undefined ? 0 : wholeNumber(record.talkDuration);
  const end = ended(callSerialNo, record, { occurredAt, channelState, talked: talkingTime !== undefined, ...(durationSeconds === undefined ? {} : { durationSeconds }) }, context);
  return end.kind === 'facts' ? { ...end, facts: [...list, ...end.facts] } : end;
}

interface EndOfCall {
  readonly occurredAt: number;
  readonly channelState: string;
  /** Absent where only the cause can tell. */
  readonly talked?: boolean;
  readonly durationSeconds?: number;
}

function ended(callSerialNo: string, state: HwState, end: EndOfCall, context: NotificationContext): Normalised {
  const { talked, ...common } = end;
  const cause = state.reasonCode === undefined ? undefined : causeOf(state.reasonCode);
  const fact: CallFact = {
    type: 'cc.call.ended.v1',
    ...common,
    closeType: cause?.closeType ?? 255,
    ...(cause?.endedBy === undefined ? {} : { endedBy: cause.endedBy }),
    ...(state.reasonCode === undefined ? { reason: 'the vendor gave no reasonCode' } : { vendorCode: vendorCode(state.reasonCode) }),
  };
  const recorded = context.recordRequested && (talked ?? cause?.talked === true);
  const recording: CallFact = { type: 'cc.call.recording-available.v1', occurredAt: end.occurredAt, channelState: end.channelState, vendorCallId: callSerialNo };
  return {
    kind: 'facts',
    facts: recorded ? [fact, recording] : [fact],
    unknownCodes: state.reasonCode === undefined || cause !== undefined ? [] : [`reasonCode ${vendorCode(state.reasonCode)}`],
  };
}
