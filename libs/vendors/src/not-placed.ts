import { z } from 'zod';
import type { Blame, NotPlacedCodes } from './vendor.port';

/**
 * In a vendor's settings: further codes of the dial that the vendor has confirmed to mean "no call was placed". A call that is
 * refused with one of them is to blame itself: a code of which no page says more must not take a channel down.
 * @param code what the vendor's codes look like.
 */
export const confirmedNotPlaced = (code: z.ZodString) => z.array(code).default([]);

/** Whose fault it is that no call was placed, by the pages or else by the settings; `undefined` when the code does not prove that. */
export function blameOf(code: string, documented: NotPlacedCodes, confirmedByVendor: readonly string[]): Blame | undefined {
  if (Object.hasOwn(documented, code)) return documented[code];
  return confirmedByVendor.includes(code) ? 'call' : undefined;
}
