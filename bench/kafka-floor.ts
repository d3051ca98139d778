import type { WireRecord } from '@cc/contracts';
import { withDeadline } from '@cc/kernel';
import { Kafka, logLevel, Partitioners, type Consumer, type EachBatchPayload, type KafkaMessage, type Producer } from 'kafkajs';
import { Client } from 'pg';
import { secondsSince } from './measure';
import { BATCH, Finish } from './records';

const LIMIT_MS = 120_000;
const retry = { initialRetryTime: 100, maxRetryTime: 1000, retries: 20 };

export const bareKafka = (brokers: readonly string[]): Kafka => new Kafka({ clientId: 'cc-bench-floor', brokers: [...brokers], retry, logLevel: logLevel.NOTHING });

/** A producer with the settings that CC's log has. */
export async function bareProducer(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner, retry });
  await producer.connect();
  return producer;
}

/** A consumer with the settings that CC's log has, from the first record on. */
export async function bareConsumer(kafka: Kafka, group: string, topic: string, eachBatch: (payload: EachBatchPayload) => Promise<void>): Promise<Consumer> {
  const consumer = kafka.consumer({ groupId: group, sessionTimeout: 10_000, heartbeatInterval: 1000, maxWaitTimeInMs: 250, maxBytesPerPartition: 512 * 1024, allowAutoTopicCreation: false, retry });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, partitionsConsumedConcurrently: 4, eachBatch });
  return consumer;
}

/** Says to Kafka that the messages up to this one are done. */
export async function settle({ batch, resolveOffset, commitOffsetsIfNecessary }: EachBatchPayload, last: KafkaMessage): Promise<void> {
  resolveOffset(last.offset);
  await commitOffsetsIfNecessary({ topics: [{ topic: batch.topic, partitions: [{ partition: batch.partition, offset: String(Number(last.offset) + 1) }] }] });
}

/** Records a second: bare kafkajs, one send of a batch after the other. */
export async function appendWithKafkajs(brokers: readonly string[], topic: string, batches: readonly WireRecord[][]): Promise<number> {
  const producer = await bareProducer(bareKafka(brokers));
  try {
    const [first = [], ...rest] = batches;
    await send(producer, topic, first);
    const startedAt = performance.now();
    for (const batch of rest) await send(producer, topic, batch);
    return rest.reduce((sum, batch) => sum + batch.length, 0) / secondsSince(startedAt);
  } finally {
    await producer.disconnect();
  }
}

async function send(producer: Producer, topic: string, batch: readonly WireRecord[]): Promise<void> {
  await producer.send({ topic, acks: -1, messages: batch.map(({ key, value, headers }) => ({ key, value, headers: { ...headers } })) });
}

/** Locks the position of a partition, in a transaction that is left open; -1 before the first record. */
export async function lockPosition(client: Client, group: string, topic: string, partition: number): Promise<number> {
  await client.query('BEGIN');
  const { rows } = await client.query<{ off: string }>(`SELECT off FROM floor_cursor WHERE grp = $1 AND topic = $2 AND part = $3 FOR UPDATE`, [group, topic, partition]);
  return Number(rows[0]?.off ?? -1);
}

/** Moves the position, and commits. */
export async function commitPosition(client: Client, group: string, topic: string, partition: number, offset: number): Promise<void> {
  await client.query(`INSERT INTO floor_cursor (grp, topic, part, off) VALUES ($1, $2, $3, $4) ON CONFLICT (grp, topic, part) DO UPDATE SET off = excluded.off`, [group, topic, partition, offset]);
  await client.query('COMMIT');
}

/** A connection for each partition that is worked on at once. */
export class Connections {
  private readonly idle: Client[] = [];
  private readonly all: Client[] = [];

  constructor(private readonly url: string) {}

  async lend<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const client = this.idle.pop() ?? (await this.open());
    try {
      return await use(client);
    } finally {
      this.idle.push(client);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((client) => client.end()));
  }

  private async open(): Promise<Client> {
    const client = new Client({ connectionString: this.url, connectionTimeoutMillis: 5_000, query_timeout: 60_000 });
    client.on('error', () => undefined);
    await client.connect();
    this.all.push(client);
    return client;
  }
}

/** Records a second: kafkajs' batches with the headers as text, and the position committed in PostgreSQL for every 500, from the first batch to the last commit. */
export async function consumeWithKafkajs(brokers: readonly string[], databaseUrl: string, topic: string, group: string, expected: number): Promise<number> {
  const connections = new Connections(databaseUrl);
  const finish = new Finish(expected);
  const consumer = await bareConsumer(bareKafka(brokers), group, topic, async (payload) => {
    finish.begin();
    const { messages, partition } = payload.batch;
    for (let from = 0; from < messages.length; from += BATCH) {
      const part = messages.slice(from, from + BATCH);
      const last = part.at(-1);
      if (last === undefined) continue;
      for (const { headers = {} } of part) for (const text of Object.values(headers)) text?.toString();
      await connections.lend(async (client) => {
        await lockPosition(client, group, topic, partition);
        await commitPosition(client, group, topic, partition, Number(last.offset));
      });
      finish.done(part.length);
      payload.resolveOffset(last.offset);
    }
    const last = messages.at(-1);
    if (last !== undefined) await settle(payload, last);
  });
  try {
    return expected / (await withDeadline(finish.seconds, LIMIT_MS, `Consuming ${expected} records with kafkajs`));
  } finally {
    await consumer.disconnect();
    await connections.close();
  }
}
