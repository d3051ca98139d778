import type { Log, Metrics } from '@cc/kernel';
import type { Database } from '@cc/postgres';
import type { AppendLimits } from './append-queue';
import { runnerCounters } from './batch-runner';
import type { EventLog } from './event-log';
import { PostgresEventLog } from './postgres/postgres-event-log';
import { defaultUpkeepLimits } from './postgres/postgres-upkeep';

export interface PostgresLogOptions {
  readonly driver: 'postgres';
  /** With the tables of `eventLogMigrations`. */
  readonly database: Database;
  readonly log: Log;
  readonly metrics: Metrics;
  /** How long an append may take before it is `unavailable`, ms; 10,000 unless told. */
  readonly appendDeadlineMs?: number;
  /** How long a tombstone of a compacted topic stays, ms; a day unless told. */
  readonly tombstoneMs?: number;
}

export type EventLogOptions = PostgresLogOptions;

const APPEND_DEADLINE_MS = 10_000;
const MAX_WAITING_RECORDS = 20_000;
const MAX_TOGETHER = { postgres: 2_000, kafka: 500 };

/** The event log on the chosen driver; nothing is contacted yet. */
export function createEventLog(options: EventLogOptions): EventLog {
  const limits: AppendLimits = { deadlineMs: options.appendDeadlineMs ?? APPEND_DEADLINE_MS, maxWaiting: MAX_WAITING_RECORDS, maxTogether: MAX_TOGETHER[options.driver] };
  const counters = runnerCounters(options.metrics);
  return new PostgresEventLog({
    database: options.database,
    log: options.log,
    counters,
    appendLimits: limits,
    upkeepLimits: { tombstoneMs: options.tombstoneMs ?? defaultUpkeepLimits.tombstoneMs },
  });
}
