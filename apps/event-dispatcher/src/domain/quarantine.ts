import type { ChannelNotification } from '@cc/contracts';
import { z } from 'zod';

/**
 * Why a notification was put aside. `forged`: a check of the callback failed; `unaddressed`: it names neither our attempt nor a vendor
 * call; `orphaned`: no attempt that it belongs to was heard of in time; `unusable`: anything else, which the reason tells.
 */
export const QuarantineCause = z.enum(['forged', 'unaddressed', 'orphaned', 'unusable']);
export type QuarantineCause = z.infer<typeof QuarantineCause>;

/** A notification that could not be used, with the reason. */
export interface Quarantined {
  readonly notification: ChannelNotification;
  /** Never tells a number or a secret. */
  readonly reason: string;
  /** Absent: `unusable`. */
  readonly cause?: QuarantineCause;
}
