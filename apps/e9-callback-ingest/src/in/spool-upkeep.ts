import { Clock } from '@cc/kernel';
import { Readiness, WorkLoop } from '@cc/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CallbackStore } from '../out/callback-store';
import { SpoolWatch } from '../out/spool-watch';
import { Replayer } from './replayer';

const EVERY_MS = 2000;

/** Lets go what has had its time, says how the spool stands, and whether the service is ready. */
@Injectable()
export class SpoolUpkeep implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop: WorkLoop;
  private movedAtMs: number;
  private position = '';

  constructor(
    private readonly store: CallbackStore,
    private readonly replayer: Replayer,
    private readonly watch: SpoolWatch,
    private readonly clock: Clock,
    readiness: Readiness,
  ) {
    readiness.add('spool', () => store.spool.unreadyBecause());
    this.movedAtMs = clock.nowMs();
    this.loop = new WorkLoop({ name: 'spool upkeep', idleMs: EVERY_MS, log: watch.log, step: () => this.step() });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  private async step(): Promise<boolean> {
    const { spool } = this.store;
    await spool.tidy();
    const now = this.clock.nowMs();
    const position = JSON.stringify(spool.position);
    if (spool.backlogBytes === 0 || position !== this.position) this.movedAtMs = now;
    this.position = position;
    const oldest = spool.backlogBytes === 0 ? undefined : this.replayer.oldestWaitingAtMs;
    this.watch.stands({
      backlogBytes: spool.backlogBytes, freeBytes: await spool.freeBytes(), checkpointAgeSeconds: (now - this.movedAtMs) / 1000,
      backlogAgeSeconds: oldest === undefined ? 0 : Math.max(0, now - oldest) / 1000,
    });
    return false;
  }
}
