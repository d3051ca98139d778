import { appendFileSync } from 'node:fs';
import type { ServiceProcess } from '../e2e/service-process';

/** A process that ended although nobody made it. */
export interface SelfMadeEnd {
  readonly service: string;
  /** Epoch ms. */
  readonly at: number;
  readonly code: number | null;
  readonly signal: string | null;
}

/** As long as Kubernetes waits at first before it starts a container again. */
const RESTART_MS = 1000;

/** A service with whoever starts it again when it ends by itself, as Kubernetes does. */
export class SupervisedService {
  private wanted = false;
  private generation = 0;

  constructor(
    readonly process: ServiceProcess,
    private readonly ended: (end: SelfMadeEnd) => void,
  ) {}

  get name(): string {
    return this.process.name;
  }

  /** @param more environment variables of this start, and of those that follow without another. */
  start(more: Readonly<Record<string, string>> = {}): void {
    this.wanted = true;
    this.generation += 1;
    const { generation } = this;
    this.note('started');
    this.process.start(more);
    void this.process.end.then(({ code, signal }) => {
      if (!this.wanted || generation !== this.generation) return;
      this.note(`ended by itself: ${code ?? signal ?? ''}`);
      this.ended({ service: this.name, at: Date.now(), code, signal });
      setTimeout(() => {
        if (this.wanted && generation === this.generation) this.start(more);
      }, RESTART_MS);
    });
  }

  /** kill -9 */
  async kill(): Promise<void> {
    this.wanted = false;
    this.note('kill -9');
    await this.process.kill();
  }

  pause(): void {
    this.note('SIGSTOP');
    this.process.signal('SIGSTOP');
  }

  resume(): void {
    this.note('SIGCONT');
    this.process.signal('SIGCONT');
  }

  async stop(): Promise<number | null> {
    this.wanted = false;
    this.resume();
    return this.process.stop();
  }

  /** Its own log tells what was done to it as well. */
  private note(what: string): void {
    appendFileSync(this.process.logFile, `${JSON.stringify({ time: new Date().toISOString(), chaos: what })}\n`);
  }
}
