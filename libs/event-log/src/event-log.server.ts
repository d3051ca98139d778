import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { CcError, type Log } from '@cc/kernel';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom, throwError, type Observable } from 'rxjs';
import type { Batch, EventLog, Outcome, RunningSubscription } from './event-log';

export interface EventLogServerOptions {
  readonly eventLog: EventLog;
  /** The consumer group of all the service's handlers. */
  readonly group: string;
  readonly log: Log;
}

/**
 * Nest's transport for the event log: each `@EventPattern(topic)` handler receives a {@link Batch} and returns an {@link Outcome}.
 * Anything else that it returns makes the batch fail, as an error does. Register {@link PassErrors} as a filter beside it.
 */
export class EventLogServer extends Server implements CustomTransportStrategy {
  private running: RunningSubscription | undefined;
  private joined = false;

  constructor(private readonly options: EventLogServerOptions) {
    super();
  }

  /** Subscribes to every handler's topic; does not wait for the group, which may be waiting for a dead member's session to end. */
  listen(callback: (error?: unknown) => void): void {
    try {
      const { eventLog, group, log } = this.options;
      const topics = this.topics();
      this.running = eventLog.subscribe({ group, topics, handle: (batch) => this.handle(batch) });
      this.running.ready.then(() => (this.joined = true)).catch((error: unknown) => log.error('The consumer group was not joined', { group, error }));
      callback();
    } catch (error) {
      callback(error);
    }
  }

  async close(): Promise<void> {
    await this.running?.stop();
  }

  /** The group was joined once; a broker that goes away later does not change that. */
  hasJoined(): boolean {
    return this.joined;
  }

  /** Epoch ms of the last sign of life of the consumer; now where it is not running. */
  lastAliveAtMs(): number {
    return this.running?.lastAliveAtMs() ?? Date.now();
  }

  on(): void {
    throw new CcError('fault', 'no-transport-events', 'The event log has no transport events');
  }

  unwrap<T>(): T {
    throw new CcError('fault', 'no-transport-client', 'The event log is used through its own port');
  }

  private topics(): string[] {
    for (const [topic, handler] of this.messageHandlers) {
      if (handler.isEventHandler !== true) throw new CcError('fault', 'not-an-event', `The handler of ${topic} must be an @EventPattern: nobody awaits a reply`);
      if (handler.next !== undefined) throw new CcError('fault', 'topic-handled-twice', `The topic ${topic} has two handlers; each would commit for the other`);
    }
    return [...this.messageHandlers.keys()];
  }

  private async handle(batch: Batch): Promise<Outcome> {
    const handler: MessageHandler | undefined = this.messageHandlers.get(batch.topic);
    if (handler === undefined) throw new CcError('fault', 'topic-not-handled', `No handler for ${batch.topic}`);
    const returned: unknown = await handler(batch);
    const outcome: unknown = isObservable(returned) ? await lastValueFrom(returned, { defaultValue: undefined }) : returned;
    if (!isOutcome(outcome)) throw new CcError('fault', 'no-outcome', `The handler of ${batch.topic} did not return an outcome`);
    return outcome;
  }
}

function isOutcome(value: unknown): value is Outcome {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  if (value.kind === 'retry') return 'reason' in value && typeof value.reason === 'string';
  return value.kind === 'handled' && (!('parked' in value) || value.parked === undefined || Array.isArray(value.parked));
}

/** Hands a handler's error to the log's transport as it is: Nest would turn it into a plain object that says nothing. */
@Catch()
export class PassErrors implements RpcExceptionFilter {
  catch(exception: unknown): Observable<never> {
    return throwError(() => exception);
  }
}
