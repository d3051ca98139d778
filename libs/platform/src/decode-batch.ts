import type { Decoded } from '@cc/contracts';
import type { Batch, LogRecord, Parked } from '@cc/event-log';
import type { Metrics } from '@cc/kernel';

export interface DecodedBatch<T> {
  readonly messages: readonly { readonly record: LogRecord; readonly message: T }[];
  /** Records of a known type that break their schema. */
  readonly parked: readonly Parked[];
}

/** Parses a batch at the service's edge: the messages, what must be parked, and a count of types that this version does not know. */
export function decodeBatch<T>(batch: Batch, decode: (record: LogRecord) => Decoded<T>, metrics: Metrics): DecodedBatch<T> {
  const messages: { record: LogRecord; message: T }[] = [];
  const parked: Parked[] = [];
  for (const record of batch.records) {
    const decoded = decode(record);
    if (decoded.kind === 'known') messages.push({ record, message: decoded.message });
    else if (decoded.kind === 'invalid') parked.push({ record, reason: decoded.reason });
    else if (decoded.kind === 'unknown-type') metrics.counter('cc_unknown_messages_total', 'Messages of a type that this version does not know', ['topic', 'type']).add(1, { topic: batch.topic, type: decoded.type.slice(0, 64) });
  }
  return { messages, parked };
}
