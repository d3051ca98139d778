import type { SimulatedCall } from '../simulated-call';

/** One event of a seat, as a poll answers it. */
export interface HwSeatEvent {
  readonly eventType: string;
  readonly workNo: string;
  readonly content: unknown;
  /** Epoch ms. */
  readonly eventGenTime: number;
}

export interface PlannedEvent {
  /** Epoch ms. */
  readonly at: number;
  readonly eventType: string;
  readonly content: unknown;
}

/** Everything that the seat of a call will be told, in order. */
export function planEvents(call: SimulatedCall): readonly PlannedEvent[] {
  const { aRingAt, aAnsweredAt, bRingAt, connectedAt, end } = call.times;
  const plan = (at: number | undefined, ...events: readonly (readonly [string, unknown])[]): PlannedEvent[] => (at === undefined ? [] : events.map(([eventType, content]) => ({ at, eventType, content })));
  return [
    ...plan(end === 'a-busy' ? undefined : aRingAt, ['AgentOther_PhoneAlerting', null]),
    ...plan(aAnsweredAt, ['AgentOther_PhoneOffhook', null], ['AgentState_Busy', null]),
    ...plan(bRingAt, ['AgentEvent_Customer_Alerting', { callid: call.id, otherPhone: call.b, otherPhoneWorkno: '', type: 1 }]),
    ...plan(connectedAt, ['AgentEvent_Talking', { caller: call.a, called: call.b, callid: call.id, feature: '7', type: 1, mediaAbility: 0 }]),
    ...endEvents(call),
  ];
}

/** How the end of a call is told, at once. */
export function endEvents({ id, b, times: { end, endedAt } }: SimulatedCall): PlannedEvent[] {
  const failed = [['AgentEvent_Connect_Fail', id]] as const;
  const agentLeft = [['AgentEvent_Call_Release', id], ['AgentOther_PhoneRelease', null], ['AgentState_Ready', null]] as const;
  const told: Readonly<Record<typeof end, readonly (readonly [string, unknown])[]>> = {
    'a-no-answer': [...failed, ['AgentOther_PhoneRelease', null]],
    'a-busy': [...failed, ['AgentOther_PhoneRelease', null]],
    'b-no-answer': [['AgentEvent_Call_Out_Fail', id], ...failed, ['AgentState_Ready', null]],
    'b-busy': [['AgentEvent_Call_Out_Fail', id], ...failed, ['AgentState_Ready', null]],
    'b-hung-up': [['AgentEvent_Customer_Release', { callid: id, number: b }], ['AgentOther_PhoneRelease', null], ['AgentState_Ready', null]],
    'a-hung-up': agentLeft,
    'max-duration': agentLeft,
    cancelled: agentLeft,
  };
  return told[end].map(([eventType, content]) => ({ at: endedAt, eventType, content }));
}
