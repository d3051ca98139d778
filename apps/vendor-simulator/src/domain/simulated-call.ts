import type { CallTimes } from './call-times';
import type { Scenario } from './scenario';

export const vendorNames = ['e9', 'hw', 'jy'] as const;
export type VendorName = (typeof vendorNames)[number];

export type Leg = 'A' | 'B';

/** A call as the vendor's side knows it. */
export interface SimulatedCall {
  readonly vendor: VendorName;
  /** Which of the vendor's products, where it is not its first: calls are told apart by it. */
  readonly protocol?: string | undefined;
  /** e9 and jy callId, hw callSerialNo, VoiceCall sessionId. */
  readonly id: string;
  readonly a: string;
  readonly b: string;
  /** What the caller sent to get it back: e9 and VoiceCall userData, hw callData. */
  readonly echo: string | undefined;
  /** The numbers that A and B see, where they were asked for and allowed. */
  readonly shownToA: string | undefined;
  readonly shownToB: string | undefined;
  /** Where this call's callbacks go, where its dial may say so. */
  readonly callbackUrl?: string | undefined;
  readonly recorded: boolean;
  /** Where the simulator was reached: the start of the recording's URL, e.g. `http://127.0.0.1:3100`. */
  readonly baseUrl: string;
  readonly scenario: Scenario;
  readonly dialledAt: number;
  readonly times: CallTimes;
  /** Longest talk in simulated seconds, where the dial named one. */
  readonly maxTalkSeconds?: number | undefined;
}

/** One ring of one leg, as the person at the phone would report it. */
export interface Ring {
  readonly vendor: VendorName;
  readonly leg: Leg;
  readonly number: string;
  readonly vendorCallId: string;
  readonly userData?: string;
  readonly callData?: string;
  readonly attemptId?: string;
  readonly scenario: string;
  readonly ringAt: number;
  readonly answeredAt?: number;
  readonly endedAt?: number;
  /** The phone was in use, or its owner declined: it was reached, but not answered. */
  readonly busy?: true;
}

type LegCourse = { readonly leg: Leg; readonly number: string; readonly ringAt: number | undefined; readonly answeredAt: number | undefined; readonly busy: boolean };

/** The rings of a call up to `nowMs`. */
export function ringsOf(call: SimulatedCall, nowMs: number): Ring[] {
  const { times } = call;
  const legs: LegCourse[] = [
    { leg: 'A', number: call.a, ringAt: times.aRingAt, answeredAt: times.aAnsweredAt, busy: times.end === 'a-busy' },
    { leg: 'B', number: call.b, ringAt: times.bRingAt, answeredAt: times.connectedAt, busy: times.end === 'b-busy' },
  ];
  return legs.flatMap(({ leg, number, ringAt, answeredAt, busy }) => {
    if (ringAt === undefined || ringAt > nowMs || ringAt > times.endedAt) return [];
    return [{
      vendor: call.vendor, leg, number, vendorCallId: call.id, ...echoFieldOf(call), scenario: call.scenario.name, ringAt,
      ...(answeredAt !== undefined && answeredAt <= nowMs ? { answeredAt } : {}),
      ...(times.endedAt <= nowMs ? { endedAt: times.endedAt } : {}),
      ...(busy ? { busy } as const : {}),
    }];
  });
}

function echoFieldOf({ vendor, protocol, echo }: SimulatedCall): Pick<Ring, 'userData' | 'callData' | 'attemptId'> {
  if (echo === undefined) return {};
  if (vendor === 'jy') return { attemptId: echo };
  return vendor === 'e9' || protocol === 'voiceCall' ? { userData: echo } : { callData: echo };
}

/** How far a call is: `waiting` until A rings, `calling` until B answers. */
export function phaseAt({ times }: SimulatedCall, nowMs: number): 'waiting' | 'calling' | 'talking' | 'ended' {
  if (nowMs >= times.endedAt) return 'ended';
  if (times.connectedAt !== undefined && nowMs >= times.connectedAt) return 'talking';
  return nowMs >= times.aRingAt ? 'calling' : 'waiting';
}

/** Whole seconds between the seconds that both times show on a clock, as a vendor bills them. */
export function shownSeconds(fromMs: number, toMs: number): number {
  return Math.floor(toMs / 1000) - Math.floor(fromMs / 1000);
}
