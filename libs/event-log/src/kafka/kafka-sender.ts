import { backoffMs, CcError, describeError, pause, withDeadline, type Log } from '@cc/kernel';
import { Partitioners, type Kafka, type Message, type Producer } from 'kafkajs';
import type { OutgoingRecord, PendingAppend } from '../append-queue';
import { endlessRetry } from './kafka-client';

/** Grouping costs kafkajs the square of the messages of a send. */
const MAX_MESSAGES = 500;
/** All messages of a send to one partition are one batch, and the broker's max.message.bytes, 1 MiB, is about batches. */
const MAX_BYTES = 900_000;
/** A message's frame and the length fields of its parts, generously. */
const OVERHEAD_BYTES = 100;
const CLOSE_LIMIT_MS = 5_000;

interface Outgoing {
  readonly topic: string;
  readonly message: Message;
  readonly bytes: number;
}

/**
 * Sends records through one idempotent producer, strictly one send after the other: kafkajs gives a failed send's sequence numbers to the
 * next one, so that a second send under way would be taken for the first one's repetition, and be lost. For the same reason a
 * producer whose send was rejected for good is not used again.
 */
export class KafkaSender {
  private producer: Promise<Producer> | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly log: Log,
  ) {}

  /** The size that the record will have in a batch, or `input` where no broker with default settings takes it. */
  static check(record: OutgoingRecord): void {
    if (sizeOf(record) > MAX_BYTES) throw new CcError('input', 'record-too-large', `A record may have ${MAX_BYTES} bytes with its key and headers`);
  }

  /** Tries for as long as it takes while the brokers are away. Settles each append; never rejects. */
  async write(appends: readonly PendingAppend[]): Promise<void> {
    const outgoing = appends.flatMap(({ topic, records }) => records.map((record) => ({ topic, message: toMessage(record), bytes: sizeOf(record) })));
    try {
      for (const part of parts(outgoing)) await this.send(part);
      for (const append of appends) append.settle();
    } catch (error) {
      const cause = new CcError('unavailable', 'log-unavailable', 'Kafka did not take the records', { cause: error });
      for (const append of appends) append.settle(cause);
    }
  }

  async close(): Promise<void> {
    const producer = await this.producer?.catch(() => undefined);
    this.producer = undefined;
    if (producer !== undefined) await disconnect(producer);
  }

  private async send(part: readonly Outgoing[]): Promise<void> {
    const byTopic = new Map<string, Message[]>();
    for (const { topic, message } of part) {
      const messages = byTopic.get(topic);
      if (messages === undefined) byTopic.set(topic, [message]);
      else messages.push(message);
    }
    const producer = await (this.producer ??= this.connect());
    try {
      await producer.sendBatch({ acks: -1, topicMessages: [...byTopic].map(([topic, messages]) => ({ topic, messages })) });
    } catch (error) {
      this.log.error('A send to Kafka was refused; going on with a new producer', { error: describeError(error) });
      this.producer = undefined;
      void disconnect(producer);
      throw error;
    }
  }

  private async connect(): Promise<Producer> {
    for (let attempt = 0; ; attempt += 1) {
      const producer = this.kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        createPartitioner: Partitioners.DefaultPartitioner,
        retry: endlessRetry,
      });
      try {
        await producer.connect();
        return producer;
      } catch (error) {
        this.log.warn('The Kafka producer cannot connect', { attempt, error: describeError(error) });
        await disconnect(producer);
        await pause(backoffMs(attempt, 100, 1000));
      }
    }
  }
}

async function disconnect(producer: Producer): Promise<void> {
  await withDeadline(producer.disconnect(), CLOSE_LIMIT_MS, 'Disconnecting the producer').catch(() => undefined);
}

function sizeOf({ key, value, headers }: OutgoingRecord): number {
  let bytes = OVERHEAD_BYTES + Buffer.byteLength(key) + (value?.length ?? 0);
  for (const [name, text] of Object.entries(headers)) bytes += OVERHEAD_BYTES + Buffer.byteLength(name) + Buffer.byteLength(text);
  return bytes;
}

function toMessage({ key, value, headers, partition }: OutgoingRecord): Message {
  return { key, value, headers: { ...headers }, ...(partition === undefined ? {} : { partition }) };
}

function* parts(outgoing: readonly Outgoing[]): Generator<Outgoing[]> {
  let part: Outgoing[] = [];
  let bytes = 0;
  for (const item of outgoing) {
    if (part.length > 0 && (part.length >= MAX_MESSAGES || bytes + item.bytes > MAX_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += item.bytes;
  }
  if (part.length > 0) yield part;
}
