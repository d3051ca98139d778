import { decodeRouteSimulation, topics } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Clock, Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { RouterNews } from '../out/router-news';
import { SimulationCatalogue } from '../out/simulation-catalogue';

/** Keeps the router's answers for the requests that wait for them, whichever replica has those. */
@Controller()
export class RouteSimulationsConsumer {
  constructor(
    private readonly simulations: SimulationCatalogue,
    private readonly news: RouterNews,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.routeSimulations.name)
  async routes(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decodeRouteSimulation, this.metrics);
    await this.simulations.save(batch.tx, messages.map(({ message }) => message), this.clock.nowMs());
    await this.news.spread(batch.tx);
    return { kind: 'handled', parked };
  }
}
