import { CcError, type Log } from '@cc/kernel';
import { Kafka, logLevel, type RetryOptions } from 'kafkajs';

/**
 * Of consumers. For ever: with kafkajs' own five tries, an outage of 8 s crashes the consumer, and the one that takes its place waits for the
 * session of its dead self. Whoever waits has a deadline of their own.
 */
export const endlessRetry: RetryOptions = { initialRetryTime: 100, maxRetryTime: 1000, retries: Number.MAX_SAFE_INTEGER };

/** Some seconds: what is asked is asked anew by whoever needs the answer, on a fresh connection. */
export const adminRetry: RetryOptions = { initialRetryTime: 100, maxRetryTime: 1000, retries: 8 };

/** Some seconds as well; see KafkaSender for what happens then. */
export const sendRetry: RetryOptions = { initialRetryTime: 100, maxRetryTime: 1000, retries: 8 };

/** @param brokers `host:port` of some brokers of the cluster. */
export function createKafka(brokers: readonly string[], clientId: string, log: Log): Kafka {
  return new Kafka({
    clientId,
    brokers: [...brokers],
    connectionTimeout: 3000,
    retry: endlessRetry,
    logLevel: logLevel.WARN,
    logCreator: () => ({ level, namespace, log: { message } }) => {
      if (level === logLevel.ERROR) log.warn('The Kafka client reports trouble', { part: namespace, error: message });
      else log.debug('The Kafka client reports', { part: namespace, detail: message });
    },
  });
}

/** An offset of Kafka's as a number. */
export function toOffset(text: string): number {
  const offset = Number(text);
  if (!Number.isSafeInteger(offset)) throw new CcError('fault', 'offset-unreadable', `${text} is not an offset`);
  return offset;
}
