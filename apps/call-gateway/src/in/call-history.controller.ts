import type { CallEvent } from '@cc/contracts';
import { CcError } from '@cc/kernel';
import { Controller, Get, Param, UseGuards } from '@nestjs/common';
import { attemptsOf, type AttemptView } from '../domain/call-attempts';
import { routesOf, type DecidedRoute } from '../domain/call-routes';
import { timelineOf, type TimelineEntry } from '../domain/call-timeline';
import { CallCatalogue } from '../out/call-catalogue';
import { ApiKeyGuard, Tenant } from './key.guard';
import { CallIdPipe, noSuchCall } from './call-id';

/** What happened to a call: its timeline, its attempts at vendors, and why the router chose as it did. */
@Controller('v1/calls/:callId')
@UseGuards(ApiKeyGuard)
export class CallHistoryController {
  constructor(private readonly calls: CallCatalogue) {}

  @Get('events')
  async events(@Tenant() tenant: string, @Param('callId', CallIdPipe) callId: string): Promise<{ items: TimelineEntry[] }> {
    const [events, record] = [await this.eventsOf(tenant, callId), await this.calls.find(tenant, callId)];
    if (record === undefined) throw noSuchCall(callId);
    return { items: timelineOf(events, record) };
  }

  @Get('attempts')
  async attempts(@Tenant() tenant: string, @Param('callId', CallIdPipe) callId: string): Promise<{ items: AttemptView[] }> {
    return { items: attemptsOf(await this.eventsOf(tenant, callId)) };
  }

  @Get('route')
  async route(@Tenant() tenant: string, @Param('callId', CallIdPipe) callId: string): Promise<{ items: DecidedRoute[] }> {
    const items = routesOf(await this.eventsOf(tenant, callId));
    if (items.length === 0) throw new CcError('missing', 'no-route-yet', 'No channel was chosen for this call; a call that was cancelled, or ran out of time, before its turn has no route');
    return { items };
  }

  private async eventsOf(tenant: string, callId: string): Promise<CallEvent[]> {
    const events = await this.calls.events(tenant, callId);
    if (events === undefined) throw noSuchCall(callId);
    return events;
  }
}
