import { newId } from '@cc/kernel';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { Client } from 'pg';
import { z } from 'zod';
import { callbackAt, callbackKinds, callbackXml, type VendorCall } from './e9-callbacks';
import { bareConsumer, bareKafka, bareProducer, commitPosition, Connections, lockPosition, settle } from './kafka-floor';
import { secondsOfProgress } from './pipeline-progress';
import { BATCH, PARTITIONS } from './records';

type Cell = string | number | null;

/** The record's columns without its id, as the floor fills them; `cc_call_id` is the key. */
const columns = {
  cc_call_id: 'text', tenant: 'text', main_num: 'text', ext_num: 'text', agent: 'text', call_id: 'text', caller: 'text', called: 'text', biz_data: 'text', channel: 'text', ch_state: 'text', state: 'text',
  a_call_time: 'bigint', b_call_time: 'bigint', a_offhook_time: 'bigint', b_offhook_time: 'bigint', conn_time: 'bigint', close_time: 'bigint', duration: 'int',
  ch_audio_url: 'text', audio_url: 'text', ivr_url: 'text', close_type: 'text', updated: 'bigint', created: 'bigint',
} as const;
type Column = keyof typeof columns;
const names = Object.keys(columns);

const UPSERT = `
  INSERT INTO floor_call AS stored (${names.join(', ')}) SELECT * FROM unnest(${Object.values(columns).map((type, index) => `$${index + 1}::${type}[]`).join(', ')})
  ON CONFLICT (cc_call_id) DO UPDATE SET ${names.filter((name) => name !== 'cc_call_id').map((name) => `${name} = coalesce(excluded.${name}, stored.${name})`).join(', ')}`;

const TABLES = `
  CREATE TABLE IF NOT EXISTS floor_call (${Object.entries(columns).map(([name, type]) => `${name} ${type}${name === 'cc_call_id' ? ' PRIMARY KEY' : ''}`).join(', ')});
  CREATE TABLE IF NOT EXISTS floor_cursor (grp text, topic text, part int, off bigint NOT NULL DEFAULT -1, PRIMARY KEY (grp, topic, part)) WITH (fillfactor = 50)`;

/** What an event of the floor says: the columns that it knows. */
const FloorEvent = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

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
    await connections.lend((client) => client.query(TABLES));
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

function translated(xml: string, tenant: string): Partial<Record<Column, Cell>> {
  const fields = Object.fromEntries([...xml.matchAll(/<(\w+)>([^<]*)<\/\1>/g)].map(([, name = '', text = '']) => [name, text]));
  const at = epochMs(fields['dateCreated']);
  const told = { cc_call_id: fields['userData'] ?? '', tenant, call_id: fields['callId'] ?? '', caller: mask(fields['caller']), called: mask(fields['called']), channel: 'e9', ch_state: fields['action'] ?? '', updated: at };
  switch (fields['action']) {
    case 'CallInvite':
      return fields['userFlag'] === '0' ? { ...told, state: 'init', created: at, a_call_time: at } : { ...told, state: 'init', a_offhook_time: at, b_call_time: at };
    case 'CallEstablish':
      return { ...told, state: 'conn', b_offhook_time: at, conn_time: at };
    default:
      return { ...told, state: 'close', close_time: epochMs(fields['endTime']), duration: Number(fields['duration']), ch_audio_url: fields['recordUrl'] ?? null, close_type: fields['byeType'] ?? null };
  }
}

const mask = (number = ''): string => `+86${number.slice(0, 3)}****${number.slice(-4)}`;
const epochMs = (digits = ''): number => Date.parse(`${digits.replace(/(....)(..)(..)(..)(..)(..)/, '$1-$2-$3T$4:$5:$6')}+08:00`);

/** One row a call, the later events of a batch over the earlier ones. */
async function upsert(client: Client, events: readonly Readonly<Record<string, Cell>>[]): Promise<void> {
  const rows = new Map<Cell, Readonly<Record<string, Cell>>>();
  for (const event of events) {
    const key = event['cc_call_id'] ?? null;
    rows.set(key, { ...rows.get(key), ...event });
  }
  await client.query(UPSERT, names.map((name) => [...rows.values()].map((row) => row[name] ?? null)));
}
