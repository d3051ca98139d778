import { Clock } from '@cc/kernel';

/** A clock that stands until a test moves it. */
export class SettableClock extends Clock {
  /** @param now epoch ms. */
  constructor(public now: number) {
    super();
  }

  override nowMs(): number {
    return this.now;
  }
}
