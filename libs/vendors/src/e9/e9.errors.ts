import type { CloseType } from '@cc/contracts';
import { blameOf } from '../not-placed';
import type { Blame } from '../vendor.port';

export const E9_OK = '000000';
/** "Query rate exceeded" (globalErrorCode): the record may well exist. */
export const E9_QUERY_RATE_EXCEEDED = '900224';

/**
 * Status codes that refuse a dial before anything is placed (globalErrorCode): parameters and version (900098, 900099),
 * account and application (9001xx), voice (9002xx), sub-account (9003xx), number mapping (9004xx). The vendor's later
 * server moves account codes to 9002xx and voice codes to 9003xx, which stays inside. Not in here: 900000 "unknown" and
 * 900001 to 900097 "internal", which say nothing about the call, and every code that no page lists.
 * Only the account codes of the page (9001xx) speak against the channel: the later server's numbers overlap with those that speak of
 * one call's numbers, and a channel must not be given up for one call's numbers.
 */
const notPlaced = { from: 900098, to: 900499 };
const ofTheAccount = { from: 900100, to: 900199 };

/** Whose fault it is that no call was placed; `undefined` when the code does not prove that. */
export function notPlacedBlame(code: string, confirmedByVendor: readonly string[]): Blame | undefined {
  const number = /^\d{6}$/.test(code) ? Number(code) : NaN;
  if (number >= ofTheAccount.from && number <= ofTheAccount.to) return 'channel';
  if (number >= notPlaced.from && number <= notPlaced.to) return 'call';
  return blameOf(code, {}, confirmedByVendor);
}

/** `byeType` of the Hangup callback: the vendor's list is the one of our close types (CallbackInterface). */
const closeTypeOfByeType: Readonly<Record<string, CloseType>> = { 0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 255: 255 };

/** `undefined` for a value outside the list; the vendor's own sample has one (200). */
export function closeTypeOf(byeType: string): CloseType | undefined {
  return Object.hasOwn(closeTypeOfByeType, byeType) ? closeTypeOfByeType[byeType] : undefined;
}
