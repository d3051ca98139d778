import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareLocalKafka } from './local-kafka';
import { KAFKA_LOCAL } from './repository';
import { startScript } from './script';
import type { Script } from './script';

export interface KafkaBrokerOptions {
  /** Chosen by the operating system unless given; kept over restarts. */
  readonly port?: number;
  /** Java heap, e.g. `512m`; 256m unless given. */
  readonly heap?: string;
  /** Broker settings beside those of tools/kafka-local. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Full optimisation of the running code, for benchmarks: starts slower. */
  readonly fullJit?: boolean;
}

const READY_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 25_000;

/** A single-node Kafka of one spec's own, to be killed or paused. It ends with the process that started it. */
export class KafkaBroker {
  private constructor(
    /** Its log and its `broker.out`, until it is stopped. */
    readonly dataDir: string,
    private readonly options: KafkaBrokerOptions,
    private process: Script,
    private readonly port: number,
    private jvm: number,
  ) {}

  static async start(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
    await prepareLocalKafka();
    const dataDir = mkdtempSync(join(tmpdir(), 'cc-kafka-'));
    const { process, port, pid } = await launch(dataDir, options, options.port ?? 0);
    return new KafkaBroker(dataDir, options, process, port, pid);
  }

  get brokers(): string[] {
    return [`127.0.0.1:${this.port}`];
  }

  /** The Java process. */
  get pid(): number {
    return this.jvm;
  }

  /** kill -9; what was acknowledged is in the page cache and survives. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.process.exited;
  }

  /** The connections stay open, and nothing is answered. */
  pause(): void {
    this.signal('SIGSTOP');
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  /** Ends it when it runs, and starts it again on the same data and port. */
  async restart(): Promise<void> {
    await this.end();
    const { process, pid } = await launch(this.dataDir, this.options, this.port);
    this.process = process;
    this.jvm = pid;
  }

  /** A clean stop; the data is deleted. */
  async stop(): Promise<void> {
    await this.end();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private async end(): Promise<void> {
    if (!this.process.running) return;
    this.resume();
    this.process.signal('SIGTERM');
    await this.process.ended(STOP_LIMIT_MS);
  }

  private signal(signal: NodeJS.Signals): void {
    if (this.process.running) process.kill(this.jvm, signal);
  }
}

/** {@link KafkaBroker.start} */
export async function startKafkaBroker(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
  return KafkaBroker.start(options);
}

async function launch(dataDir: string, options: KafkaBrokerOptions, port: number): Promise<{ process: Script; port: number; pid: number }> {
  const settings = Object.entries(options.settings ?? {}).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const jit = options.fullJit === true ? [] : ['--fast-jit'];
  const args = ['--data', dataDir, '--port', String(port), '--heap', options.heap ?? '256m', '--until-stdin-ends', ...jit, ...settings];
  const process = startScript([join(KAFKA_LOCAL, 'kafka-local.mjs'), ...args]);
  const [, address = '', pid = ''] = await process.line(/^ready 127\.0\.0\.1:(\d+) pid=(\d+)$/, READY_LIMIT_MS);
  return { process, port: Number(address), pid: Number(pid) };
}
