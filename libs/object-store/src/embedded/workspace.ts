/** What all parts of one data directory share: its scratch directory, its clock, and its turns. */
export class Workspace {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    /** On the same file system as the objects, so that a rename moves in. */
    readonly temporary: string,
    readonly nowMs: () => number,
  ) {}

  /** Runs the short steps that change what is stored one after another; never call it from within one. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const run = this.last.then(work);
    this.last = run.catch(() => undefined);
    return run;
  }
}
