import { setTimeout as wait } from 'node:timers/promises';

/** Thrown when something took longer than it may; the work itself may still go on. */
export class DeadlineExceeded extends Error {
  constructor(what: string, limitMs: number) {
    super(`${what} did not finish within ${limitMs} ms`);
    this.name = 'DeadlineExceeded';
  }
}

/** The promise's outcome, or {@link DeadlineExceeded} once `limitMs` have passed. */
export async function withDeadline<T>(work: Promise<T>, limitMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceeded(what, limitMs)), limitMs);
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after `ms`, or at once when the signal aborts; never rejects. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
