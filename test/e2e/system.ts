import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SilentLog } from '@cc/kernel';
import { startEmbeddedObjectStore } from '@cc/object-store';
import { TypeOrmDatabase, type Database } from '@cc/postgres';
import { eventually, freshDatabase, startKafkaBroker, type KafkaBroker } from '@cc/testing';
import axios, { type AxiosInstance } from 'axios';
import { simulatedChannels } from '../../apps/all-in-one/src/simulated-channels';
import { freePorts } from './free-ports';
import { ServiceProcess } from './service-process';

export const serviceNames = ['e9-callback-ingest', 'record-store', 'event-dispatcher', 'hw-poller', 'recording-archiver', 'channel-router', 'call-gateway'] as const;
export type Service = (typeof serviceNames)[number];
export type Backend = 'postgres' | 'kafka';

/** How much faster than life the simulated calls are. */
export const SPEED = 20;
export const TENANT = 'e2e';
/** The vendor's own limit would spread the repair of many calls over minutes. */
export const UNLIMITED_QUERIES = 100_000;
export const OBJECT_STORE_KEYS = { accessKeyId: 'e2e-key', accessKeySecret: 'e2e-secret' };
/** Of every system: what is stored can be opened with it. */
export const ENCRYPTION_KEY = Buffer.alloc(32, 7);
/** Of the channel file for the simulator: the gateway learns of each by itself. */
export const CHANNELS = 5;
export const API_KEY = 'cck_e2e_0123456789abcdefghij';
export const CALLBACK_SECRET = 'e2e-callback-secret-0123456789';

/** The whole system, each service a process of its own, on one backend. */
export interface System {
  readonly api: AxiosInstance;
  readonly simulator: AxiosInstance;
  readonly database: Database;
  readonly services: Readonly<Record<Service, ServiceProcess>>;
  /** Where e9 posts. */
  readonly callbackUrl: string;
  /** Kafka, to be killed and started again; absent on the other backend. */
  readonly broker: KafkaBroker | undefined;
  /** Where the services' output lies: kept after the test. */
  readonly logDir: string;
  stop(): Promise<void>;
}

export interface SystemOptions {
  readonly speed?: number;
  /** Environment variables beside those of every system. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Thresholds of all channels. */
  readonly health?: Readonly<Record<string, number>>;
}

/** Where a service finds what it needs. */
export interface Surroundings {
  readonly databaseUrl: string;
  /** None: the log lies in the database. */
  readonly brokers: readonly string[];
  readonly channelsFile: string;
  readonly objectsEndpoint: string;
  readonly spoolDir: string;
}

/** The settings of every service of a system, but for its port. */
export function environmentOf({ databaseUrl, brokers, channelsFile, objectsEndpoint, spoolDir }: Surroundings): Record<string, string> {
  const { accessKeyId, accessKeySecret } = OBJECT_STORE_KEYS;
  return {
    CC_DATABASE_URL: databaseUrl, CC_DATABASE_POOL_SIZE: '6',
    ...(brokers.length === 0 ? {} : { CC_KAFKA_BROKERS: brokers.join(',') }),
    CC_CHANNELS_FILE: channelsFile,
    CC_ENCRYPTION_KEY: ENCRYPTION_KEY.toString('base64'),
    CC_API_KEYS: `${TENANT}:${API_KEY}`,
    CC_OSS_ENDPOINT: objectsEndpoint, CC_OSS_REGION: 'oss-cn-embedded', CC_OSS_BUCKET: 'cc-recordings', CC_OSS_PATH_STYLE: 'true',
    CC_OSS_ACCESS_KEY_ID: accessKeyId, CC_OSS_ACCESS_KEY_SECRET: accessKeySecret,
    CC_E9_CALLBACK_INGEST_SPOOL_DIR: spoolDir, CC_E9_CALLBACK_INGEST_RESERVE_MEGABYTES: '16',
    CC_RECORDING_ARCHIVER_RETRY_SECONDS: '1', CC_RECORDING_ARCHIVER_DOWNLOAD_SECONDS: '5',
    CC_HW_POLLER_LEASE_SECONDS: '5',
  };
}

