import type { CloseType, EndedBy } from '@cc/contracts';
import { blameOf } from '../../not-placed';
import type { Blame, NotPlacedCodes } from '../../vendor.port';

export const VOICE_CALL_OK = '0';

/**
 * Result codes of click2Call that refuse before anything is placed (rtc_05_0022_1). Not in here: whatever the pages do not
 * list as a limit, as flow control, as authentication or as a bad request, the codes of a number that is not approved included.
 * To blame is the channel where the next call would meet the same: flow control, ports, application, address, signature.
 */
const notPlaced: NotPlacedCodes = {
  1010002: 'call', // bad request
  1010003: 'call', // bad parameter
  1010010: 'channel', // flow control of the platform: wait a minute
  1011006: 'channel', // flow control
  1013001: 'channel', // the developer's limit of calls
  1013002: 'channel', // the application's limit of calls
  1013003: 'call', // the number's limit of calls
  1020165: 'channel', // every purchased port is in use
  1020166: 'channel', // our address is not on the list
};
/** 10230xx: the request's authentication. */
const AUTHENTICATION = /^10230\d\d$/;

/** Whose fault it is that no call was placed; `undefined` when the code does not prove that. */
export function notPlacedBlame(resultCode: string, confirmedByVendor: readonly string[]): Blame | undefined {
  return AUTHENTICATION.test(resultCode) ? 'channel' : blameOf(resultCode, notPlaced, confirmedByVendor);
}

export interface VoiceCallCause {
  readonly closeType: CloseType;
  readonly endedBy?: EndedBy;
  /** The code does not say which leg failed: whether A has answered tells it, and the fee push, which has each leg's times, knows better. */
  readonly eitherLeg?: true;
}

const cause = (closeType: CloseType, codes: readonly number[], more: Omit<VoiceCallCause, 'closeType'> = {}): [string, VoiceCallCause][] =>
  codes.map((code) => [String(code), { closeType, ...more }]);

/** `stateCode` of a disconnect (rtc_05_0007). */
const causes: ReadonlyMap<string, VoiceCallCause> = new Map([
  ...cause(0, [0, 8017]), // hung up after they talked; ended as the application wished
  ...cause(1, [8106, 8107, 8109, 8110, 8111]), // A: invalid, no answer, unreachable, switched off, stopped or hung up
  ...cause(1, [8009], { endedBy: 'a' }), // A hung up before B was connected
  ...cause(2, [8100, 8101, 8103, 8104, 8105]), // the same of B
  ...cause(1, [8001, 8002, 8003, 8004], { eitherLeg: true }), // not connected, failure tone, rang too long, hung up while ringing: A's, unless A has answered
  ...cause(3, [8108]),
  ...cause(4, [8102]),
  ...cause(5, [8010], { endedBy: 'vendor' }),
  ...cause(6, [7001, 7002, 7003, 7004, 7005, 7108, 7109, 8000, 8005, 8006, 8007, 8008, 8012, 8015, 8018, 8020]), // rate, blacklist, frozen, ports, internal, announcements, application, recording, rights
  ...cause(7, [7505, 7506, 7508]), // network of A's side, of B's side, routing
]);

/** `undefined` for a code that the page does not list. */
export function causeOf(stateCode: string): VoiceCallCause | undefined {
  return causes.get(stateCode);
}

/** Why a leg was not answered. `nothing-wrong`: the line was well, only nobody answered. */
type LegFailure = 'busy' | 'unreachable' | 'network' | 'nothing-wrong';

/** Q.850 causes of `fwdUnaswRsn` (rtc_05_0008); assumed to be those of `callOutUnaswRsn` as well, of which the page does not say it. */
const legFailures: Readonly<Record<string, LegFailure>> = {
  16: 'nothing-wrong', 31: 'nothing-wrong', // normal
  17: 'busy',
  18: 'unreachable', 19: 'unreachable', 20: 'unreachable', 21: 'unreachable', 27: 'unreachable',
  34: 'network', 38: 'network', 41: 'network', 42: 'network', 47: 'network',
};
const closeTypes: Readonly<Record<'a' | 'b', Readonly<Record<LegFailure, CloseType>>>> = {
  a: { busy: 3, unreachable: 1, network: 7, 'nothing-wrong': 1 },
  b: { busy: 4, unreachable: 2, network: 7, 'nothing-wrong': 2 },
};

/** How a call ended whose leg was not answered for this Q.850 cause; `undefined` for a cause that the page does not list. */
export function closeTypeOfLeg(leg: 'a' | 'b', q850: string): CloseType | undefined {
  return Object.hasOwn(legFailures, q850) ? closeTypes[leg][legFailures[q850] ?? 'nothing-wrong'] : undefined;
}
