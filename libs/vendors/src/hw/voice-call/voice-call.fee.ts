import type { CloseType } from '@cc/contracts';
import { defined } from '@cc/kernel';
import type { CallFact, Normalised } from '../../vendor.port';
import { vendorCode } from '../../vendor-text';
import { vendorUrlOf } from '../../vendor-url';
import { closeTypeOfLeg } from './voice-call.errors';
import { recordUrl } from './voice-call.record-url';
import { VOICE_CALL_SESSION, type Fee } from './voice-call.schema';

const channelState = 'fee';

export interface FeeContext {
  readonly endpoint: string;
  readonly recordRequested: boolean;
}

/**
 * Everything that a fee push tells of its call: the exact times of both legs, so that it also rebuilds what status pushes, which
 * the vendor never repeats, had to say. How the call ended it does not tell but lets conclude, so that the end is derived and
 * the stateCode of a disconnect is believed before it.
 */
export function feeFacts(fee: Fee, context: FeeContext): Normalised {
  const connectedAt = fee.fwdAnswerTime;
  const endedAt = fee.callEndTime ?? fee.failTime;
  const list = [
    step('cc.call.a-ringing.v1', fee.callOutAlertingTime, fee.callOutStartTime),
    step('cc.call.a-answered.v1', fee.callOutAnswerTime),
    step('cc.call.b-ringing.v1', fee.fwdAlertingTime, fee.fwdStartTime),
    step('cc.call.connected.v1', connectedAt),
  ].flat();
  const { unknownCodes, ...cause } = connectedAt === undefined ? failureOf(fee) : { closeType: 0 as const, unknownCodes: [] };
  const ended: CallFact = { type: 'cc.call.ended.v1', ...defined({ occurredAt: endedAt }), derived: true, channelState, ...cause, ...durationOf(connectedAt, endedAt) };
  return { kind: 'facts', facts: [...list, ended, ...recordingOf(fee, endedAt, context, connectedAt !== undefined)], unknownCodes };
}

/** @param called when the leg was called, from which ringing is concluded where the vendor did not see it ring. */
function step(type: 'cc.call.a-ringing.v1' | 'cc.call.a-answered.v1' | 'cc.call.b-ringing.v1' | 'cc.call.connected.v1', occurredAt: number | undefined, called?: number): CallFact[] {
  if (occurredAt !== undefined) return [{ type, occurredAt, channelState }];
  return called === undefined ? [] : [{ type, occurredAt: called, derived: true, channelState }];
}

/** Without B's answer nobody talked; the leg that failed is A's unless A answered or B was called. */
function failureOf(fee: Fee): { closeType: CloseType; vendorCode?: string; unknownCodes: readonly string[] } {
  const leg = fee.callOutAnswerTime !== undefined || fee.fwdStartTime !== undefined ? 'b' : 'a';
  const [name, q850] = leg === 'b' ? ['fwdUnaswRsn', fee.fwdUnaswRsn] : ['callOutUnaswRsn', fee.callOutUnaswRsn];
  // 0 is no cause of Q.850.
  if (q850 === undefined || q850 === '0') return { closeType: leg === 'a' ? 1 : 2, unknownCodes: [] };
  const closeType = closeTypeOfLeg(leg, q850);
  return { closeType: closeType ?? 255, vendorCode: vendorCode(`Q.850-${vendorCode(q850)}`), unknownCodes: closeType === undefined ? [`${name} ${vendorCode(q850)}`] : [] };
}

/** Talking time by the page: from B's answer to the end. */
function durationOf(connectedAt: number | undefined, endedAt: number | undefined): { durationSeconds?: number } {
  if (connectedAt === undefined) return { durationSeconds: 0 };
  return endedAt === undefined ? {} : { durationSeconds: Math.max(0, Math.round((endedAt - connectedAt) / 1000)) };
}

/** Also without an address when a recording was due: whoever asks for it then learns that there is none. */
function recordingOf({ sessionId, recordObjectName, recordDomain }: Fee, occurredAt: number | undefined, { endpoint, recordRequested }: FeeContext, talked: boolean): readonly CallFact[] {
  if (sessionId === undefined || !VOICE_CALL_SESSION.test(sessionId)) return [];
  const url = recordObjectName === undefined || recordDomain === undefined ? undefined : recordUrl(endpoint, { fileName: recordObjectName, recordDomain });
  if (url === undefined && !(recordRequested && talked)) return [];
  return [{ type: 'cc.call.recording-available.v1', ...defined({ occurredAt }), channelState, vendorCallId: sessionId, ...vendorUrlOf(url) }];
}
