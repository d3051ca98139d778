import { z } from 'zod';
import { secretOf } from './secret';

/** One entry of the channel file; what belongs to the vendor alone is under `settings`, checked by the vendor's schema. */
export const ChannelEntry = z.strictObject({
  /** The channel's name everywhere in CC. */
  id: z.string().regex(/^[a-z0-9-]{1,32}$/, { error: 'expected 1 to 32 of a-z, 0-9 and -' }),
  /** The vendor's code, e.g. `e9`. */
  vendor: z.string(),
  /** The vendor's product, e.g. `callback`. */
  protocol: z.string(),
  /** A channel that is not enabled takes no new calls; its running calls are followed to their end. */
  enabled: z.boolean().default(true),
  /** Its share among equally good channels; 0 is chosen only by name. */
  weight: z.number().nonnegative().default(1),
  /** Which tenants may use it; absent: all. */
  tenants: z.array(z.string().min(1)).min(1).optional(),
  /** The last part of the callback's path; two while they are being changed. Only for vendors that call back. */
  callbackSecrets: z.array(secretOf(16, 128)).min(1).max(2).optional(),
  settings: z.unknown().optional(),
});
export type ChannelEntry = z.infer<typeof ChannelEntry>;
