import type { ChannelNotification } from '@cc/contracts';

/** In place of the codes of a channel that are too many. */
export const OTHER_CODES = 'other codes';

/** A vendor's code that its adapter does not know. */
export interface UnknownCode {
  readonly channel: string;
  /** The field that had it, in a word of the adapter's, and the code. */
  readonly code: string;
  readonly seen: number;
  /** When a message that had it came, epoch ms. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** A few of those messages, sealed. */
  readonly samples: readonly ChannelNotification[];
}
