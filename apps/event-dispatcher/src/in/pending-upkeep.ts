import { Clock, Log } from '@cc/kernel';
import { WorkLoop } from '@cc/platform';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EventDispatcherSettings } from '../event-dispatcher.config';
import { PgCorrelation } from '../out/pg-correlation';
import { DispatchWatch } from './dispatcher';

const IDLE_MS = 10_000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Puts aside what waited in vain, and forgets attempts of which nothing can come any more. */
@Injectable()
export class PendingUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop: WorkLoop;

  constructor(
    private readonly correlation: PgCorrelation,
    private readonly settings: EventDispatcherSettings,
    private readonly clock: Clock,
    private readonly watch: DispatchWatch,
    log: Log,
  ) {
    this.loop = new WorkLoop({ name: 'pending notifications', idleMs: IDLE_MS, log, step: () => this.tidy() });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.loop.stop();
  }

  private async tidy(): Promise<boolean> {
    const { pendingSeconds, rememberDays } = this.settings.values;
    const nowMs = this.clock.nowMs();
    this.watch.expired(await this.correlation.expire(nowMs - pendingSeconds * 1000, `no attempt that it belongs to was heard of within ${pendingSeconds} s`, nowMs));
    await this.correlation.forget(nowMs - rememberDays * DAY_MS);
    return false;
  }
}
