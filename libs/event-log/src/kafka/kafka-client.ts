import { CcError, type Log } from '@cc/kernel';
import { Kafka, logLevel, type RetryOptions } from 'kafkajs';

/**
 * Of consumers, for ever: with kafkajs' own five tries, an outage of 8 s crashes the consumer, and the one that takes its place waits for
 * the session of its dead self.
 */
export const endlessRetry: RetryOptions = { initialRetryTime: 100, maxRetryTime: 1000, retries: Number.MAX_SAFE_INTEGER };

/**
 * Of what is sent and asked: some seconds. Whoever wants it longer tries again, if need be on a fresh connection: an old one
 * asks about every topic that it has ever met, and fails for ever once one of them is deleted.
 */
export const shortRetry: RetryOptions = { initialRetryTime: 100, maxRetryTime: 1000, retries: 5 };

/** kafkajs takes the retries of connecting and of metadata from here, those of the requests from each client: hence two. */
export interface KafkaClients {
  readonly forConsumers: Kafka;
  readonly forRequests: Kafka;
}

/** @param brokers `host:port` of some brokers of the cluster. */
export function createKafka(brokers: readonly string[], clientId: string, log: Log): KafkaClients {
  const client = (retry: RetryOptions): Kafka =>
    new Kafka({
      clientId,
      brokers: [...brokers],
      connectionTimeout: 3000,
      retry,
      logLevel: logLevel.WARN,
      logCreator: () => ({ level, namespace, log: { message } }) => {
        if (level === logLevel.ERROR) log.warn('The Kafka client reports trouble', { part: namespace, error: message });
        else log.debug('The Kafka client reports', { part: namespace, detail: message });
      },
    });
  return { forConsumers: client(endlessRetry), forRequests: client(shortRetry) };
}

/** An offset of Kafka's as a number. */
export function toOffset(text: string): number {
  const offset = Number(text);
  if (!Number.isSafeInteger(offset)) throw new CcError('fault', 'offset-unreadable', `${text} is not an offset`);
  return offset;
}
