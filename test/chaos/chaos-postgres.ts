import { chmodSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { SilentLog } from '@cc/kernel';
import { removeEmbeddedPostgres, startEmbeddedPostgres, type EmbeddedPostgres } from '@cc/postgres';
import { eventually } from '@cc/testing';

const GONE_LIMIT_MS = 30_000;

/** A PostgreSQL of the run's own, with durable commits; whoever watches it starts it again as soon as it is gone. */
export class ChaosPostgres {
  private constructor(
    private readonly dataDir: string,
    private readonly server: EmbeddedPostgres,
  ) {}

  static async start(dataDir: string): Promise<ChaosPostgres> {
    try {
      const server = await startEmbeddedPostgres({ dataDir, log: new SilentLog() });
      // As root, the server's user must pass through.
      chmodSync(dataDir, 0o711);
      return new ChaosPostgres(dataDir, server);
    } catch (error) {
      await removeEmbeddedPostgres(dataDir);
      throw error;
    }
  }

  /** postgres://…, without a proxy between. */
  get url(): string {
    return this.server.url;
  }

  get port(): number {
    return Number(new URL(this.server.url).port);
  }

  /** SIGKILL: its memory is gone. SIGQUIT: an immediate shutdown. Both recover from the write-ahead log at the next start. Resolves when it is gone. */
  async end(signal: 'SIGKILL' | 'SIGQUIT'): Promise<void> {
    const pid = this.pid();
    process.kill(pid, signal);
    await eventually(() => this.pidOrNone() !== pid || !alive(pid), { limitMs: GONE_LIMIT_MS });
  }

  async stop(): Promise<void> {
    await this.server.stop().finally(() => removeEmbeddedPostgres(this.dataDir));
  }

  private pid(): number {
    const pid = this.pidOrNone();
    if (pid === undefined) throw new Error('PostgreSQL does not run just now');
    return pid;
  }

  private pidOrNone(): number | undefined {
    try {
      const pid = Number(readFileSync(join(realpathSync(join(this.dataDir, 'server')), 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
      return pid > 0 ? pid : undefined;
    } catch {
      return undefined;
    }
  }
}

function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
