import { pause } from '@cc/kernel';

/** How many calls have grown by a notification, and how many are closed. */
export interface Progress {
  readonly begun: number;
  readonly closed: number;
}

const POLL_MS = 50;
const LIMIT_MS = 90_000;

/** The seconds from the look that finds the first call begun to the one that finds all of them closed; looks every 50 ms. */
export async function secondsOfProgress(callCount: number, look: () => Promise<Progress>): Promise<number> {
  const giveUpAt = performance.now() + LIMIT_MS;
  let begunAt: number | undefined;
  for (;;) {
    const { begun, closed } = await look();
    const now = performance.now();
    if (begun > 0) begunAt ??= now;
    if (begunAt !== undefined && closed >= callCount) return (now - begunAt) / 1000;
    if (now > giveUpAt) throw new Error(`Only ${closed} of ${callCount} calls were closed within ${LIMIT_MS / 1000} s`);
    await pause(POLL_MS);
  }
}
