import { defined } from '@cc/kernel';
import type { CallEnd } from '../scenario';
import { phaseAt, shownSeconds, type SimulatedCall } from '../simulated-call';

export type HwResult = Readonly<Record<string, string | number>>;

/** `reasonCode` of each end. The vendor's list has no busy, and no code for a limit: 99 stands for its "other". */
const reasonCodes: Readonly<Record<CallEnd, number>> = {
  'b-hung-up': 0, 'a-hung-up': 1, 'a-busy': 2, 'b-busy': 3, 'a-no-answer': 4, 'b-no-answer': 5, 'max-duration': 99, cancelled: 99,
};
/** The simulator's one place of recordings. */
const RECORD_LOCATION = 0;
const states = { waiting: 0, calling: 1, talking: 2, ended: 3 } as const;

/** `result` of queryCallState; the end has its reason and time only once it came. */
export function hwCallState(call: SimulatedCall, nowMs: number): HwResult {
  const phase = phaseAt(call, nowMs);
  return { state: states[phase], ...identityOf(call), ...(phase === 'ended' ? endOf(call) : {}) };
}

/** One entry of queryCallDetailRecord's `callInfo`: what never happened has no field. */
export function hwCallInfo(call: SimulatedCall): HwResult {
  const { times } = call;
  return {
    callSerialNo: call.id, state: states.ended, ...identityOf(call), ...endOf(call),
    agentAlertingTime: times.aRingAt,
    agentReleaseTime: times.endedAt,
    ...(times.aAnsweredAt === undefined ? { agentTalkDuration: 0 } : { agentTalkingTime: times.aAnsweredAt, agentTalkDuration: shownSeconds(times.aAnsweredAt, times.endedAt) }),
    ...(times.bRingAt === undefined ? {} : { alertingTime: times.bRingAt, releaseTime: times.endedAt }),
    ...(times.connectedAt === undefined ? { talkDuration: 0 } : { talkingTime: times.connectedAt, talkDuration: shownSeconds(times.connectedAt, times.endedAt) }),
  };
}

/** The body of a release callback, with the fields of its page: what never happened has none. */
export function hwRelease(call: SimulatedCall): HwResult {
  const { a, b, dialledAt, echo: callData, id: callSerialNo, shownToB: callerPresent, times } = call;
  const { aRingAt, aAnsweredAt, bRingAt, connectedAt, endedAt } = times;
  return {
    callSerialNo, serviceNo: callerPresent ?? a, called: b, caller: a, ...defined({ callerPresent, callData }), createCallTime: dialledAt,
    ...defined({ alertingTime: bRingAt, talkingTime: connectedAt }), releaseTime: endedAt, talkDuration: connectedAt === undefined ? 0 : shownSeconds(connectedAt, endedAt),
    ...(connectedAt === undefined ? {} : { recordfile: `${callSerialNo}.wav`, locationId: RECORD_LOCATION }),
    releaseReason: reasonCodes[times.end],
    agentAlertingTime: aRingAt, ...defined({ agentTalkingTime: aAnsweredAt }), agentReleaseTime: endedAt, agentTalkDuration: aAnsweredAt === undefined ? 0 : shownSeconds(aAnsweredAt, endedAt),
  };
}

function identityOf(call: SimulatedCall): HwResult {
  return {
    caller: call.a, called: call.b, startTime: call.dialledAt,
    ...(call.echo === undefined ? {} : { callData: call.echo }),
    ...(call.shownToB === undefined ? {} : { callerPresent: call.shownToB }),
    ...(call.shownToA === undefined ? {} : { agentPresent: call.shownToA }),
  };
}

function endOf({ times }: SimulatedCall): HwResult {
  return { reasonCode: reasonCodes[times.end], endTime: times.endedAt };
}
