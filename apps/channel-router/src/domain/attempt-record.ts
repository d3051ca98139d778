import type { PlaceCall } from '@cc/contracts';
import type { Attempt, AttemptState } from './attempt';

/** An attempt as it is written down. Times are epoch ms. */
export interface AttemptRecord extends Attempt {
  readonly state: AttemptState;
  readonly vendorCallId: string | undefined;
  readonly sentAt: number;
  readonly giveUpAt: number;
  readonly holdUntil: number;
  /** From then on the vendor gives no answer about it any more. */
  readonly askUntil: number;
  /** The vendor has answered a question about it. */
  readonly answered: boolean;
  /** How often its vendor was asked to end it, the time in hand included. */
  readonly hangUpTries: number;
  readonly notFoundSince: number | undefined;
  /** The vendor has told of it by itself. */
  readonly heard: boolean;
  /** When the vendor's word of its end came. */
  readonly endHeardAt: number | undefined;
  /** The application still waits for the call's end. */
  readonly callOpen: boolean;
  /** Its numbers, while they are needed. */
  readonly command: PlaceCall | undefined;
}
