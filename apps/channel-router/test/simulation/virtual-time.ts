import { setImmediate as turn } from 'node:timers/promises';
import { Clock } from '@cc/kernel';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

const EPOCH_MS = 1_790_000_000_000;

/** A clock that stands still while anything is left to do, and then jumps to the next timer. */
export class VirtualTime extends Clock {
  private now = EPOCH_MS;
  private timers: Timer[] = [];
  private order = 0;

  override nowMs(): number {
    return this.now;
  }

  /** Since the beginning, in ms. */
  elapsedMs(): number {
    return this.now - EPOCH_MS;
  }

  after(delayMs: number, fire: () => void): void {
    this.order += 1;
    const timer: Timer = { atMs: this.now + Math.max(0, delayMs), order: this.order, fire };
    const place = this.timers.findIndex((other) => other.atMs > timer.atMs);
    if (place === -1) this.timers.push(timer);
    else this.timers.splice(place, 0, timer);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Lets time pass until then, or until it is told to stop. */
  async run(untilMs: number, isOver: () => boolean): Promise<void> {
    for (;;) {
      // One turn of the event loop runs every promise that can go on.
      await turn();
      const next = this.timers[0];
      if (next === undefined || next.atMs - EPOCH_MS > untilMs || isOver()) return;
      this.timers.shift();
      this.now = next.atMs;
      next.fire();
    }
  }
}