export async function startSystem(backend: Backend, { speed = SPEED, settings = {}, health = {} }: SystemOptions = {}): Promise<System> {
  const directory = mkdtempSync(join(tmpdir(), 'cc-e2e-'));
  const logDir = join('test-output', `${backend}-${process.pid}`);
  mkdirSync(logDir, { recursive: true });
  const ends: (() => Promise<unknown>)[] = [];
  const broker = await brokerOf(backend, ends);
  const fresh = await freshDatabase();
  ends.push(() => fresh.drop());
  const objects = await startEmbeddedObjectStore({ dataDir: join(directory, 'objects'), port: 0, host: '127.0.0.1', ...OBJECT_STORE_KEYS, log: new SilentLog() });
  ends.push(() => objects.stop());

  const names = ['vendor-simulator', ...serviceNames] as const;
  const ports = await freePorts(names.length);
  const urlOf = (name: string): string => `http://127.0.0.1:${ports[names.findIndex((candidate) => candidate === name)]}`;
  const channelsFile = join(directory, 'channels.yaml');
  writeFileSync(channelsFile, simulatedChannels({ simulatorUrl: urlOf('vendor-simulator'), ingestUrl: urlOf('e9-callback-ingest'), callbackSecret: CALLBACK_SECRET, speed, e9QueriesPerMinute: UNLIMITED_QUERIES, health }));
  const callbackUrl = `${urlOf('e9-callback-ingest')}/callbacks/e9-main/${CALLBACK_SECRET}`;
  const env = {
    ...environmentOf({ databaseUrl: fresh.url, brokers: broker?.brokers ?? [], channelsFile, objectsEndpoint: objects.endpoint, spoolDir: join(directory, 'spool') }),
    ...Object.fromEntries(names.map((name) => [`CC_${name.toUpperCase().replaceAll('-', '_')}_PORT`, new URL(urlOf(name)).port])),
    ...settings,
  };
  const simulator = new ServiceProcess('vendor-simulator', urlOf('vendor-simulator'), {
    CC_VENDOR_SIMULATOR_PORT: new URL(urlOf('vendor-simulator')).port, CC_SIM_SPEED: String(speed), CC_SIM_E9_QUERIES_PER_MINUTE: String(UNLIMITED_QUERIES), CC_SIM_E9_CALLBACK_URL: callbackUrl,
  }, logDir);
  const services = servicesOf((name) => new ServiceProcess(name, urlOf(name), env, logDir));
  const all = [simulator, ...Object.values(services)];
  ends.push(() => Promise.all(all.map((service) => service.stop())));
  const stop = async (): Promise<void> => {
    for (const end of [...ends].reverse()) await end();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    for (const service of all) service.start();
    await Promise.all(all.map((service) => service.ready()));
    const database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 2, applicationName: 'e2e' });
    ends.push(() => database.close());
    await eventually(async () => (await database.query(`SELECT FROM gateway_channel`)).length === CHANNELS, { limitMs: 60_000 });
    const client = (baseURL: string, headers: Record<string, string>): AxiosInstance => axios.create({ baseURL, headers, timeout: 40_000, proxy: false, validateStatus: () => true });
    return { api: client(`${urlOf('call-gateway')}/v1`, { authorization: `Bearer ${API_KEY}` }), simulator: client(urlOf('vendor-simulator'), {}), database, services, callbackUrl, broker, logDir, stop };
  } catch (error) {
    for (const end of [...ends].reverse()) await end();
    throw error;
  }
}

async function brokerOf(backend: Backend, ends: (() => Promise<unknown>)[]): Promise<KafkaBroker | undefined> {
  if (backend === 'postgres') return undefined;
  const broker = await startKafkaBroker();
  ends.push(() => broker.stop());
  return broker;
}

export function servicesOf<T>(make: (name: Service) => T): Record<Service, T> {
  return {
    'e9-callback-ingest': make('e9-callback-ingest'), 'record-store': make('record-store'), 'event-dispatcher': make('event-dispatcher'), 'hw-poller': make('hw-poller'),
    'recording-archiver': make('recording-archiver'), 'channel-router': make('channel-router'), 'call-gateway': make('call-gateway'),
  };
}
