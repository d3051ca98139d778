import { Clock, Log } from '@cc/kernel';
import { WorkLoop } from '@cc/platform';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { SimulationCatalogue } from '../out/simulation-catalogue';

const KEPT_MS = 3_600_000;
const EVERY_MS = 600_000;

/** Deletes the answers to simulations after an hour. */
@Injectable()
export class SimulationUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop: WorkLoop;

  constructor(simulations: SimulationCatalogue, clock: Clock, log: Log) {
    const step = async (): Promise<boolean> => {
      await simulations.forget(clock.nowMs() - KEPT_MS);
      return false;
    };
    this.loop = new WorkLoop({ name: 'simulation upkeep', step, idleMs: EVERY_MS, log });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.loop.stop();
  }
}
