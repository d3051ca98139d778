import { withDeadline } from '@cc/kernel';

const DRAIN_LIMIT_MS = 8000;

/** Work that goes on by itself while the next is taken up: never more than the limit at once. */
export class WorkInFlight {
  private readonly running = new Map<Promise<void>, string | undefined>();

  constructor(private readonly limit: number) {}

  /** How many more may begin, at least one: waits for an end where there is no room. */
  async room(): Promise<number> {
    while (this.running.size >= this.limit) await Promise.race(this.running.keys());
    return this.limit - this.running.size;
  }

  /** Whether work on this is in hand. */
  isOn(subject: string): boolean {
    return [...this.running.values()].includes(subject);
  }

  /** @param work never rejects. @param subject what it is on, where that must not be worked on twice at once. */
  begin(work: Promise<void>, subject?: string): void {
    this.running.set(work, subject);
    void work.finally(() => this.running.delete(work));
  }

  /** Resolves when all that has begun is over, or has had its time: what is to stop after it must stop all the same. */
  async drained(): Promise<void> {
    await withDeadline(Promise.all(this.running.keys()), DRAIN_LIMIT_MS, 'The work in hand').catch(() => undefined);
  }
}
