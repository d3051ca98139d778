import { blameOf } from '../../not-placed';
import type { Blame, NotPlacedCodes } from '../../vendor.port';

export const GATEWAY_OK = '0';
/** The agent is signed in already; `forcelogin` takes the seat over. */
export const ALREADY_SIGNED_IN = '100-002';

/**
 * retcodes (cec_07_0580) with which a callout cannot have been placed: the request itself, or the right to make it, was
 * refused. Not in here, since they do not say so: 000-004 (the platform is switching), 000-007 (a repeated request: the
 * first may have been carried out), 100-007 (exception), 100-009 and 100-010 (state), those of the sign-in, and every
 * 200-xxx (voice), which the pages do not list one by one.
 */
const notPlaced: NotPlacedCodes = {
  '000-001': 'channel', // method
  '000-002': 'call', // parameters
  '000-003': 'call', // no right, or the session expired: of this seat, another seat's call would pass
  '100-006': 'call', // not signed in
  '100-008': 'call', // signed out
};

/** Whose fault it is that no call was placed; `undefined` when the code does not prove that. */
export function notPlacedBlame(retcode: string, confirmedByVendor: readonly string[]): Blame | undefined {
  return blameOf(retcode, notPlaced, confirmedByVendor);
}

/** After these the session is over and the seat must sign in again. */
const sessionOver: ReadonlySet<string> = new Set(['000-003', '100-006', '100-008']);
/** A request that can be made again: the session is over, the platform is switching, or there was an exception. */
const passing: ReadonlySet<string> = new Set([...sessionOver, '000-004', '100-007']);
export const isPassing = (retcode: string): boolean => passing.has(retcode);
export const isSessionOver = (retcode: string): boolean => sessionOver.has(retcode);

/** A sign-in that will be refused the next time as well: parameters, rights, user or password. */
const signInRefused: ReadonlySet<string> = new Set(['000-001', '000-002', '000-003', '100-001', '100-004']);
export const isSignInRefused = (retcode: string): boolean => signInRefused.has(retcode);
