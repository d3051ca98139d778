import { Clock, Log } from '@cc/kernel';
import { WorkLoop } from '@cc/platform';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { monthsAround } from '../domain/months';
import { RecordPartitions } from '../out/record-partitions';
import { RecordStoreSettings } from '../record-store.config';

const HOUR_MS = 60 * 60 * 1000;

/** Keeps the coming months' partitions of `call_record` ready. */
@Injectable()
export class PartitionUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop: WorkLoop;

  constructor(
    private readonly partitions: RecordPartitions,
    private readonly clock: Clock,
    private readonly settings: RecordStoreSettings,
    log: Log,
  ) {
    this.loop = new WorkLoop({ name: 'partition upkeep', idleMs: HOUR_MS, log, step: () => this.prepare() });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.loop.stop();
  }

  private async prepare(): Promise<boolean> {
    await this.partitions.ensure(monthsAround(this.clock.nowMs(), this.settings.values.monthsAhead));
    return false;
  }
}
