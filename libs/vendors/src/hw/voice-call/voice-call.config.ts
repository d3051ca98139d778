import { z } from 'zod';
import { CallbackUrl } from '../../callback-url';
import { confirmedNotPlaced } from '../../not-placed';
import { secretOf } from '../../secret';
import { Endpoint, ExchangeTimeoutMs } from '../../setting-parts';

const shownNumber = z.string().regex(/^\+86\d{3,13}$/, { error: 'expected a number that the vendor has approved, as +86 and its digits, an area code without its 0' });

/** `partyType` of a hang-up, by the side that it means; no page lists its words. */
const PartyTypes = z.strictObject({
  a: z.array(z.string().min(1)).default([]),
  b: z.array(z.string().min(1)).default([]),
  vendor: z.array(z.string().min(1)).default([]),
});

/** The channel file's `settings` of a VoiceCall channel. Page numbers are those of the vendor's API reference (`rtc_05_…`). */
export const VoiceCallSettings = z.strictObject({
  /** The application's address, e.g. `https://rtccall.cn-north-1.myhuaweicloud.cn:443` (rtc_05_0006). */
  endpoint: Endpoint,
  appKey: z.string().min(1).max(128),
  appSecret: secretOf(1, 512),
  /** How our requests are signed: `aksk` is the present form, `wsse` the older one (rtc_05_0006). */
  authentication: z.enum(['aksk', 'wsse']).default('aksk'),
  /** The number that A sees, where a call names none; approved by the vendor. */
  displayNbr: shownNumber,
  /** The number that B sees, where a call names none; approved by the vendor. */
  displayCalleeNbr: shownNumber,
  /**
   * Where the vendor posts status and fees: `https://HOST/callbacks/{channel id}/{callback secret}`, exactly as it reaches us,
   * since pushes are signed over it.
   */
  callbackUrl: CallbackUrl,
  /** The address before it was changed: pushes of calls that were dialled with it are still signed over it, fees for up to 6 hours. */
  previousCallbackUrl: CallbackUrl.optional(),
  /** A push without a signature counts as forged. Off by default: whether every account's pushes are signed is not documented. */
  requireSignature: z.boolean().default(false),
  /** What `partyType` says of who hung up. No page lists its words: one that is in none of these lists is counted, and says nothing of who ended the call. */
  partyTypes: PartyTypes.prefault({}),
  /** The whole dial exchange. A dial without an answer by then is unknown, not failed. */
  dialTimeoutMs: ExchangeTimeoutMs,
  /** The whole exchange of any other request. */
  requestTimeoutMs: ExchangeTimeoutMs,
  /** Further result codes that the vendor has confirmed to mean "no call was placed", for which the call is to blame; see `voice-call.errors.ts`. */
  notPlacedCodes: confirmedNotPlaced(z.string().regex(/^\d{1,10}$/)),
  /** How long after its announcement a recording is first asked for; by the pages it is there with the fee push (rtc_05_0008). */
  recordingReadyAfterSeconds: z.number().int().nonnegative().default(0),
  /** The vendor keeps recordings for 7 days (rtc_05_0011). */
  recordingGiveUpAfterSeconds: z.number().int().positive().default(604_800),
});
export type VoiceCallSettings = z.output<typeof VoiceCallSettings>;
