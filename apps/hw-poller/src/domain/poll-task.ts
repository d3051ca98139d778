import { createHash } from 'node:crypto';

const MAX_PAUSE_MS = 30_000;

/** One live call that is followed by polling. */
export interface PollTask {
  readonly attemptId: string;
  readonly callId: string;
  readonly channel: string;
  readonly vendorCallId: string;
  /** Polls in a row that gave no usable answer. */
  readonly failures: number;
  /** Digest of the last answer that was passed on. */
  readonly lastDigest: string | undefined;
}

export interface PollResult {
  readonly state: 'live' | 'ended' | 'failed';
  readonly bodies: readonly Buffer[];
}

/** What follows from one poll. */
export interface NextStep {
  /** The answer tells more than the last one did. */
  readonly news: boolean;
  readonly digest: string | undefined;
  readonly failures: number;
  /** `undefined`: the call needs no further poll. */
  readonly nextPollInMs: number | undefined;
}

/** Passes on what is new; asks again after the vendor's interval, more slowly while the vendor does not answer. */
export function nextStep(task: PollTask, result: PollResult, intervalMs: number): NextStep {
  const digest = result.bodies.length === 0 ? task.lastDigest : digestOf(result.bodies);
  const news = digest !== task.lastDigest;
  if (result.state === 'ended') return { news, digest, failures: 0, nextPollInMs: undefined };
  if (result.state === 'live') return { news, digest, failures: 0, nextPollInMs: intervalMs };
  const failures = task.failures + 1;
  return { news, digest, failures, nextPollInMs: Math.min(MAX_PAUSE_MS, intervalMs * 2 ** Math.min(failures, 10)) };
}

function digestOf(bodies: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const body of bodies) hash.update(`${body.length}\n`).update(body);
  return hash.digest('hex');
}
