import type { CloseType, EndedBy } from '@cc/contracts';
import type { Blame, NotPlacedCodes } from '../../vendor.port';

export const HW_OK = '0';

/**
 * retCodes of createCall that refuse before anything is placed (cec_07_1303). Not in here, since they do not say so:
 * 1 (an equal task may exist already: a call may be running), 3 (no serial number found), 90100600 and 90104008
 * (internal error, processing timed out), 90106001, 90106002, 90106005, 90106006, and every code that the page does not list.
 */
const notPlaced: NotPlacedCodes = {
  2: 'call', // call data
  5: 'call', // form of a number
  6: 'channel', // VDN unavailable
  8: 'call', // caller not among the tenant's numbers
  16: 'call', // trial tenant: caller not on the white list
  21: 'channel', // trial tenant: more than 10 calls a day
  90100100: 'channel', // ITA: invalid parameter
  90100200: 'channel', // ITA: authentication
  90100300: 'channel', // ITA: bad request
  90100400: 'channel', // ITA: no such resource
  90102001: 'channel', // ITA: balance
  90102002: 'channel', // ITA: restricted
  90104001: 'channel', // ITA: permission
  90104003: 'channel', // ITA: forbidden
  90104004: 'channel', // ITA: not supported
  90104029: 'channel', // ITA: too many requests
  90106003: 'channel', // ITA: no number left
  90106004: 'channel', // ITA: no number found
  90106010: 'channel', // ITA: policy
  90106011: 'call', // ITA: caller forbidden
  90106012: 'call', // ITA: callee forbidden
};

/** Whose fault it is that no call was placed; `undefined` when the code does not prove that. */
export function notPlacedBlame(retCode: string, confirmedByVendor: readonly string[]): Blame | undefined {
  if (Object.hasOwn(notPlaced, retCode)) return notPlaced[retCode];
  return confirmedByVendor.includes(retCode) ? 'channel' : undefined;
}

/** retCodes of getRecordingAddress with which asking again is of no use (cec_07_1307): no record, serial too long, file too large. */
const neverRecorded: ReadonlySet<string> = new Set(['5', '12', '13']);

export function isNeverRecorded(retCode: string): boolean {
  return neverRecorded.has(retCode);
}

/** No record in the time asked for (queryCallDetailRecord, cec_07_1305). */
export const HW_NO_RECORD = '1';

export interface HwCause {
  readonly closeType: CloseType;
  readonly endedBy?: EndedBy;
  /** Only a call that talked ends this way. */
  readonly talked?: true;
}

/** `reasonCode` (cec_07_1306). 双呼 tells no busy from no answer, and its ITA variant uses further numbers, which stay 255. */
const causes: Readonly<Record<string, HwCause>> = {
  0: { closeType: 0, endedBy: 'b', talked: true }, // the called side hung up
  1: { closeType: 0, endedBy: 'a', talked: true }, // the calling side hung up
  2: { closeType: 1 }, // calling A failed
  3: { closeType: 2 }, // calling B failed
  4: { closeType: 1 }, // A did not answer
  5: { closeType: 2 }, // B did not answer
  6: { closeType: 6, endedBy: 'vendor' }, // the call could not be started
};

/** `undefined` for a code that the page does not list. */
export function causeOf(reasonCode: string): HwCause | undefined {
  return Object.hasOwn(causes, reasonCode) ? causes[reasonCode] : undefined;
}
