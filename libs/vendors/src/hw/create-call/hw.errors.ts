import type { CloseType, EndedBy } from '@cc/contracts';
import { blameOf } from '../../not-placed';
import type { Blame, NotPlacedCodes } from '../../vendor.port';

export const HW_OK = '0';

/**
 * retCodes of createCall that refuse before anything is placed (cec_07_1303). Not in here, since they do not say so:
 * 1 (an equal task may exist already: a call may be running), 3 (no serial number found), and every code that the page does
 * not list, those of the ITA variant included: what the vendor confirms of them goes into the setting `notPlacedCodes`.
 */
const notPlaced: NotPlacedCodes = {
  2: 'call', // call data
  5: 'call', // form of a number
  6: 'channel', // VDN unavailable
  8: 'call', // caller not among the tenant's numbers
  16: 'call', // trial tenant: caller not on the white list
  21: 'channel', // trial tenant: more than 10 calls a day
};

/** Whose fault it is that no call was placed; `undefined` when the code does not prove that. */
export function notPlacedBlame(retCode: string, confirmedByVendor: readonly string[]): Blame | undefined {
  return blameOf(retCode, notPlaced, confirmedByVendor);
}

/** retCodes of getRecordingAddress with which asking again is of no use (cec_07_1307): no record, file too large. */
const neverRecorded: ReadonlySet<string> = new Set(['5', '13']);

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
