import { QuarantineCause } from '@cc/contracts';
import { Clock, Log, Metrics } from '@cc/kernel';
import { WorkLoop } from '@cc/platform';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EventDispatcherSettings } from '../event-dispatcher.config';
import { DROPPED_AT_ONCE, PgQuarantine, type QuarantineCount } from '../out/pg-quarantine';
import { QuarantineWatch } from './quarantine';

const IDLE_MS = 10_000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The figures of the quarantine as it lies there. */
@Injectable()
export class QuarantineGauge {
  constructor(
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  show(kept: readonly QuarantineCount[], limit: number): void {
    for (const cause of QuarantineCause.options) {
      const count = kept.filter((one) => one.cause === cause).reduce((sum, one) => sum + one.count, 0);
      this.metrics.gauge('cc_quarantine_rows', 'Vendor messages in quarantine', ['cause']).set(count, { cause });
    }
    const rows = kept.reduce((sum, { count }) => sum + count, 0);
    if (rows > limit) this.log.error('the quarantine holds more than its limit, and none of it is forged: nothing is dropped; see why so much cannot be used', { rows, limit });
  }
}

/** Keeps the quarantine within its bounds. */
@Injectable()
export class QuarantineUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop: WorkLoop;

  constructor(
    private readonly rows: PgQuarantine,
    private readonly settings: EventDispatcherSettings,
    private readonly clock: Clock,
    private readonly watch: QuarantineWatch,
    private readonly gauge: QuarantineGauge,
  ) {
    this.loop = new WorkLoop({ name: 'quarantine', idleMs: IDLE_MS, log: watch.log, step: () => this.tidy() });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.loop.stop();
  }

  private async tidy(): Promise<boolean> {
    const { quarantineRows, quarantineDays } = this.settings.values;
    const bounded = await this.rows.bound({ rows: quarantineRows, keptBeforeMs: this.clock.nowMs() - quarantineDays * DAY_MS });
    if (bounded === undefined) return false;
    this.watch.dropped('age', bounded.byAge);
    this.watch.dropped('rows', bounded.byRows);
    this.gauge.show(bounded.kept, quarantineRows);
    return [bounded.byAge, bounded.byRows].some((counts) => counts.reduce((sum, { count }) => sum + count, 0) >= DROPPED_AT_ONCE);
  }
}
