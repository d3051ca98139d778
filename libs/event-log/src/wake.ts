/** Lets one loop wait until it is woken; a wake that comes while nobody waits is kept for the next wait. */
export class Wake {
  private woken = false;
  private waker: (() => void) | undefined;

  wake(): void {
    this.woken = true;
    this.waker?.();
  }

  /** Resolves at the next wake, or after `ms`. */
  async wait(ms: number): Promise<void> {
    if (!this.woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.waker = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.waker = undefined;
    }
    this.woken = false;
  }
}
