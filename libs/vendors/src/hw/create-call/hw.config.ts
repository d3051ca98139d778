import { z } from 'zod';
import { CallbackUrl } from '../../callback-url';
import { confirmedNotPlaced } from '../../not-placed';
import { secretOf } from '../../secret';
import { Endpoint, ExchangeTimeoutMs } from '../../setting-parts';

/** The channel file's `settings` of a 双呼 channel. Page numbers are those of the vendor's API reference (`cec_07_…`). */
export const HwSettings = z.strictObject({
  /** Scheme and domain, e.g. `https://service.besclouds.com` (cec_07_1303). */
  endpoint: Endpoint,
  appKey: z.string().min(1).max(128),
  appSecret: secretOf(1, 512),
  /** `X-Token-Expire`, seconds; the vendor allows 3600 at most (cec_07_0002). */
  tokenLifetimeSeconds: z.number().int().min(60).max(3600).default(3600),
  /** The vendor's page gives lengths of numbers but no form: national (`13912345678`, `01062345678`) or `+86…`. */
  numberFormat: z.enum(['national', 'e164']).default('national'),
  /** The whole dial exchange, without the token. A dial without an answer by then is unknown, not failed. */
  dialTimeoutMs: ExchangeTimeoutMs,
  /** The whole exchange of any other request. */
  requestTimeoutMs: ExchangeTimeoutMs,
  /** The pause between two looks at a live call; the vendor names no limit (cec_07_1306). */
  pollIntervalMs: z.number().int().min(200).max(60_000).default(2000),
  /** How long after a call's end its history record is waited for; the vendor does not say when it is there (cec_07_1305). */
  recordDelaySeconds: z.number().int().nonnegative().default(60),
  /** `taskType` of a history query: 1 is the 双呼 task, 4 its ITA variant (cec_07_1305). */
  taskType: z.enum(['0', '1', '4']).default('1'),
  /**
   * Where the vendor posts the end of each call (`callBackUrl`, cec_07_1303; the address must be on its white list). Absent: calls are polled only.
   * `https://HOST/callbacks/{channel id}/{callback secret}`; the channel then has `callbackSecrets`.
   */
  callbackUrl: CallbackUrl.optional(),
  /**
   * What a connect callback reports, of which the page gives only the fields (cec_07_1318): `nothing` that the record needs, or that B
   * has answered (`b-answered`), at the time when it reached us.
   */
  connectCallback: z.enum(['nothing', 'b-answered']).default('nothing'),
  /** Further retCodes that the vendor has confirmed to mean "no call was placed", for which the call is to blame; see `hw.errors.ts`. */
  notPlacedCodes: confirmedNotPlaced(z.string().regex(/^\d{1,8}$/)),
  /** The vendor does not say when a recording is ready (cec_07_1307). */
  recordingReadyAfterSeconds: z.number().int().nonnegative().default(60),
  recordingGiveUpAfterSeconds: z.number().int().positive().default(86_400),
});
export type HwSettings = z.output<typeof HwSettings>;
