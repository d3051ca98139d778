import type { Pace } from '../pace';
import type { CallEnd } from '../scenario';
import type { SimulatedCall } from '../simulated-call';
import { utcText } from './utc-time';

/** A push of a call: what one leg does, the end, or the fees. */
export type VoiceCallPush =
  | { readonly kind: 'status'; readonly eventType: 'callout' | 'alerting' | 'answer' | 'disconnect'; readonly leg: 'a' | 'b'; readonly occurredAt: number }
  | { readonly kind: 'fee'; readonly occurredAt: number };

/** How long after the end the fees are known. */
const FEE_SECONDS = 2;
/** A shorter talk has no recording. */
const SHORTEST_RECORDED_SECONDS = 3;

/** `stateCode` and `partyType` of each end. */
const ends: Readonly<Record<CallEnd, readonly [stateCode: number, stateDesc: string, partyType: 'caller' | 'callee' | 'platform']>> = {
  'b-hung-up': [0, 'hung up', 'callee'],
  'a-hung-up': [0, 'hung up', 'caller'],
  'a-no-answer': [8107, 'the caller does not answer', 'platform'],
  'b-no-answer': [8101, 'the callee does not answer', 'platform'],
  'a-busy': [8108, 'the caller is busy', 'caller'],
  'b-busy': [8102, 'the callee is busy', 'callee'],
  'max-duration': [8010, 'the maximum duration is reached', 'platform'],
  cancelled: [8017, 'hung up as the user instructed', 'platform'],
};
/** Q.850 cause of the leg that was not answered. */
const NORMAL_CLEARING = 16;
const unanswered: Readonly<Partial<Record<CallEnd, number>>> = { 'a-busy': 17, 'b-busy': 17, 'a-no-answer': 19, 'b-no-answer': 19 };

/** The pushes of a whole call in the order of what they report. A busy phone is called and never rings. */
export function pushesOf({ times }: SimulatedCall, pace: Pace): VoiceCallPush[] {
  const { aRingAt, aAnsweredAt, bRingAt, connectedAt, endedAt, end } = times;
  return [
    ...legPushes('a', aRingAt <= endedAt ? aRingAt : undefined, aAnsweredAt, end === 'a-busy'),
    ...legPushes('b', bRingAt, connectedAt, end === 'b-busy'),
    { kind: 'status', eventType: 'disconnect', leg: 'a', occurredAt: endedAt },
    { kind: 'fee', occurredAt: endedAt + pace.ms(FEE_SECONDS) },
  ];
}

function legPushes(leg: 'a' | 'b', ringAt: number | undefined, answeredAt: number | undefined, busy: boolean): VoiceCallPush[] {
  if (ringAt === undefined) return [];
  const status = (eventType: 'callout' | 'alerting' | 'answer', occurredAt: number): VoiceCallPush => ({ kind: 'status', eventType, leg, occurredAt });
  return [status('callout', ringAt), ...(busy ? [] : [status('alerting', ringAt)]), ...(answeredAt === undefined ? [] : [status('answer', answeredAt)])];
}

/** The JSON of a push. */
export function pushBody(push: VoiceCallPush, call: SimulatedCall, partyType: boolean, pace: Pace): string {
  return JSON.stringify(push.kind === 'fee' ? { eventType: 'fee', feeLst: [feeOf(call, pace)] } : { eventType: push.eventType, statusInfo: statusOf(push, call, partyType) });
}

function statusOf({ eventType, leg, occurredAt }: Extract<VoiceCallPush, { kind: 'status' }>, call: SimulatedCall, partyType: boolean): object {
  const [stateCode, stateDesc, party] = ends[call.times.end];
  return {
    timestamp: utcText(occurredAt), ...userDataOf(call), sessionId: call.id,
    caller: leg === 'a' ? call.shownToA : call.shownToB, called: leg === 'a' ? call.a : call.b,
    ...(eventType === 'disconnect' ? { ...(partyType ? { partyType: party } : {}), stateCode, stateDesc } : {}),
  };
}

const userDataOf = ({ echo }: SimulatedCall): object => (echo === undefined ? {} : { userData: echo });
/** What never happened is an empty text. */
const timeOf = (epochMs: number | undefined): string => (epochMs === undefined ? '' : utcText(epochMs));

function feeOf(call: SimulatedCall, pace: Pace): object {
  const { aRingAt, aAnsweredAt, bRingAt, connectedAt, endedAt, end } = call.times;
  const called = aRingAt <= endedAt;
  const why = unanswered[end] ?? NORMAL_CLEARING;
  return {
    icid: `${call.dialledAt}.${call.id.slice(0, 20)}`, sessionId: call.id, bindNum: call.shownToA, callerNum: call.shownToA, calleeNum: call.a, fwdDisplayNum: call.shownToB, fwdDstNum: call.b,
    callOutStartTime: timeOf(called ? aRingAt : undefined), callOutAlertingTime: timeOf(called && end !== 'a-busy' ? aRingAt : undefined), callOutAnswerTime: timeOf(aAnsweredAt),
    callOutUnaswRsn: aAnsweredAt === undefined ? why : 0,
    fwdStartTime: timeOf(bRingAt), fwdAlertingTime: timeOf(end === 'b-busy' ? undefined : bRingAt), fwdAnswerTime: timeOf(connectedAt),
    fwdUnaswRsn: bRingAt !== undefined && connectedAt === undefined ? why : 0,
    callEndTime: utcText(endedAt), failTime: timeOf(connectedAt === undefined ? endedAt : undefined), ulFailReason: 0, sipStatusCode: 0,
    ...recordOf(call, pace), serviceType: '002', ...userDataOf(call),
  };
}

const RECORD_DOMAIN = 'ostor.sim';

/** Whether the platform keeps a recording: it was asked for, and they talked long enough. */
export function isRecorded({ recorded, times }: SimulatedCall, pace: Pace): boolean {
  return recorded && times.connectedAt !== undefined && times.endedAt - times.connectedAt >= pace.ms(SHORTEST_RECORDED_SECONDS);
}

function recordOf(call: SimulatedCall, pace: Pace): object {
  if (!isRecorded(call, pace)) return { recordFlag: 0 };
  return { recordFlag: 1, recordStartTime: timeOf(call.times.connectedAt), recordDomain: RECORD_DOMAIN, recordBucketName: 'records', recordObjectName: `${call.id}.wav`, recordFileDownloadUrl: '' };
}

/** The call whose recording has this name; `undefined` for a name that no recording can have. */
export function sessionOfRecord(fileName: string | undefined, recordDomain: string | undefined): string | undefined {
  return recordDomain === RECORD_DOMAIN ? /^(.+)\.wav$/.exec(fileName ?? '')?.[1] : undefined;
}
