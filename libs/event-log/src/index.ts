export { EventLog, handled } from './event-log';
export type { Batch, LogRecord, Outcome, Parked, PartitionLag, RunningSubscription, Subscription } from './event-log';
