import type { Log, Metrics } from '@cc/kernel';
import type { Database } from '@cc/postgres';
import type { AppendLimits } from './append-queue';
import { runnerCounters } from './batch-runner';
import type { EventLog } from './event-log';
import { createKafka } from './kafka/kafka-client';
import { KafkaEventLog } from './kafka/kafka-event-log';
import { PostgresEventLog } from './postgres/postgres-event-log';
import { defaultUpkeepLimits } from './postgres/postgres-upkeep';

interface DriverOptions {
  readonly log: Log;
  readonly metrics: Metrics;
  /** How long an append may take before it is `unavailable`, ms; 10,000 unless told. */
  readonly appendDeadlineMs?: number;
}

export interface PostgresLogOptions extends DriverOptions {
  readonly driver: 'postgres';
  /** With the tables of `eventLogMigrations`. */
  readonly database: Database;
  /** How long a tombstone of a compacted topic stays, ms; a day unless told. */
  readonly tombstoneMs?: number;
}

export interface KafkaLogOptions extends DriverOptions {
  readonly driver: 'kafka';
  /** `host:port` of some brokers of the cluster. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** With the tables of `eventLogMigrations`: for positions, parked records and the outbox. Without one, the log can only append. */
  readonly database?: Database;
  /** A consumer is dead for good, with the reason: end the process. */
  readonly onFatal: (reason: string) => void;
  /** How long a consumer group waits for a member that has gone silent, ms; 10,000 unless told. */
  readonly sessionTimeoutMs?: number;
}

export type EventLogOptions = PostgresLogOptions | KafkaLogOptions;

const APPEND_DEADLINE_MS = 10_000;
const MAX_WAITING_RECORDS = 20_000;
const MAX_TOGETHER = { postgres: 2_000, kafka: 500 };
const SESSION_TIMEOUT_MS = 10_000;

/** The event log on the chosen driver; nothing is contacted yet. */
export function createEventLog(options: EventLogOptions): EventLog {
  const appendLimits: AppendLimits = { deadlineMs: options.appendDeadlineMs ?? APPEND_DEADLINE_MS, maxWaiting: MAX_WAITING_RECORDS, maxTogether: MAX_TOGETHER[options.driver] };
  const parts = { log: options.log, counters: runnerCounters(options.metrics), appendLimits };
  if (options.driver === 'postgres') {
    return new PostgresEventLog({ ...parts, database: options.database, upkeepLimits: { tombstoneMs: options.tombstoneMs ?? defaultUpkeepLimits.tombstoneMs } });
  }
  return new KafkaEventLog({
    ...parts,
    kafka: createKafka(options.brokers, options.clientId, options.log),
    onFatal: options.onFatal,
    sessionTimeoutMs: options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
    ...(options.database === undefined ? {} : { database: options.database }),
  });
}
