import { Clock } from '@cc/kernel';
import { Timers } from '../src/domain/timers';

/** A clock and its timers, moved by hand: nothing waits. */
export class HandTime extends Timers {
  private due: { at: number; work: () => void }[] = [];
  readonly clock: Clock = new (class extends Clock {
    constructor(private readonly time: HandTime) {
      super();
    }
    nowMs(): number {
      return this.time.at;
    }
  })(this);

  constructor(public at: number) {
    super();
  }

  after(delayMs: number, work: () => void): () => void {
    const one = { at: this.at + delayMs, work };
    this.due.push(one);
    return () => void (this.due = this.due.filter((other) => other !== one));
  }
  pause(): Promise<void> {
    return Promise.resolve();
  }
  async moveTo(at: number): Promise<void> {
    for (;;) {
      const next = this.due.filter((one) => one.at <= at).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.due = this.due.filter((one) => one !== next);
      this.at = next.at;
      next.work();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.at = at;
  }
}
