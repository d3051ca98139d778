import type { WireRecord } from '@cc/contracts';
import { CcError } from '@cc/kernel';
import type { DeadLetters } from './dead-letters';
import { EventLog, type PartitionLag, type RunningSubscription } from './event-log';

/** A log that can be used, and how to end it with what it stands on. */
export interface ConnectedLog {
  readonly eventLog: EventLog;
  readonly end: () => Promise<void>;
}

/** A log that is still being connected, for a service that only appends and keeps what it has until the log takes it: an append before that is `unavailable`. */
export class LateEventLog extends EventLog {
  private readonly closing = new AbortController();
  private readonly connecting: Promise<ConnectedLog | undefined>;
  private connected: ConnectedLog | undefined;

  /**
   * @param connect begins at once; is to give up when the signal aborts.
   * @param failed told when it rejects before the end.
   */
  constructor(connect: (signal: AbortSignal) => Promise<ConnectedLog>, failed: (error: unknown) => void) {
    super();
    this.connecting = connect(this.closing.signal).then((connected) => (this.connected = connected), (error: unknown) => {
      if (!this.closing.signal.aborted) failed(error);
      return undefined;
    });
  }

  async append(topic: string, records: readonly WireRecord[]): Promise<void> {
    if (this.connected === undefined) throw new CcError('unavailable', 'log-unavailable', 'The event log is not connected yet');
    await this.connected.eventLog.append(topic, records);
  }

  stalledForMs(): number {
    return this.connected?.eventLog.stalledForMs() ?? 0;
  }

  async close(): Promise<void> {
    this.closing.abort();
    await (await this.connecting)?.end();
  }

  ensureTopics(): Promise<void> {
    return refuse();
  }
  appendInTransaction(): Promise<void> {
    return refuse();
  }
  subscribe(): RunningSubscription {
    throw appendsOnly();
  }
  lag(): Promise<readonly PartitionLag[]> {
    return refuse();
  }
  replayFromStart(): Promise<void> {
    return refuse();
  }
  deadLetters(): Promise<DeadLetters> {
    return refuse();
  }
}

const appendsOnly = (): CcError => new CcError('fault', 'log-appends-only', 'This event log was made to append only');
const refuse = (): Promise<never> => Promise.reject(appendsOnly());
