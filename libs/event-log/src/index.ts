export { EventLog, handled } from './event-log';
export type { Batch, LogRecord, Outcome, Parked, PartitionLag, RunningSubscription, Subscription } from './event-log';
export { createEventLog } from './create-event-log';
export type { EventLogOptions, KafkaLogOptions, PostgresLogOptions } from './create-event-log';
export { eventLogMigrations } from './migrations';
export { murmur2, partitionOf } from './partitioner';
export { EventLogServer, PassErrors } from './event-log.server';
export type { EventLogServerOptions } from './event-log.server';
export { PostgresEventLog } from './postgres/postgres-event-log';
