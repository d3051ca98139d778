import { z } from 'zod';
import { confirmedNotPlaced } from '../not-placed';
import { secretOf } from '../secret';
import { Endpoint, ExchangeTimeoutMs } from '../setting-parts';
import { FixedZone } from '../vendor-time';

/** The 32-character identifiers of the vendor's REST page ("RESTInterface"). */
const identifier = z.string().regex(/^[A-Za-z0-9]{32}$/, { error: 'expected 32 letters and digits' });

/** The channel file's `settings` of an e9 channel. Defaults are the vendor's documented values where it documents them. */
export const E9Settings = z.strictObject({
  /** Without the version, e.g. `https://api.33e9cloud.com`. */
  endpoint: Endpoint.default('https://api.33e9cloud.com'),
  /** `softVersion` in every path (RESTInterface). */
  softVersion: z.string().regex(/^[\w-]+$/).default('2016-01-01'),
  accountSid: identifier,
  authToken: secretOf(32, 32),
  appId: identifier,
  /** Zone of the times in callbacks and records; the vendor does not name it (CallbackInterface). Signatures are always in Beijing time. */
  timeZone: FixedZone.prefault('Asia/Shanghai'),
  /** The whole dial exchange. A dial without an answer by then is unknown, not failed. */
  dialTimeoutMs: ExchangeTimeoutMs,
  /** The whole exchange of a cancel or a query. */
  requestTimeoutMs: ExchangeTimeoutMs,
  /** Further status codes that the vendor has confirmed to mean "no call was placed", for which the call is to blame; see `e9.errors.ts`. */
  notPlacedCodes: confirmedNotPlaced(z.string().regex(/^\d{1,8}$/)),
  /** A recording is ready about 10 minutes after the call (recordDownLoad). */
  recordingReadyAfterSeconds: z.number().int().nonnegative().default(600),
  /** The vendor keeps recordings for 30 days without charge (recordDownLoad). */
  recordingGiveUpAfterSeconds: z.number().int().positive().default(172_800),
  /**
   * Hosts (`name` or `name:port`) that recordings may be fetched from: a recording's address comes in a callback that
   * nobody signed, and the request carries a credential. Default: the endpoint's host alone.
   */
  recordingHosts: z.array(z.string().min(1)).optional(),
});
export type E9Settings = z.output<typeof E9Settings>;
