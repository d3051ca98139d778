import { DeadlineExceeded, describeError, pause, withDeadline } from '@cc/kernel';

export interface EventuallyOptions {
  /** How long the state may take to come about; 10,000 unless told. */
  readonly limitMs?: number;
  /** Pause between two looks; 20 unless told. */
  readonly everyMs?: number;
}

/**
 * Looks again and again until the check neither throws nor returns `false`; resolves with what it returned then.
 * At the limit it rejects with what the last look found.
 */
export async function eventually<T>(check: () => T | false | Promise<T | false>, { limitMs = 10_000, everyMs = 20 }: EventuallyOptions = {}): Promise<T> {
  const look = async (): Promise<T | false> => check();
  const deadline = performance.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await withDeadline(look(), Math.max(1, deadline - performance.now()), 'The last look');
      if (found !== false) return found;
      last = 'it was false';
    } catch (error) {
      // A look that the limit cut off tells nothing where an earlier one has told something.
      if (!(error instanceof DeadlineExceeded) || last === undefined) last = error;
    }
    if (performance.now() >= deadline) throw new Error(`Not so within ${limitMs} ms: ${describeError(last)}`, { cause: last });
    await pause(everyMs);
  }
}
