// One stage of the way from a stored callback to its record, as a careful hand would write it with kafkajs and pg:
// `stored-floor.ts forward|translate|store JOB` prints `ready`, then works until it is killed.
import { constants, openSync, readFileSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { hash } from 'node:crypto';
import type { EachBatchPayload, KafkaMessage, Producer } from 'kafkajs';
import { z } from 'zod';
import { FloorEvent, translated, upsert } from './floor-record';
import { bareConsumer, bareKafka, bareProducer, commitPosition, Connections, lockPosition, settle } from './kafka-floor';
import { BATCH } from './records';

export const StoredFloorJob = z.object({ brokers: z.array(z.string()), databaseUrl: z.string(), directory: z.string(), tenant: z.string(), notifications: z.string(), events: z.string(), records: z.string() });
export type StoredFloorJob = z.infer<typeof StoredFloorJob>;

const Stored = z.object({ id: z.string(), receivedAt: z.number(), body: z.base64() });
const HEADER_BYTES = 8;
const READ_BYTES = 4 * 1024 * 1024;
/** Events that e9's callbacks lead to: at the second the answer of A and the ringing of B, at the end what was told before as well. */
const EVENTS: Readonly<Record<string, number>> = { 'CallInvite/0': 1, 'CallInvite/1': 2, CallEstablish: 1, Hangup: 4 };

/** Frames of `length crc payload` to Kafka, a batch and then the position, synced. */
async function forward(job: StoredFloorJob): Promise<void> {
  const producer = await bareProducer(bareKafka(job.brokers));
  const spool = openSync(join(job.directory, 'spool'), 'r');
  const position = await open(join(job.directory, 'sent'), constants.O_CREAT | constants.O_WRONLY, 0o600);
  process.stdout.write('ready\n');
  const bytes = Buffer.alloc(READ_BYTES);
  for (let offset = 0, done = false; !done; ) {
    const length = readSync(spool, bytes, 0, READ_BYTES, offset);
    const payloads: Buffer[] = [];
    let at = 0;
    while (payloads.length < BATCH && at + HEADER_BYTES <= length && at + HEADER_BYTES + bytes.readUInt32BE(at) <= length) {
      const payload = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + bytes.readUInt32BE(at));
      if (crc32(payload) !== bytes.readUInt32BE(at + 4)) throw new Error(`A frame at ${offset + at} is damaged`);
      payloads.push(payload);
      at += HEADER_BYTES + payload.length;
    }
    done = payloads.length === 0;
    if (done) continue;
    await producer.send({ topic: job.notifications, acks: -1, messages: payloads.map(notificationOf) });
    offset += at;
    await position.write(String(offset).padStart(16, '0'), 0);
    await position.datasync();
  }
}

function notificationOf(payload: Buffer): { key: string; value: Buffer; headers: Record<string, string> } {
  const { id, receivedAt, body } = Stored.parse(JSON.parse(payload.toString('utf8')));
  const xml = Buffer.from(body, 'base64');
  const callId = /<callId>([^<]*)/.exec(xml.toString('utf8'))?.[1] ?? '';
  return { key: `e9-main|${callId}`, value: xml, headers: { ce_id: id, ce_type: 'cc.channel.notification.v1', ce_receivedat: String(receivedAt) } };
}

/** XML to JSON events: the attempts looked up and locked, the events sent, the position committed. */
async function translate(job: StoredFloorJob, connections: Connections): Promise<void> {
  const kafka = bareKafka(job.brokers);
  const send = inTurn(await bareProducer(kafka));
  const group = `${job.notifications}-translate`;
  await bareConsumer(kafka, group, job.notifications, (payload) => inBatches(payload, async (part, last) => {
    const told = part.map(({ value }) => translated(value?.toString() ?? '', job.tenant));
    await connections.lend(async (client) => {
      await lockPosition(client, group, job.notifications, payload.batch.partition);
      const ids = [...new Set(told.map(({ cc_call_id: id }) => String(id)))].sort();
      const { rows } = await client.query<{ id: string; call: string }>(`SELECT id, call FROM floor_attempt WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE`, [ids]);
      const calls = new Map(rows.map(({ id, call }) => [id, call]));
      const events = told.flatMap((event) => {
        const call = calls.get(String(event.cc_call_id));
        if (call === undefined) throw new Error(`Nobody knows the attempt ${event.cc_call_id ?? ''}`);
        return eventsOf({ ...event, cc_call_id: call });
      });
      await send(job.events, events.map(({ key, value, id }) => ({ key, value, headers: { ce_id: id } })));
      await commitPosition(client, group, job.notifications, payload.batch.partition, Number(last.offset));
    });
  }));
}

function eventsOf(event: ReturnType<typeof translated>): { key: string; value: string; id: string }[] {
  const state = event.ch_state === 'CallInvite' ? `CallInvite/${event.a_call_time === undefined ? 1 : 0}` : String(event.ch_state);
  const value = JSON.stringify(event);
  const digest = hash('sha256', value, 'hex').slice(0, 16);
  return Array.from({ length: EVENTS[state] ?? 1 }, (_, nth) => ({ key: String(event.cc_call_id), value, id: `${String(event.cc_call_id)}/${nth}/${digest}` }));
}

/** Events kept and folded into one row a call, the rows sent on, the position in the same transaction. */
async function store(job: StoredFloorJob, connections: Connections): Promise<void> {
  const kafka = bareKafka(job.brokers);
  const send = inTurn(await bareProducer(kafka));
  const group = `${job.events}-store`;
  await bareConsumer(kafka, group, job.events, (payload) => inBatches(payload, async (part, last) => {
    const events = part.map(({ value, headers }) => ({ id: headers?.['ce_id']?.toString() ?? '', text: value?.toString() ?? '' }));
    const columns = events.map(({ text }) => FloorEvent.parse(JSON.parse(text)));
    await connections.lend(async (client) => {
      await lockPosition(client, group, job.events, payload.batch.partition);
      await client.query(`INSERT INTO floor_event (call_id, event_id, event) SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING`, [columns.map((event) => event['cc_call_id']), events.map(({ id }) => id), events.map(({ text }) => text)]);
      await upsert(client, columns);
      const latest = new Map(columns.map((event) => [String(event['cc_call_id']), JSON.stringify(event)]));
      await send(job.records, [...latest].map(([key, value]) => ({ key, value })));
      await commitPosition(client, group, job.events, payload.batch.partition, Number(last.offset));
    });
  }));
}

/** An idempotent producer of kafkajs takes one send at a time. */
function inTurn(producer: Producer): (topic: string, messages: { key: string; value: string }[]) => Promise<void> {
  let sending: Promise<unknown> = Promise.resolve();
  return async (topic, messages) => {
    const turn = sending.then(() => producer.send({ topic, acks: -1, messages }));
    sending = turn.catch(() => undefined);
    await turn;
  };
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

async function main(): Promise<void> {
  const [stage, path = ''] = process.argv.slice(2);
  const job = StoredFloorJob.parse(JSON.parse(readFileSync(path, 'utf8')));
  if (stage === 'forward') return forward(job);
  await (stage === 'translate' ? translate : store)(job, new Connections(job.databaseUrl));
  process.stdout.write('ready\n');
}

if (require.main === module) void main();
