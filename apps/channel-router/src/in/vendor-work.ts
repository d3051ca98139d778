import { Log } from '@cc/kernel';
import { Injectable } from '@nestjs/common';

/** Work that waits for vendors: it goes on by itself, of each name one piece at a time, so that a slow vendor holds up nobody else's calls. */
@Injectable()
export class VendorWork {
  private readonly inHand = new Map<string, Promise<void>>();

  constructor(private readonly log: Log) {}

  /** Begins the work unless the same is in hand. */
  begin(name: string, work: () => Promise<unknown>): void {
    if (this.inHand.has(name)) return;
    const running = work()
      .then(() => undefined, (error: unknown) => this.log.warn('work with a vendor failed; it is due again', { work: name, error }))
      .finally(() => this.inHand.delete(name));
    this.inHand.set(name, running);
  }

  /** Resolves when all that has begun is over. */
  async drained(): Promise<void> {
    await Promise.all(this.inHand.values());
  }
}
