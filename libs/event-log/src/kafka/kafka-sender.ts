import { backoffMs, CcError, describeError, pause, withDeadline, type Log } from '@cc/kernel';
import { KafkaJSError, Partitioners, type Kafka, type Message, type Producer } from 'kafkajs';
import type { OutgoingRecord, PendingAppend } from '../append-queue';
import { MAX_RECORD_BYTES, recordBytes } from '../record-limits';
import { shortRetry } from './kafka-client';

/** Grouping costs kafkajs the square of the messages of a send. */
const MAX_MESSAGES = 500;
const CLOSE_LIMIT_MS = 5_000;
const PAUSE_MS = 100;
/** Longer than the relay's longest back-off. */
const FORGET_FAILURE_MS = 15_000;

interface Outgoing {
  readonly topic: string;
  readonly message: Message;
  readonly bytes: number;
}

/**
 * Sends records through one idempotent producer, strictly one send after the other: kafkajs gives a failed send's sequence numbers to the
 * next one, so that another send would be taken for the repetition of the first, and be lost. So a send that may have come through is
 * sent again, the same, by the same producer, until all who wait for it have gone; and a producer with a send of unknown or
 * refused outcome is not used again.
 */
export class KafkaSender {
  private producer: Promise<Producer> | undefined;
  private closed = false;
  private writing = false;
  private endedAtMs = 0;
  /** Since when a write has been under way or has failed, with no success after it; epoch ms. */
  private stalledSinceMs: number | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly log: Log,
  ) {}

  /** Settles each append; never rejects. */
  async write(appends: readonly PendingAppend[]): Promise<void> {
    const deadlineAtMs = Math.max(...appends.map((append) => append.deadlineAtMs));
    if (this.stalledForMs() === 0) this.stalledSinceMs = Date.now();
    this.writing = true;
    const outgoing = appends.flatMap(({ topic, records }) => records.map((record) => ({ topic, message: toMessage(record), bytes: recordBytes(record) })));
    try {
      for (const part of parts(outgoing)) await this.send(part, deadlineAtMs);
      this.stalledSinceMs = undefined;
      for (const append of appends) append.settle();
    } catch (error) {
      const told = new CcError('unavailable', 'log-unavailable', 'Kafka did not take the records', { cause: error });
      for (const append of appends) append.settle(told);
    } finally {
      this.writing = false;
      this.endedAtMs = Date.now();
    }
  }

  /** A failure that nobody has repeated for a while says nothing of now: else whoever refuses work for it would never see a success again. */
  stalledForMs(): number {
    const now = Date.now();
    if (this.stalledSinceMs === undefined || (!this.writing && now - this.endedAtMs > FORGET_FAILURE_MS)) return 0;
    return now - this.stalledSinceMs;
  }

  async close(): Promise<void> {
    this.closed = true;
    const { producer } = this;
    this.producer = undefined;
    if (producer !== undefined) await disconnect(producer);
  }

  private async send(part: readonly Outgoing[], deadlineAtMs: number): Promise<void> {
    const byTopic = new Map<string, Message[]>();
    for (const { topic, message } of part) {
      const messages = byTopic.get(topic);
      if (messages === undefined) byTopic.set(topic, [message]);
      else messages.push(message);
    }
    const topicMessages = [...byTopic].map(([topic, messages]) => ({ topic, messages }));
    const connecting = (this.producer ??= this.connect());
    const producer = await connecting;
    for (;;) {
      try {
        await producer.sendBatch({ acks: -1, topicMessages });
        return;
      } catch (error) {
        const again = mayPass(error) && Date.now() < deadlineAtMs && !this.closed;
        this.log.warn('A send to Kafka failed', { records: part.length, again, error: describeError(error) });
        if (!again) {
          this.producer = undefined;
          void disconnect(connecting);
          throw error;
        }
        await pause(PAUSE_MS);
      }
    }
  }

  private async connect(): Promise<Producer> {
    for (let attempt = 0; ; attempt += 1) {
      const producer = this.kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        createPartitioner: Partitioners.DefaultPartitioner,
        retry: shortRetry,
      });
      try {
        await producer.connect();
        return producer;
      } catch (error) {
        this.log.warn('The Kafka producer cannot connect', { attempt, error: describeError(error) });
        await disconnect(Promise.resolve(producer));
        if (this.closed) throw error;
        await pause(backoffMs(attempt, 100, 1000));
      }
    }
  }
}

async function disconnect(connecting: Promise<Producer>): Promise<void> {
  const closing = connecting.then((producer) => producer.disconnect());
  await withDeadline(closing, CLOSE_LIMIT_MS, 'Disconnecting the producer').catch(() => undefined);
}

/** kafkajs wraps what it has given up, and then calls that final; the cause inside tells. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.cause instanceof Error ? mayPass(error.cause) : error instanceof KafkaJSError && error.retriable;
}

function toMessage({ key, value, headers, partition }: OutgoingRecord): Message {
  return { key, value, headers: { ...headers }, ...(partition === undefined ? {} : { partition }) };
}

function* parts(outgoing: readonly Outgoing[]): Generator<Outgoing[]> {
  let part: Outgoing[] = [];
  let bytes = 0;
  for (const item of outgoing) {
    if (part.length > 0 && (part.length >= MAX_MESSAGES || bytes + item.bytes > MAX_RECORD_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += item.bytes;
  }
  if (part.length > 0) yield part;
}
