/** Full-jitter exponential back-off: a random pause in ms below `firstMs * 2^attempt`, never above `maxMs`. */
export function backoffMs(attempt: number, firstMs: number, maxMs: number, random: () => number = Math.random): number {
  return Math.ceil(random() * Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30)));
}
