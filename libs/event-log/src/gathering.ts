/**
 * While records keep coming, a reader waits this long, ms, between two batches of a partition, or between two looks at the log: each has
 * its price whether it brings one record or a hundred. The first record after a quiet time is taken at once.
 */
export const GATHER_MS = 20;
/** Records that follow on each other within this long, ms, keep coming. */
export const BUSY_WITHIN_MS = 100;
