import type { CallEvent, Route } from '@cc/contracts';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { firstWordOf, type FirstWord } from '../domain/call-routes';
import { CallCatalogue } from '../out/call-catalogue';
import { RouterNews } from '../out/router-news';
import { SimulationCatalogue } from '../out/simulation-catalogue';
import { WaitingRoom } from './waiting-room';

/** Lets requests wait for what the router says, whichever replica hears it. */
@Injectable()
export class RouterWords implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly room = new WaitingRoom();
  private unlisten: (() => Promise<void>) | undefined;

  constructor(
    private readonly news: RouterNews,
    private readonly calls: CallCatalogue,
    private readonly simulations: SimulationCatalogue,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.unlisten = await this.news.onNews(() => this.room.wakeAll());
  }

  async onModuleDestroy(): Promise<void> {
    this.room.close();
    await this.unlisten?.();
  }

  /** What the router has said first of a call, `none` when it said nothing within `waitMs`. */
  async firstWord(tenant: string, callId: string, waitMs: number): Promise<FirstWord> {
    const read = async (): Promise<readonly CallEvent[]> => (await this.calls.events(tenant, callId)) ?? [];
    return firstWordOf(await this.room.until(read, (events) => firstWordOf(events) !== 'none', waitMs));
  }

  /** The answer to a simulation, undefined when there was none within `waitMs`. */
  simulated(tenant: string, simulationId: string, waitMs: number): Promise<Route | undefined> {
    return this.room.until(() => this.simulations.find(tenant, simulationId), (route) => route !== undefined, waitMs);
  }
}
