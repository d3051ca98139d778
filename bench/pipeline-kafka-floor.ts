import { newId } from '@cc/kernel';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { callbackAt, callbackKinds, callbackXml, type VendorCall } from './e9-callbacks';
import { FloorEvent, translated, upsert } from './floor-record';
import { bareConsumer, bareKafka, bareProducer, commitPosition, Connections, lockPosition, settle } from './kafka-floor';
import { secondsOfProgress } from './pipeline-progress';
import { BATCH, PARTITIONS } from './records';

interface FloorTopics {
  readonly notifications: string;
  readonly events: string;
}

/** Notifications a second through two bare kafkajs programs: XML to JSON events, events to one UNNEST upsert a batch with the position in the same transaction. */
export async function pipelineWithKafkajs(brokers: readonly string[], databaseUrl: string, callCount: number): Promise<number> {
  const kafka = bareKafka(brokers);
  const tenant = newId('floor').slice(0, 32);
  const topics: FloorTopics = { notifications: newId('cc.bench.notifications'), events: newId('cc.bench.events') };
  const connections = new Connections(databaseUrl);
  const ends: (() => Promise<unknown>)[] = [() => connections.close()];
  try {
    await createTopics(kafka, Object.values(topics));
    await fill(kafka, topics.notifications, callCount);
    const store = await startStore(kafka, topics, connections);
    ends.push(() => store.disconnect());
    const translate = await startTranslate(kafka, topics, tenant, ends);
    ends.push(() => translate.disconnect());
    const seconds = await secondsOfProgress(callCount, async () => {
      const { rows } = await connections.lend((client) =>
        client.query<{ begun: string; closed: string }>(`SELECT count(*) AS begun, count(*) FILTER (WHERE state = 'close') AS closed FROM floor_call WHERE tenant = $1`, [tenant]));
      return { begun: Number(rows[0]?.begun ?? 0), closed: Number(rows[0]?.closed ?? 0) };
    });
    return (callCount * callbackKinds.length) / seconds;
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function createTopics(kafka: Kafka, topics: readonly string[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await admin.createTopics({ waitForLeaders: false, topics: topics.map((topic) => ({ topic, numPartitions: PARTITIONS })) });
    // The producer's retries wait for the leaders.
  } finally {
    await admin.disconnect();
  }
}

async function fill(kafka: Kafka, topic: string, callCount: number): Promise<void> {
  const calls = Array.from({ length: callCount }, (): VendorCall => ({ vendorCallId: newId('v'), attemptId: newId('att'), startedAt: Date.now() - 60_000 }));
  const messages = callbackKinds.flatMap((kind) => calls.map((call) => ({
    key: `e9-main|${call.vendorCallId}`, value: callbackXml(call, kind), headers: { ce_id: newId('ntf'), ce_type: 'cc.channel.notification.v1', ce_receivedat: String(callbackAt(call, kind) + 300) },
  })));
  const producer = await bareProducer(kafka);
  try {
    for (let from = 0; from < messages.length; from += BATCH) await producer.send({ topic, acks: -1, messages: messages.slice(from, from + BATCH) });
  } finally {
    await producer.disconnect();
  }
}

async function startTranslate(kafka: Kafka, topics: FloorTopics, tenant: string, ends: (() => Promise<unknown>)[]): Promise<Consumer> {
  const producer = await bareProducer(kafka);
  ends.push(() => producer.disconnect());
  // An idempotent producer of kafkajs takes one send at a time.
  let sending: Promise<unknown> = Promise.resolve();
  return bareConsumer(kafka, `${topics.notifications}-translate`, topics.notifications, (payload) =>
    inBatches(payload, async (part) => {
      const messages = part.map(({ value }) => translated(value?.toString() ?? '', tenant)).map((event) => ({ key: String(event['cc_call_id']), value: JSON.stringify(event) }));
      const turn = sending.then(() => producer.send({ topic: topics.events, acks: -1, messages }));
      sending = turn.catch(() => undefined);
      await turn;
    }));
}

async function startStore(kafka: Kafka, topics: FloorTopics, connections: Connections): Promise<Consumer> {
  const group = `${topics.events}-store`;
  return bareConsumer(kafka, group, topics.events, (payload) =>
    inBatches(payload, async (part, last) => {
      const events = part.map(({ value }) => FloorEvent.parse(JSON.parse(value?.toString() ?? '')));
      await connections.lend(async (client) => {
        await lockPosition(client, group, topics.events, payload.batch.partition);
        await upsert(client, events);
        await commitPosition(client, group, topics.events, payload.batch.partition, Number(last.offset));
      });
    }));
}

async function inBatches(payload: EachBatchPayload, handle: (part: readonly KafkaMessage[], last: KafkaMessage) => Promise<void>): Promise<void> {
  const { messages } = payload.batch;
  for (let from = 0; from < messages.length; from += BATCH) {
    const part = messages.slice(from, from + BATCH);
    const last = part.at(-1);
    if (last === undefined) return;
    await handle(part, last);
    await settle(payload, last);
  }
}
