import { z } from 'zod';
import { confirmedNotPlaced } from '../../not-placed';
import { Secret, secretOf } from '../../secret';

const url = z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }).transform((text) => text.replace(/\/+$/, ''));
const timeoutMs = z.number().int().min(1000).max(60_000).default(10_000);
const shownNumber = z.string().regex(/^\+86\d{3,13}$/, { error: 'expected a number that the vendor has approved, as +86 and its digits, an area code without its 0' });

/** It ends with the channel's callback secret, and is therefore one itself. */
const callbackUrl = z
  .instanceof(Secret, {
    error: "expected the address of this channel's callbacks, without which no call could be followed; it contains a secret and is given as one: {file: PATH}, or for development {value: URL}",
  })
  .refine((secret) => URL.canParse(secret.reveal()) && /^https?:$/.test(new URL(secret.reveal()).protocol), { error: 'the secret must be an http or https URL' });

/** `partyType` of a hang-up, by the side that it means; no page lists its words. */
const PartyTypes = z.strictObject({
  a: z.array(z.string().min(1)).default([]),
  b: z.array(z.string().min(1)).default([]),
  vendor: z.array(z.string().min(1)).default([]),
});

/** The channel file's `settings` of a VoiceCall channel. Page numbers are those of the vendor's API reference (`rtc_05_…`). */
export const VoiceCallSettings = z.strictObject({
  /** The application's address, e.g. `https://rtccall.cn-north-1.myhuaweicloud.cn:443` (rtc_05_0006). */
  endpoint: url,
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
  callbackUrl,
  /** The address before it was changed: pushes of calls that were dialled with it are still signed over it, fees for up to 6 hours. */
  previousCallbackUrl: callbackUrl.optional(),
  /** A push without a signature counts as forged. Off by default: whether every account's pushes are signed is not documented. */
  requireSignature: z.boolean().default(false),
  /** What `partyType` says of who hung up. No page lists its words: one that is in none of these lists is counted, and says nothing of who ended the call. */
  partyTypes: PartyTypes.prefault({}),
  /** The whole dial exchange. A dial without an answer by then is unknown, not failed. */
  dialTimeoutMs: timeoutMs,
  /** The whole exchange of any other request. */
  requestTimeoutMs: timeoutMs,
  /** Further result codes that the vendor has confirmed to mean "no call was placed", for which the call is to blame; see `voice-call.errors.ts`. */
  notPlacedCodes: confirmedNotPlaced(z.string().regex(/^\d{1,10}$/)),
  /** How long after its announcement a recording is first asked for; by the pages it is there with the fee push (rtc_05_0008). */
  recordingReadyAfterSeconds: z.number().int().nonnegative().default(0),
  /** The vendor keeps recordings for 7 days (rtc_05_0011). */
  recordingGiveUpAfterSeconds: z.number().int().positive().default(604_800),
});
export type VoiceCallSettings = z.output<typeof VoiceCallSettings>;
