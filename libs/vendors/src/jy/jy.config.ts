import { z } from 'zod';
import { CallbackUrl } from '../callback-url';
import { secretOf } from '../secret';
import { Endpoint, ExchangeTimeoutMs } from '../setting-parts';
import { Contract } from './jy.contract';
import { defaultContract } from './jy.default-contract';

/** The channel file's `settings` of a channel of the connector. */
export const JySettings = z.strictObject({
  /** What comes before the paths of the contract, e.g. `https://api.example.com/callcenter`. */
  endpoint: Endpoint,
  /** Each under the name by which the contract has it; one that is no secret is given in the same way. */
  credentials: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,30}$/, { error: 'expected letters and digits' }), secretOf(1, 512)).default({}),
  /** The whole dial exchange. A dial without an answer by then is unknown, not failed. */
  dialTimeoutMs: ExchangeTimeoutMs,
  /** The whole exchange of any other request. */
  requestTimeoutMs: ExchangeTimeoutMs,
  /** `{callbackUrl}` of the contract; not needed where the vendor has the address by other means. */
  callbackUrl: CallbackUrl.optional(),
  /** Hosts (`name` or `name:port`) that recordings may be fetched from. Default: the endpoint's host alone. */
  recordingHosts: z.array(z.string().min(1)).optional(),
  /** The vendor's interface as data. Default: CC's own contract, which no vendor speaks; see `jy.default-contract.ts`. */
  contract: Contract.prefault(defaultContract),
});
export type JySettings = z.output<typeof JySettings>;
