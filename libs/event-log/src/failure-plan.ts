const QUICK_TRIES = 3;
/** For a record that is alone after halving: it has failed in company before. */
const TRIES_AFTER_HALVING = 2;

/** What to do after a batch failed by its own fault: the same again after a pause, a smaller one at once, or give the only record up. */
export type AfterFailure = 'try-again' | 'halve' | 'condemn';

/**
 * How many records the next batch of a partition may have, learnt from the failures so far: after a few tries a failing batch is halved
 * until its culprit is alone. Once one was found, the next failing batch is halved at once, since a fault seldom comes alone.
 */
export class FailurePlan {
  private tries = 0;
  private wary = false;
  /** Records, from the cursor on, among which a culprit must be. */
  private suspects: number | undefined;

  limit(maxBatch: number): number {
    return this.suspects === undefined ? maxBatch : Math.max(1, Math.ceil(this.suspects / 2));
  }

  /** Failures in a row of the same batch. */
  get failures(): number {
    return this.tries;
  }

  /** @param taken records that the batch took from the partition; @param delivered how many of them the handler saw. */
  failed(taken: number, delivered: number): AfterFailure {
    this.tries += 1;
    if (delivered <= 1) {
      if (this.tries < (this.wary ? TRIES_AFTER_HALVING : QUICK_TRIES)) return 'try-again';
      this.tries = 0;
      return 'condemn';
    }
    if (!this.wary && this.tries < QUICK_TRIES) return 'try-again';
    this.tries = 0;
    this.wary = true;
    this.suspects = taken;
    return 'halve';
  }

  /** @param taken records that the partition's cursor has passed. */
  succeeded(taken: number): void {
    this.tries = 0;
    if (this.suspects === undefined) this.wary = false;
    else if (this.suspects <= taken) this.suspects = undefined;
    else this.suspects -= taken;
  }
}
