import { NoMetrics, SilentLog } from '@cc/kernel';
import type { SpoolOptions } from '../src/out/spool';
import { SpoolWatch } from '../src/out/spool-watch';

/** Of a spool without limits that lets go at once what the log has. */
export function spoolOptions(directory: string, more: Partial<SpoolOptions> = {}): SpoolOptions {
  return {
    directory, segmentBytes: 1_000_000, waitingBytes: 100_000_000, backlogBytes: 1_000_000_000, reserveBytes: 0, retentionMs: 0,
    watch: new SpoolWatch(new SilentLog(), new NoMetrics()), nowMs: Date.now, onBroken: () => undefined, ...more,
  };
}
