/** The wall clock, as a port, so that whatever decides by time can be tested without waiting. */
export abstract class Clock {
  /** Now, in epoch milliseconds. */
  abstract nowMs(): number;
}

export class SystemClock extends Clock {
  nowMs(): number {
    return Date.now();
  }
}
