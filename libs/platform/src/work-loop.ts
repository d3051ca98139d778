import { backoffMs, pause, withDeadline, type Log } from '@cc/kernel';

export interface WorkLoopOptions {
  readonly name: string;
  /** Does what is due; resolves to whether there may be more at once. */
  readonly step: () => Promise<boolean>;
  /** The pause after a step that found nothing, unless {@link WorkLoop.wake} ends it. */
  readonly idleMs: number;
  readonly log: Log;
}

const STOP_LIMIT_MS = 8000;

/** Runs a step again and again: at once while there is more, when woken, and every `idleMs`. An error is logged and followed by a back-off. */
export class WorkLoop {
  private readonly ending = new AbortController();
  private sleeping = new AbortController();
  private woken = false;
  private running: Promise<void> | undefined;

  constructor(private readonly options: WorkLoopOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  /** There is work now. */
  wake(): void {
    this.woken = true;
    this.sleeping.abort();
  }

  /** Resolves when the step in hand is done, or has had its time: what is to stop after it must stop all the same. */
  async stop(): Promise<void> {
    this.ending.abort();
    this.sleeping.abort();
    if (this.running === undefined) return;
    await withDeadline(this.running, STOP_LIMIT_MS, 'The step in hand').catch((error: unknown) => this.options.log.warn('work is left in the middle', { work: this.options.name, error }));
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.ending.signal.aborted) {
      this.woken = false;
      try {
        const more = await this.options.step();
        failures = 0;
        if (!more && !this.woken) await this.sleep(this.options.idleMs);
      } catch (error) {
        this.options.log.warn('work failed, trying again', { work: this.options.name, failures, error });
        await this.sleep(50 + backoffMs(failures++, 200, 5000));
      }
    }
  }

  private async sleep(ms: number): Promise<void> {
    this.sleeping = new AbortController();
    if (this.ending.signal.aborted) return;
    await pause(ms, this.sleeping.signal);
  }
}
