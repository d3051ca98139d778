import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { CcError, describeError, type Log } from '@cc/kernel';
import { startEmbeddedObjectStore } from '@cc/object-store';
import { variablePrefix, type Environment, type ServiceDefinition } from '@cc/platform';
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '@cc/postgres';
import { developmentSecrets, type DevelopmentSecrets } from './development-secrets';
import { simulatedChannels } from './simulated-channels';

export interface Backends {
  /** The environment of the services: what was given, completed by what was started. */
  readonly env: Environment;
  /** A key that the API takes. */
  readonly apiKey: string;
  /** A key that it takes from operators; absent where operators' keys are given, and none is among them. */
  readonly operatorKey: string | undefined;
  stop(): Promise<void>;
}

export interface BackendOptions {
  readonly dataDir: string;
  readonly env: Environment;
  readonly services: readonly ServiceDefinition[];
  readonly objectStorePort: number;
  readonly simulatorSpeed: number;
  readonly log: Log;
  readonly say: (line: string) => void;
}

export const TENANT = 'demo';
const OPERATOR = 'developer';
const OPERATOR_KEYS = 'CC_CALL_GATEWAY_OPERATOR_KEYS';

/** Starts what the environment does not name: PostgreSQL, the object store; and writes the channel file for the simulator. */
export async function startBackends(options: BackendOptions): Promise<Backends> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const secrets = developmentSecrets(dataDir);
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops.reverse()) await end().catch((error: unknown) => options.log.error('a backend did not end cleanly', { error }));
  };
  try {
    const ports = await freePorts(options);
    const database = await databaseUrl(options, dataDir, stops);
    const objectStore = await objectStoreVariables(options, dataDir, secrets, stops);
    const own = { ...serviceVariables(options, dataDir, secrets, ports), ...database, ...objectStore, ...ports };
    const env = { ...notGiven(own, options.env), ...options.env, ...zeroPortsReplaced(options.env, ports) };
    return { env, apiKey: givenKey(options.env, 'CC_API_KEYS') ?? secrets.apiKey, operatorKey: givenKey(options.env, OPERATOR_KEYS) ?? (isGiven(options.env, OPERATOR_KEYS) ? undefined : secrets.operatorKey), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Deletes what earlier starts left in a data directory, and nothing else that may lie there. */
export async function removeData(dataDir: string): Promise<void> {
  await removeEmbeddedPostgres(join(dataDir, 'postgres'));
  for (const part of ['objects', 'spool', 'secrets.json', 'channels.yaml', 'cc.log']) rmSync(join(dataDir, part), { recursive: true, force: true });
}

async function databaseUrl({ env, log, say }: BackendOptions, dataDir: string, stops: (() => Promise<void>)[]): Promise<Environment> {
  if (isGiven(env, 'CC_DATABASE_URL')) return {};
  const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres'), log });
  stops.push(() => postgres.stop());
  say('PostgreSQL           embedded');
  return { CC_DATABASE_URL: postgres.url };
}

async function objectStoreVariables({ env, log, say, objectStorePort }: BackendOptions, dataDir: string, secrets: DevelopmentSecrets, stops: (() => Promise<void>)[]): Promise<Environment> {
  if (env['CC_OSS_BUCKET'] !== undefined) return {};
  const credentials = { accessKeyId: secrets.objectStoreKeyId, accessKeySecret: secrets.objectStoreKeySecret };
  const store = await startEmbeddedObjectStore({ dataDir: join(dataDir, 'objects'), port: objectStorePort, host: '127.0.0.1', ...credentials, log }).catch((cause: unknown) => {
    throw new CcError('input', 'no-object-store', `The object store cannot start (${describeError(cause)}); CC_OBJECT_STORE_PORT sets its port (0: any free one)`, { cause });
  });
  stops.push(() => store.stop());
  say(`object store         ${store.endpoint}`);
  return {
    CC_OSS_ENDPOINT: store.endpoint, CC_OSS_REGION: 'oss-cn-embedded', CC_OSS_BUCKET: 'cc-recordings', CC_OSS_PATH_STYLE: 'true',
    CC_OSS_ACCESS_KEY_ID: credentials.accessKeyId, CC_OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
  };
}

function serviceVariables({ simulatorSpeed, env }: BackendOptions, dataDir: string, secrets: DevelopmentSecrets, ports: Environment): Environment {
  const portOf = (service: string): string => ports[`${variablePrefix(service)}_PORT`] ?? '';
  const channelsFile = join(dataDir, 'channels.yaml');
  if (env['CC_CHANNELS_FILE'] === undefined) writeFileSync(channelsFile, simulatedChannels({ simulatorUrl: `http://127.0.0.1:${portOf('vendor-simulator')}`, ingestUrl: `http://127.0.0.1:${portOf('e9-callback-ingest')}`, callbackSecret: secrets.callbackSecret, speed: simulatorSpeed }), { mode: 0o600 });
  return {
    CC_API_KEYS: `${TENANT}:${secrets.apiKey}`,
    [OPERATOR_KEYS]: `${OPERATOR}:${secrets.operatorKey}`,
    CC_E9_CALLBACK_INGEST_OPERATOR_KEYS: env[OPERATOR_KEYS] ?? `${OPERATOR}:${secrets.operatorKey}`,
    CC_ENCRYPTION_KEY: secrets.encryptionKey,
    CC_CHANNELS_FILE: channelsFile,
    CC_E9_CALLBACK_INGEST_SPOOL_DIR: join(dataDir, 'spool'),
    CC_SIM_SPEED: String(simulatorSpeed),
    CC_SIM_E9_CALLBACK_URL: `http://127.0.0.1:${portOf('e9-callback-ingest')}/callbacks/e9-main/${secrets.callbackSecret}`,
    CC_RECORDING_ARCHIVER_RETRY_SECONDS: '1',
  };
}

const isGiven = (env: Environment, name: string): boolean => env[name] !== undefined || env[`${name}_FILE`] !== undefined;

/** Without what the environment gives itself, by value or by file. */
function notGiven(own: Environment, given: Environment): Environment {
  return Object.fromEntries(Object.entries(own).filter(([name]) => !isGiven(given, name)));
}

/** The first of the keys that were given; the settings' own check tells what is wrong with them. */
function givenKey(env: Environment, name: string): string | undefined {
  const file = env[`${name}_FILE`];
  const keys = env[name] ?? (file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : undefined);
  const first = keys?.split(',').map((entry) => entry.trim()).find((entry) => entry !== '');
  return first?.slice(first.indexOf(':') + 1);
}

/** The port of every service, known before any starts, since some must know another's address. */
async function freePorts({ services, env }: BackendOptions): Promise<Environment> {
  const ports: Record<string, string> = {};
  for (const { name, defaultPort } of services) {
    const variable = `${variablePrefix(name)}_PORT`;
    const wished = env[variable] ?? String(defaultPort);
    ports[variable] = wished === '0' ? String(await freePort()) : wished;
  }
  return ports;
}

const zeroPortsReplaced = (env: Environment, ports: Environment): Environment => Object.fromEntries(Object.entries(ports).filter(([name]) => env[name] === '0'));

function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const server = createServer();
    server.on('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolvePort(address.port) : reject(new CcError('fault', 'no-free-port', 'The system gave no free port'))));
    });
  });
}
