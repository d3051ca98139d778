import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SilentLog } from '@cc/kernel';
import { startEmbeddedObjectStore } from '@cc/object-store';
import { TypeOrmDatabase, type Database } from '@cc/postgres';
import { eventually, startKafkaBroker, type KafkaBroker } from '@cc/testing';
import axios, { type AxiosInstance } from 'axios';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { simulatedChannels } from '../../apps/all-in-one/src/simulated-channels';
import { freePorts } from '../e2e/free-ports';
import { ServiceProcess } from '../e2e/service-process';
import { API_KEY, CALLBACK_SECRET, CHANNELS, OBJECT_STORE_KEYS, UNLIMITED_QUERIES, environmentOf, serviceNames, servicesOf, type Service } from '../e2e/system';
import { CallbackDoor } from './callback-door';
import { ChaosPostgres } from './chaos-postgres';
import { Links } from './links';
import { SpoolDisk } from './spool-disk';
import { SupervisedService, type SelfMadeEnd } from './supervised-service';

/** No simulated call lasts longer; the least that a channel may say. */
const LONGEST_CALL_SECONDS = 60;
/** Quick enough to be seen through in a run; the order between them is that of the defaults. */
const SETTINGS = {
  CC_CHANNEL_ROUTER_QUERY_SECONDS: '10', CC_CHANNEL_ROUTER_GRACE_SECONDS: '3', CC_CHANNEL_ROUTER_SETUP_SECONDS: '20', CC_CHANNEL_ROUTER_SENDING_SECONDS: '15',
  CC_EVENT_DISPATCHER_PENDING_SECONDS: '60', CC_E9_CALLBACK_INGEST_SEGMENT_MEGABYTES: '1',
} as const;
/** A channel must not count as sick because a fault of ours keeps its calls from being heard of: what is refused shows nothing. */
const HEALTH = { silenceSeconds: 60, silentCalls: 100, coolDownSeconds: 3, windowSeconds: 10, minDials: 20, downInARow: 30, degradedShare: 0.6, downShare: 0.9 };

const ChannelFile = z.object({ channels: z.array(z.looseObject({ limits: z.looseObject({}).optional() })) });

/** All of CC in processes of its own on backends of its own, with a link to be cut between any two. */
export interface ChaosSystem {
  readonly api: AxiosInstance;
  readonly simulator: AxiosInstance;
  /** Past the links. */
  readonly database: Database;
  readonly brokers: readonly string[];
  readonly broker: KafkaBroker;
  readonly postgres: ChaosPostgres;
  readonly services: Readonly<Record<Service, SupervisedService>>;
  readonly links: Links;
  readonly door: CallbackDoor;
  readonly spoolDisk: SpoolDisk;
  /** Processes that ended although nobody made them, so far. */
  readonly selfMadeEnds: readonly SelfMadeEnd[];
  stop(): Promise<void>;
}

export interface ChaosSystemOptions {
  readonly logDir: string;
  /** How much faster than life the simulated calls are. */
  readonly speed: number;
}

/** What was opened, to be closed in the reverse order. */
class Opened {
  private readonly ends: (() => Promise<unknown> | void)[] = [];

  keep<T>(thing: T, end: (thing: T) => Promise<unknown> | void): T {
    this.ends.push(() => end(thing));
    return thing;
  }

  async close(): Promise<void> {
    for (const end of this.ends.splice(0).reverse()) await Promise.resolve(end()).catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  }
}

