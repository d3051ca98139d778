import { Clock, Log } from '@cc/kernel';
import { WorkLoop } from '@cc/platform';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EventDispatcherSettings } from '../event-dispatcher.config';
import { PgUnknownCodes } from '../out/pg-unknown-codes';
import { UnknownCodes } from './unknown-codes';

const IDLE_MS = 5000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Writes down the unknown codes that were noted: apart from the batches that met them, since one batch must not wait for another's count. */
@Injectable()
export class UnknownCodesUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop: WorkLoop;

  constructor(
    private readonly codes: UnknownCodes,
    private readonly kept: PgUnknownCodes,
    private readonly settings: EventDispatcherSettings,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.loop = new WorkLoop({ name: 'unknown codes', idleMs: IDLE_MS, log, step: () => this.writeDown() });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.loop.stop();
    await this.writeDown().catch((error: unknown) => this.log.warn('the last unknown codes are not written down', { error }));
  }

  private async writeDown(): Promise<boolean> {
    const news = this.codes.take();
    try {
      await this.kept.add(news);
    } catch (error) {
      for (const code of news) this.codes.remember(code);
      throw error;
    }
    await this.kept.forgetSamples(this.clock.nowMs() - this.settings.values.quarantineDays * DAY_MS);
    return false;
  }
}
