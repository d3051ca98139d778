import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { Script, type ScriptExit } from '@cc/testing';
import axios from 'axios';

const ROOT = resolve(__dirname, '../../..');
const SERVICE = [process.execPath, '-r', join(ROOT, 'libs/testing/src/swc-register.cjs'), join(ROOT, 'apps/e9-callback-ingest/src/main.ts')];
const READY_LIMIT_MS = 60_000;
const END_LIMIT_MS = 10_000;

/** The service as a process of its own, to be killed and to be traced. */
export class IngestProcess {
  private constructor(
    private readonly callbackUrl: string,
    private readonly script: Script,
    /** kill -9. */
    readonly kill: () => Promise<void>,
  ) {}

  /** @param tracer a command that runs the service, with its arguments. */
  static async start(env: Readonly<Record<string, string>>, callbackPath: string, tracer: readonly string[] = []): Promise<IngestProcess> {
    const [command = '', ...args] = [...tracer, ...SERVICE];
    // A tracer that is killed leaves the service running, which ends with its standard input.
    const child = spawn(command, args, { cwd: ROOT, env: { PATH: process.env['PATH'], CC_TEST_DIES_WITH_STDIN: 'true', ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    const script = new Script(child);
    const kill = async (): Promise<void> => {
      child.stdin.end();
      await script.ended(END_LIMIT_MS);
    };
    try {
      const [, url = ''] = await script.line(/"url":"([^"]+)","msg":"service ready"/, READY_LIMIT_MS);
      return new IngestProcess(`${url}${callbackPath}`, script, kill);
    } catch (error) {
      await kill();
      throw error;
    }
  }

  /** How it ended by itself. */
  get exited(): Promise<ScriptExit> {
    return this.script.exited;
  }

  /** What it has logged. */
  get lines(): readonly string[] {
    return this.script.lines;
  }

  async post(body: string): Promise<{ readonly status: number; readonly data: unknown }> {
    return await axios.post<unknown>(this.callbackUrl, body, { timeout: 20_000, proxy: false, validateStatus: () => true, headers: { 'content-type': 'application/xml' } });
  }
}
