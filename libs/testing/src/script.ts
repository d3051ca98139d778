import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { withDeadline } from '@cc/kernel';
import { environmentWith } from './backends.config';
import { REPOSITORY, SWC_REGISTER } from './repository';

export interface ScriptOptions {
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface ScriptExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process that speaks in lines. */
export class Script {
  /** Resolves when it has ended; never rejects. */
  readonly exited: Promise<ScriptExit>;
  private readonly heard: string[] = [];
  private readonly waiting = new Set<() => void>();
  private errors = '';
  private over = false;

  constructor(private readonly child: ChildProcessByStdio<Writable, Readable, Readable>) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.heard.push(line);
      this.wake();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    // A child that has died no longer reads.
    child.stdin.on('error', () => undefined);
    this.exited = new Promise((done) => {
      child.once('error', ({ message }) => {
        this.errors += message;
        this.finish(done, { code: null, signal: null });
      });
      child.once('close', (code, signal) => this.finish(done, { code, signal }));
    });
  }

  /** 0 when it could not be started. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  get running(): boolean {
    return !this.over;
  }

  /** Every line on its standard output until now. */
  get lines(): readonly string[] {
    return this.heard;
  }

  /** Its standard error until now. */
  get stderr(): string {
    return this.errors;
  }

  /** Waits for a line that matches, past ones included; rejects with what it wrote when it ends or the limit passes without one. */
  async line(pattern: RegExp, limitMs = 30_000): Promise<RegExpExecArray> {
    try {
      return await withDeadline(this.search(pattern), limitMs, `A line that matches ${pattern.source}`);
    } catch (cause) {
      throw new Error(`No line matched ${pattern.source}\n--- stdout\n${this.heard.slice(-20).join('\n')}\n--- stderr\n${this.errors.slice(-4_000)}`, { cause });
    }
  }

  /** Writes one line to its standard input. */
  tell(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<ScriptExit> {
    this.signal('SIGKILL');
    return this.exited;
  }

  /** Its end, awaited for `limitMs`; then it is killed and the promise rejects. */
  async ended(limitMs: number): Promise<ScriptExit> {
    try {
      return await withDeadline(this.exited, limitMs, `The end of process ${this.pid}`);
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  private async search(pattern: RegExp): Promise<RegExpExecArray> {
    for (let next = 0; ; next += 1) {
      while (next >= this.heard.length) {
        if (this.over) throw new Error('The process ended');
        await new Promise<void>((wake) => this.waiting.add(wake));
      }
      const match = pattern.exec(this.heard[next] ?? '');
      if (match !== null) return match;
    }
  }

  private finish(done: (exit: ScriptExit) => void, exit: ScriptExit): void {
    this.over = true;
    this.wake();
    done(exit);
  }

  private wake(): void {
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }
}

/** Runs Node on the given arguments, in the checkout. */
export function startScript(args: readonly string[], { env = {} }: ScriptOptions = {}): Script {
  return new Script(spawn(process.execPath, args, { cwd: REPOSITORY, env: environmentWith(env), stdio: ['pipe', 'pipe', 'pipe'] }));
}

/** Runs a TypeScript file as a real process, to be signalled and killed. It ends when the process that started it does, however that ends. */
export function spawnScript(file: string, args: readonly string[] = [], options: ScriptOptions = {}): Script {
  return startScript(['-r', SWC_REGISTER, file, ...args], { env: { CC_TEST_DIES_WITH_STDIN: 'true', ...options.env } });
}
