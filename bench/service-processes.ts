import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CcError, SilentLog } from '@cc/kernel';
import { startEmbeddedObjectStore } from '@cc/object-store';
import { processEnvironment, variablePrefix } from '@cc/platform';
import { eventually, Script } from '@cc/testing';
import { e9ChannelFile } from './e9-callbacks';
import type { Place } from './log-product';

/** In the order in which they are started. */
export const services = ['e9-callback-ingest', 'record-store', 'event-dispatcher', 'hw-poller', 'recording-archiver', 'channel-router', 'call-gateway'] as const;
export type Service = (typeof services)[number];

const CALLBACK_SECRET = 'bench-callback-secret-0123456789';
const READY_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;
const ENCRYPTION_KEY = Buffer.alloc(32, 7);

export interface ServiceOptions {
  /** Only these; all unless told. */
  readonly only?: readonly Service[];
  /** The tenants with their keys. */
  readonly apiKeys?: ReadonlyMap<string, string>;
  /** Where each service leaves a CPU profile when it ends. */
  readonly profileDir?: string | undefined;
  /** The spool of a former run, which stays where it is; else one that goes with the processes. */
  readonly spoolDir?: string;
}

/** The services as production runs them, each a process of its own: `node dist/apps/<service>/main.js`. */
export class ServiceProcesses {
  private constructor(
    private readonly running: ReadonlyMap<Service, Script>,
    private readonly ports: ReadonlyMap<Service, number>,
    private readonly end: () => Promise<void>,
  ) {}

  static async start({ databaseUrl, brokers }: Place, options: ServiceOptions = {}): Promise<ServiceProcesses> {
    const names = options.only ?? services;
    const directory = mkdtempSync(join(tmpdir(), 'cc-bench-services-'));
    const channelsFile = join(directory, 'channels.yaml');
    writeFileSync(channelsFile, e9ChannelFile('http://127.0.0.1:9', CALLBACK_SECRET), { mode: 0o600 });
    const objects = await startEmbeddedObjectStore({ dataDir: join(directory, 'objects'), port: 0, host: '127.0.0.1', accessKeyId: 'bench-key', accessKeySecret: 'bench-secret', log: new SilentLog() });
    const ports = new Map<Service, number>();
    for (const name of names) ports.set(name, await freePort());
    const env = {
      CC_DATABASE_URL: databaseUrl,
      ...(brokers === undefined ? {} : { CC_KAFKA_BROKERS: brokers.join(',') }),
      CC_CHANNELS_FILE: channelsFile,
      CC_ENCRYPTION_KEY: ENCRYPTION_KEY.toString('base64'),
      CC_API_KEYS: [...(options.apiKeys ?? new Map([['bench', 'cck_bench_0123456789abcdefghij']]))].map(([tenant, key]) => `${tenant}:${key}`).join(','),
      CC_OSS_ENDPOINT: objects.endpoint, CC_OSS_REGION: 'oss-cn-embedded', CC_OSS_BUCKET: 'cc-recordings', CC_OSS_PATH_STYLE: 'true', CC_OSS_ACCESS_KEY_ID: 'bench-key', CC_OSS_ACCESS_KEY_SECRET: 'bench-secret',
      CC_E9_CALLBACK_INGEST_SPOOL_DIR: options.spoolDir ?? join(directory, 'spool'),
      ...Object.fromEntries([...ports].map(([name, port]) => [`${variablePrefix(name)}_PORT`, String(port)])),
    };
    const running = new Map(names.map((name) => [name, launch(name, env, options.profileDir)]));
    const end = async (): Promise<void> => {
      for (const script of running.values()) script.signal('SIGTERM');
      await Promise.all([...running.values()].map((script) => script.ended(STOP_LIMIT_MS).catch(() => undefined)));
      await objects.stop();
      rmSync(directory, { recursive: true, force: true });
    };
    const started = new ServiceProcesses(running, ports, end);
    try {
      await Promise.all(names.map((name) => started.ready(name)));
      return started;
    } catch (error) {
      await end();
      throw error;
    }
  }

  get names(): readonly Service[] {
    return [...this.running.keys()];
  }

  pidOf(service: Service): number {
    return this.running.get(service)?.pid ?? 0;
  }

  urlOf(service: Service): string {
    return `http://127.0.0.1:${this.ports.get(service) ?? 0}`;
  }

  /** Where e9 posts. */
  get callbackUrl(): string {
    return `${this.urlOf('e9-callback-ingest')}/callbacks/e9-main/${CALLBACK_SECRET}`;
  }

  /** @throws CcError when a service has ended by itself; with what it wrote last. */
  check(): void {
    for (const [name, script] of this.running) {
      if (!script.running) throw new CcError('fault', 'service-ended', `${name} has ended: ${script.lines.slice(-5).join('\n')}${script.stderr.slice(-2000)}`);
    }
  }

  /** The warnings and errors that the services have written, each once with its count. */
  complaints(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const [name, script] of this.running) {
      for (const line of script.lines) {
        const [, level, message] = /"level":"(warn|error)".*"msg":"([^"]*)"/.exec(line) ?? [];
        if (level !== undefined) counts.set(`${name} ${level}: ${message ?? ''}`, (counts.get(`${name} ${level}: ${message ?? ''}`) ?? 0) + 1);
      }
    }
    return counts;
  }

  async stop(): Promise<void> {
    await this.end();
  }

  private async ready(name: Service): Promise<void> {
    await eventually(async () => {
      this.check();
      const { status } = await fetch(`${this.urlOf(name)}/readyz`, { signal: AbortSignal.timeout(2000) });
      return status === 200;
    }, { limitMs: READY_LIMIT_MS, everyMs: 100 });
  }
}

function launch(name: Service, env: Readonly<Record<string, string>>, profileDir: string | undefined): Script {
  const { PATH, HOME } = processEnvironment();
  const flags = profileDir === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profileDir, '--cpu-prof-name', `${name}.cpuprofile`];
  return new Script(spawn(process.execPath, [...flags, `dist/apps/${name}/main.js`], { env: { PATH, HOME, ...env }, stdio: ['pipe', 'pipe', 'pipe'] }));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new CcError('fault', 'no-port', 'No free port was found');
  return address.port;
}
