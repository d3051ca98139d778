import type { OnModuleDestroy } from '@nestjs/common';
import { Timers } from '../domain/timers';

/** Node fires a longer one at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The process's timers; what is still to come is dropped when the application stops, and pauses end at once. */
export class SystemTimers extends Timers implements OnModuleDestroy {
  private readonly running = new Map<NodeJS.Timeout, () => void>();
  private stopped = false;

  override after(delayMs: number, work: () => void): () => void {
    return this.start(delayMs, work, () => undefined);
  }

  override pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.start(delayMs, resolve, resolve));
  }

  onModuleDestroy(): void {
    this.stopped = true;
    for (const [timer, onStop] of this.running) {
      clearTimeout(timer);
      onStop();
    }
    this.running.clear();
  }

  private start(delayMs: number, work: () => void, onStop: () => void): () => void {
    if (this.stopped) {
      onStop();
      return () => undefined;
    }
    const timer = setTimeout(() => {
      this.running.delete(timer);
      work();
    }, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS));
    this.running.set(timer, onStop);
    return () => {
      clearTimeout(timer);
      this.running.delete(timer);
    };
  }
}
