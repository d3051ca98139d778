import { isDeepStrictEqual } from 'node:util';
import { encodeCallEvent, encodeChannelHealth, topics, type CallEvent, type ChannelHealth, type WireRecord } from '@cc/contracts';
import { createEventLog, handled, type EventLog } from '@cc/event-log';
import { NoMetrics, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase } from '@cc/testing';
import axios, { type AxiosInstance } from 'axios';
import { callGateway } from '../src/service';

export const KEY = Buffer.alloc(32, 7);
export const ACME = 'acme-key-0123456789abcdefghij';
const [GLOBEX, OLGA] = ['globex-key-0123456789abcdefgh', 'olga-key-0123456789abcdefghij'];

/** The gateway on a database of its own; the test plays the services around it. */
export interface RunningGateway {
  readonly url: string;
  readonly acme: AxiosInstance;
  readonly globex: AxiosInstance;
  /** With the key of the operator `olga`. */
  readonly olga: AxiosInstance;
  readonly database: TypeOrmDatabase;
  readonly eventLog: EventLog;
  /** What the gateway wrote to a topic, with this key where one is told. */
  written(topic: string, key?: string): readonly WireRecord[];
  /** Says something on a call's behalf, as another service would. */
  tell(...events: readonly CallEvent[]): Promise<void>;
  /** Says it of channels, the last word on each counting, and waits until the gateway knows all of them: they lie on several partitions. */
  announce(...channels: readonly ChannelHealth[]): Promise<void>;
  stop(): Promise<void>;
}

function knows(rows: readonly { readonly health: unknown }[], channels: readonly ChannelHealth[]): boolean {
  const last = [...new Map(channels.map((channel) => [channel.channel, channel])).values()];
  return last.every((channel) => rows.some(({ health }) => isDeepStrictEqual(health, channel)));
}

/** @param told settings instead of, or beside, those that any test needs. @param databaseUrl a database that its owner drops; absent: a fresh one. */
export async function startGateway(told: Readonly<Record<string, string>> = {}, databaseUrl?: string): Promise<RunningGateway> {
  const fresh = databaseUrl === undefined ? await freshDatabase() : { url: databaseUrl, drop: () => Promise.resolve() };
  const settings = loadServiceSettings(callGateway, {
    CC_CALL_GATEWAY_PORT: '0', CC_DATABASE_URL: fresh.url, CC_API_KEYS: `acme:${ACME},globex:${GLOBEX}`, CC_CALL_GATEWAY_OPERATOR_KEYS: `olga:${OLGA}`, CC_ENCRYPTION_KEY: KEY.toString('base64'),
    CC_OSS_REGION: 'oss-cn-test', CC_OSS_BUCKET: 'none', CC_OSS_ENDPOINT: 'http://127.0.0.1:1', CC_OSS_ACCESS_KEY_ID: 'x', CC_OSS_ACCESS_KEY_SECRET: 'x', ...told,
  });
  const service = await startService(callGateway, settings, new SilentLog(), () => undefined);
  const database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
  const eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
  const client = (key: string): AxiosInstance => axios.create({ baseURL: `${service.url}/v1`, timeout: 25_000, proxy: false, validateStatus: () => true, headers: { authorization: `Bearer ${key}` } });
  const seen: { readonly topic: string; readonly record: WireRecord }[] = [];
  const followed = [topics.callCommands.name, topics.callEvents.name, topics.bindings.name, topics.channelOverrides.name];
  await eventLog.subscribe({ group: 'test', topics: followed, handle: ({ topic, records }) => {
    seen.push(...records.map((record) => ({ topic, record })));
    return Promise.resolve(handled);
  } }).ready;
  return {
    url: service.url, acme: client(ACME), globex: client(GLOBEX), olga: client(OLGA), database, eventLog,
    written: (topic, key) => seen.filter((one) => one.topic === topic && (key === undefined || one.record.key === key)).map(({ record }) => record),
    tell: (...events) => eventLog.append(topics.callEvents.name, events.map((event) => encodeCallEvent(event, 'test'))),
    announce: async (...channels) => {
      await eventLog.append(topics.channelHealth.name, channels.map(encodeChannelHealth));
      await eventually(async () => knows(await database.query<{ health: unknown }>('SELECT health FROM gateway_channel'), channels));
    },
    stop: async () => {
      await service.stop();
      await eventLog.close();
      await database.close();
      await fresh.drop();
    },
  };
}
