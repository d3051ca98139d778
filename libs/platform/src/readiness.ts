/** Why a service is not ready; `undefined` when it is. */
export type ReadinessCheck = () => Promise<string | undefined> | string | undefined;

/** What must be true before traffic may come: each part of a service adds its own check. */
export class Readiness {
  private readonly checks = new Map<string, ReadinessCheck>();
  private draining = false;

  /** The service is about to end: what is in hand is finished, and nothing more should come. */
  get isDraining(): boolean {
    return this.draining;
  }

  add(name: string, check: ReadinessCheck): void {
    this.checks.set(name, check);
  }

  /** From now on the service is not ready, whatever its checks say. */
  drain(): void {
    this.draining = true;
  }

  /** Every reason against it; empty when ready. */
  async reasons(): Promise<string[]> {
    if (this.draining) return ['draining'];
    const found = await Promise.all([...this.checks].map(async ([name, check]) => [name, await check()] as const));
    return found.flatMap(([name, reason]) => (reason === undefined ? [] : [`${name}: ${reason}`]));
  }
}
