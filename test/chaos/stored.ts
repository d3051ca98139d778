import { decodeChannelNotification, NotificationHeader, topics, type ChannelNotification } from '@cc/contracts';
import { Sealer } from '@cc/kernel';
import type { Database } from '@cc/postgres';
import { openNotification } from '@cc/vendors';
import { Kafka, logLevel } from 'kafkajs';
import { z } from 'zod';
import { ENCRYPTION_KEY } from '../e2e/system';
import { CALLBACK_ID_HEADER } from './callback-door';

const LIMIT_MS = 120_000;

/** The callbacks that are in the log: by our id how often, copies of one stored callback included. */
export interface LoggedCallbacks {
  readonly copies: ReadonlyMap<string, number>;
  /** Records that say again what an earlier one said, by the id of the notification. */
  readonly repeated: number;
}

const sealer = (): Sealer => new Sealer(ENCRYPTION_KEY, 'notifications');

/** Our id of the callback that a notification carries; undefined for polls and queries. */
function callbackIdOf(notification: ChannelNotification, opener: Sealer): string | undefined {
  return openNotification(notification.sealed, notification, opener).headers[CALLBACK_ID_HEADER];
}

/** Reads the whole topic of raw notifications, past the links. */
export async function loggedCallbacks(brokers: readonly string[]): Promise<LoggedCallbacks> {
  const opener = sealer();
  const copies = new Map<string, number>();
  const seen = new Set<string>();
  let repeated = 0;
  await readTopic(brokers, topics.channelNotifications.name, ({ key, value, headers }) => {
    const decoded = decodeChannelNotification({ key, value, headers });
    if (decoded.kind !== 'known') throw new Error(`a notification in the log cannot be read: ${decoded.kind}`);
    const { message } = decoded;
    if (seen.has(message.id)) repeated += 1;
    seen.add(message.id);
    const id = callbackIdOf(message, opener);
    if (id !== undefined) copies.set(id, (copies.get(id) ?? 0) + 1);
  });
  return { copies, repeated };
}

export interface QuarantinedCallback {
  readonly callbackId: string | undefined;
  readonly channel: string;
  readonly reason: string;
}

/** What lies in the dispatcher's quarantine. */
export async function quarantined(database: Database): Promise<QuarantinedCallback[]> {
  const opener = sealer();
  const rows = await database.query<{ reason: string; header: unknown; sealed: Buffer }>(`SELECT reason, header, sealed FROM dispatcher_quarantine`);
  return rows.map(({ reason, header, sealed }) => {
    const notification = { ...NotificationHeader.parse(header), sealed };
    return { callbackId: callbackIdOf(notification, opener), channel: notification.channel, reason };
  });
}

interface TopicRecord {
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Record<string, string>;
}

async function readTopic(brokers: readonly string[], topic: string, each: (record: TopicRecord) => void): Promise<void> {
  const kafka = new Kafka({ clientId: 'chaos-oracle', brokers: [...brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const ends = z.array(z.object({ partition: z.number(), high: z.coerce.number(), low: z.coerce.number() })).parse(await admin.fetchTopicOffsets(topic));
  await admin.disconnect();
  const left = new Set(ends.filter(({ high, low }) => high > low).map(({ partition }) => partition));
  if (left.size === 0) return;
  const consumer = kafka.consumer({ groupId: `chaos-oracle-${Date.now()}`, allowAutoTopicCreation: false });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the log's topic ${topic} was not read within ${LIMIT_MS} ms`)), LIMIT_MS);
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      void consumer.run({
        autoCommit: false,
        eachMessage: async ({ partition, message }) => {
          const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]));
          each({ key: message.key?.toString() ?? '', value: message.value, headers });
          if (Number(message.offset) + 1 >= (ends.find((end) => end.partition === partition)?.high ?? 0)) left.delete(partition);
          if (left.size > 0) return;
          clearTimeout(timer);
          resolve();
        },
      }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
}
