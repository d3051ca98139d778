import { seatKey } from '@cc/contracts';

export interface SeatName {
  readonly channel: string;
  readonly seat: string;
}

export const nameOfSeat = ({ channel, seat }: SeatName): string => seatKey(channel, seat);

/** What is kept of a seat beyond its holder. */
export interface KeptSession {
  /** Sealed; absent while signed out. */
  readonly sealed: string | undefined;
  readonly state: 'signed-in' | 'signed-out' | undefined;
  /** When it came into this state, epoch ms. */
  readonly since: number | undefined;
}

/** A seat that this replica may poll: by its lease in the database, of which this side knows only a safe earlier end. */
export class SeatHold {
  private validUntil: number;
  private ended = false;

  /**
   * @param epoch which holding of this seat it is.
   * @param validUntil on the monotonic clock, ms.
   */
  constructor(
    readonly name: SeatName,
    readonly epoch: number,
    readonly kept: KeptSession,
    validUntil: number,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    this.validUntil = validUntil;
  }

  renew(validUntil: number): void {
    this.validUntil = validUntil;
  }

  /** It is given back or was lost: it never becomes valid again. */
  end(): void {
    this.ended = true;
  }

  get isOver(): boolean {
    return this.ended;
  }

  /** False for a process that slept past its lease, until the database says that the seat is still its own. */
  isValid(): boolean {
    return !this.ended && this.monotonicMs() < this.validUntil;
  }
}

/** How many seats a replica holds at most, so that all of them together hold every seat. */
export function fairShare(seats: number, replicas: number): number {
  return Math.ceil(seats / Math.max(1, replicas));
}