export async function startChaosSystem(options: ChaosSystemOptions): Promise<ChaosSystem> {
  const opened = new Opened();
  try {
    return await start(options, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function start({ logDir, speed }: ChaosSystemOptions, opened: Opened): Promise<ChaosSystem> {
  mkdirSync(logDir, { recursive: true });
  const directory = opened.keep(mkdtempSync(join(tmpdir(), 'cc-chaos-')), (path) => rmSync(path, { recursive: true, force: true }));
  // As root, PostgreSQL's user must pass through.
  chmodSync(directory, 0o711);
  const postgres = opened.keep(await ChaosPostgres.start(join(directory, 'postgres')), (server) => server.stop());
  const objects = opened.keep(await startEmbeddedObjectStore({ dataDir: join(directory, 'objects'), port: 0, host: '127.0.0.1', ...OBJECT_STORE_KEYS, log: new SilentLog() }), (store) => store.stop());
  const ports = await freePorts(serviceNames.length * 2 + 3);
  const [simulatorPort = 0, brokerPort = 0, controllerPort = 0, ...rest] = ports;
  const portOf = servicesOf((name) => rest[serviceNames.indexOf(name)] ?? 0);
  const listenerOf = servicesOf((name) => rest[serviceNames.length + serviceNames.indexOf(name)] ?? 0);
  const objectsPort = Number(new URL(objects.endpoint).port);
  const links = opened.keep(await Links.open((service, backend) => ({ kafka: listenerOf[service], postgres: postgres.port, objects: objectsPort })[backend], simulatorPort), (all) => all.close());
  const broker = opened.keep(await startKafkaBroker({ port: brokerPort, settings: listenerSettings({ brokerPort, controllerPort, listenerOf, links }) }), (one) => one.stop());
  const door = opened.keep(await CallbackDoor.open(loopback(portOf['e9-callback-ingest'])), (one) => one.close());

  const spoolDisk = opened.keep(SpoolDisk.make(directory), (disk) => disk.remove());
  const channelsFile = join(directory, 'channels.yaml');
  writeFileSync(channelsFile, channelFile(loopback(links.vendorsPort), door.url, speed));
  const simulator = new ServiceProcess('vendor-simulator', loopback(simulatorPort), {
    CC_VENDOR_SIMULATOR_PORT: String(simulatorPort), CC_SIM_SPEED: String(speed), CC_SIM_E9_QUERIES_PER_MINUTE: String(UNLIMITED_QUERIES),
    CC_SIM_E9_CALLBACK_URL: `${door.url}/callbacks/e9-main/${CALLBACK_SECRET}`,
  }, logDir);
  const ends: SelfMadeEnd[] = [];
  const services = servicesOf((name) => {
    const through = new URL(postgres.url);
    through.port = String(name === 'e9-callback-ingest' ? postgres.port : links.port(name, 'postgres'));
    const env = environmentOf({
      databaseUrl: through.href, brokers: [`127.0.0.1:${links.port(name, 'kafka')}`], channelsFile, spoolDir: spoolDisk.spoolDir,
      objectsEndpoint: name === 'recording-archiver' || name === 'call-gateway' ? loopback(links.port(name, 'objects')) : objects.endpoint,
    });
    const port = { [`CC_${name.toUpperCase().replaceAll('-', '_')}_PORT`]: String(portOf[name]) };
    return new SupervisedService(new ServiceProcess(name, loopback(portOf[name]), { ...env, ...port, ...SETTINGS }, logDir), (end) => ends.push(end));
  });
  opened.keep(simulator, (one) => one.stop());
  opened.keep(services, (all) => Promise.all(Object.values(all).map((service) => service.stop())));

  simulator.start();
  for (const service of Object.values(services)) service.start();
  await Promise.all([simulator.ready(), ...Object.values(services).map((service) => service.process.ready())]);
  const database = opened.keep(await TypeOrmDatabase.connect({ url: postgres.url, poolSize: 4, applicationName: 'chaos' }), (one) => one.close());
  await eventually(async () => (await database.query(`SELECT FROM gateway_channel`)).length === CHANNELS, { limitMs: 60_000 });
  return {
    api: client(`${loopback(portOf['call-gateway'])}/v1`, { authorization: `Bearer ${API_KEY}` }), simulator: client(loopback(simulatorPort), {}),
    database, broker, brokers: broker.brokers, postgres, services, links, door, spoolDisk, selfMadeEnds: ends, stop: () => opened.close(),
  };
}

const loopback = (port: number): string => `http://127.0.0.1:${port}`;

const client = (baseURL: string, headers: Record<string, string>): AxiosInstance => axios.create({ baseURL, headers, timeout: 10_000, proxy: false, validateStatus: () => true });

/** The simulator's channels behind the link, and with calls that do not last longer than a run. */
function channelFile(simulatorUrl: string, ingestUrl: string, speed: number): string {
  const { channels } = ChannelFile.parse(parse(simulatedChannels({ simulatorUrl, ingestUrl, callbackSecret: CALLBACK_SECRET, speed, e9QueriesPerMinute: UNLIMITED_QUERIES, health: HEALTH })));
  return stringify({ channels: channels.map((channel) => ({ ...channel, limits: { ...channel.limits, longestCallSeconds: LONGEST_CALL_SECONDS } })) });
}

interface Listeners {
  readonly brokerPort: number;
  readonly controllerPort: number;
  readonly listenerOf: Readonly<Record<Service, number>>;
  readonly links: Links;
}

/** A listener of its own for each service, which tells it to come back by its own link; `PLAINTEXT` is past the links. */
function listenerSettings({ brokerPort, controllerPort, listenerOf, links }: Listeners): Record<string, string> {
  const own = serviceNames.map((name, index) => ({ listener: `LINK${index}`, at: listenerOf[name], advertised: links.port(name, 'kafka') }));
  const address = (listener: string, port: number): string => `${listener}://127.0.0.1:${port}`;
  return {
    listeners: [address('PLAINTEXT', brokerPort), ...own.map(({ listener, at }) => address(listener, at)), address('CONTROLLER', controllerPort)].join(','),
    'advertised.listeners': [address('PLAINTEXT', brokerPort), ...own.map(({ listener, advertised }) => address(listener, advertised))].join(','),
    'listener.security.protocol.map': ['CONTROLLER', 'PLAINTEXT', ...own.map(({ listener }) => listener)].map((listener) => `${listener}:PLAINTEXT`).join(','),
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'num.network.threads': '1',
  };
}
