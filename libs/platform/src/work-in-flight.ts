/** Work that goes on by itself while the next is taken up: never more than the limit at once. */
export class WorkInFlight {
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly limit: number) {}

  /** How many more may begin, at least one: waits for an end where there is no room. */
  async room(): Promise<number> {
    while (this.running.size >= this.limit) await Promise.race(this.running);
    return this.limit - this.running.size;
  }

  /** @param work never rejects. */
  begin(work: Promise<void>): void {
    this.running.add(work);
    void work.finally(() => this.running.delete(work));
  }

  /** Resolves when all that has begun is over. */
  async drained(): Promise<void> {
    await Promise.all(this.running);
  }
}
