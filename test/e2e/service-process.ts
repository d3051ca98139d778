import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@cc/testing';
import axios from 'axios';

const READY_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One service as production runs it: `node dist/apps/<service>/main.js`, to be killed and started again. */
export class ServiceProcess {
  private child: ChildProcess | undefined;
  private ended: Promise<ProcessEnd> = Promise.resolve({ code: 0, signal: null });

  constructor(
    readonly name: string,
    readonly url: string,
    private readonly env: Readonly<Record<string, string>>,
    private readonly logDir: string,
  ) {}

  /** @param more environment variables of this start alone. */
  start(more: Readonly<Record<string, string>> = {}): void {
    const log = createWriteStream(this.logFile, { flags: 'a' });
    const child = spawn(process.execPath, [`dist/apps/${this.name}/main.js`], { env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...this.env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    this.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    this.child = child;
  }

  get logFile(): string {
    return join(this.logDir, `${this.name}.log`);
  }

  /** Of the process that was started last; undefined before the first start. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** The end of the process that was started last. */
  get end(): Promise<ProcessEnd> {
    return this.ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  async ready(): Promise<void> {
    await eventually(async () => {
      if (this.child?.exitCode !== null && this.child !== undefined) throw new Error(`${this.name} ended with ${this.child.exitCode}; see ${this.logFile}`);
      const { status, data } = await axios.get<unknown>(`${this.url}/readyz`, { timeout: 2000, proxy: false, validateStatus: () => true });
      if (status !== 200) throw new Error(`${this.name} is not ready: ${JSON.stringify(data)}`);
    }, { limitMs: READY_LIMIT_MS, everyMs: 50 });
  }

  /** kill -9 */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.ended;
  }

  /** SIGTERM. Resolves to the exit code. */
  async stop(): Promise<number | null> {
    this.child?.kill('SIGTERM');
    const timer = setTimeout(() => this.child?.kill('SIGKILL'), STOP_LIMIT_MS);
    const { code } = await this.ended;
    clearTimeout(timer);
    return code;
  }
}
