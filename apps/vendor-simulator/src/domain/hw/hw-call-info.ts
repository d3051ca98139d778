import type { CallEnd } from '../scenario';
import { phaseAt, shownSeconds, type SimulatedCall } from '../simulated-call';

export type HwResult = Readonly<Record<string, string | number>>;

/** `reasonCode` of each end. The vendor's list has no busy, and no code for a limit: 99 stands for its "other". */
const reasonCodes: Readonly<Record<CallEnd, number>> = {
  'b-hung-up': 0, 'a-hung-up': 1, 'a-busy': 2, 'b-busy': 3, 'a-no-answer': 4, 'b-no-answer': 5, 'max-duration': 99, cancelled: 99,
};
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

/** The body of a release callback: the times of the history record, with the cause under its own name. */
export function hwRelease(call: SimulatedCall): HwResult {
  const info = Object.entries(hwCallInfo(call)).filter(([name]) => !['reasonCode', 'state', 'startTime', 'endTime'].includes(name));
  return { ...Object.fromEntries(info), releaseTime: call.times.endedAt, createCallTime: call.dialledAt, serviceNo: call.shownToB ?? call.a, releaseReason: reasonCodes[call.times.end] };
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
