import { encodeCallCommand, topics, type Route } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { CcError, Clock, newId } from '@cc/kernel';
import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { CallGatewaySettings } from '../call-gateway.config';
import { simulateRoute } from '../domain/place-call';
import { ApiKeyGuard, Tenant } from './key.guard';
import { CallRequests } from './call-requests';
import { RouterWords } from './router-words';

/** Which route a call would take, and why: the router is asked, nothing is placed. */
@Controller('v1/route-simulations')
@UseGuards(ApiKeyGuard)
export class RouteSimulationsController {
  constructor(
    private readonly requests: CallRequests,
    private readonly router: RouterWords,
    private readonly eventLog: EventLog,
    private readonly clock: Clock,
    private readonly settings: CallGatewaySettings,
  ) {}

  @Post()
  @HttpCode(200)
  async simulate(@Tenant() tenant: string, @Body() body: unknown): Promise<{ route: Route }> {
    const simulationId = newId('simulation');
    const { request } = await this.requests.parse(tenant, simulationId, body);
    await this.eventLog.append(topics.callCommands.name, [encodeCallCommand(simulateRoute(simulationId, tenant, request, this.clock.nowMs()))]);
    const { simulationAnswerSeconds } = this.settings.values;
    const route = await this.router.simulated(tenant, simulationId, simulationAnswerSeconds * 1000);
    if (route === undefined) throw new CcError('unavailable', 'router-silent', `The router has not answered within ${simulationAnswerSeconds} s: it is away, or behind; nothing was placed`);
    return { route };
  }
}
