/** Where requests wait until something changes, which whoever hears of it tells to all. */
export class WaitingRoom {
  private readonly waiters = new Set<() => void>();
  private closing = false;

  /** What `read` gives as soon as it is `settled`, or as it is when `waitMs` have passed or the room closes. */
  async until<T>(read: () => Promise<T>, settled: (value: T) => boolean, waitMs: number): Promise<T> {
    const deadline = Date.now() + waitMs;
    for (;;) {
      const waiting = this.nextChange(deadline - Date.now());
      const value = await read().catch((error: unknown) => {
        waiting.cancel();
        throw error;
      });
      if (settled(value) || this.closing || Date.now() >= deadline) {
        waiting.cancel();
        return value;
      }
      await waiting.promise;
    }
  }

  wakeAll(): void {
    for (const wake of [...this.waiters]) wake();
  }

  /** Whoever waits gets what there is. */
  close(): void {
    this.closing = true;
    this.wakeAll();
  }

  /** Registered before anything is read, so that no change falls between. */
  private nextChange(limitMs: number): { readonly promise: Promise<void>; readonly cancel: () => void } {
    let cancel = (): void => undefined;
    const promise = new Promise<void>((resolve) => {
      const waiter = (): void => cancel();
      const timer = setTimeout(() => cancel(), Math.max(0, limitMs));
      cancel = () => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve();
      };
      this.waiters.add(waiter);
    });
    return { promise, cancel: () => cancel() };
  }
}
