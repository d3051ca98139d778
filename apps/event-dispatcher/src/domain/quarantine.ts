import type { ChannelNotification, QuarantineCause } from '@cc/contracts';

/** A notification that could not be used, with the reason. */
export interface Quarantined {
  readonly notification: ChannelNotification;
  /** Never tells a number or a secret. */
  readonly reason: string;
  /** Absent: `unusable`. */
  readonly cause?: QuarantineCause;
}
