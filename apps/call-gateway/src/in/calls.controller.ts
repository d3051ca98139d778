import { DetailedError, InvalidRequest } from '@cc/platform';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CallGatewaySettings } from '../call-gateway.config';
import { viewOf, type CallView } from '../domain/call-view';
import { CallCatalogue } from '../out/call-catalogue';
import type { Page } from '../out/page';
import { CallPlacement } from './call-placement';
import { ApiKeyGuard, Tenant } from './key.guard';
import { CallChanges } from './call-changes';
import { CallIdPipe, noSuchCall } from './call-id';
import { parseListQuery, parseWaitQuery } from './queries';
import { RouterWords } from './router-words';

/** The calls of a tenant: place, read, follow, cancel. */
@Controller('v1/calls')
@UseGuards(ApiKeyGuard)
export class CallsController {
  constructor(
    private readonly placement: CallPlacement,
    private readonly calls: CallCatalogue,
    private readonly changes: CallChanges,
    private readonly router: RouterWords,
    private readonly settings: CallGatewaySettings,
  ) {}

  @Post()
  @HttpCode(202)
  async place(@Tenant() tenant: string, @Body() body: unknown, @Headers('idempotency-key') key: string | undefined, @Res({ passthrough: true }) reply: FastifyReply): Promise<CallView> {
    const { record, replayed } = await this.placement.place(tenant, body, parseKey(key));
    void reply.header('location', `/v1/calls/${record.callId}`);
    if (replayed) void reply.header('idempotent-replayed', 'true');
    if (isRefusedWhenBusy(body)) await this.refuseWhileBusy(tenant, record.callId);
    return viewOf(record);
  }

  /** Says it in the answer when the router refuses the call for its line within the time that the answer may wait. */
  private async refuseWhileBusy(tenant: string, callId: string): Promise<void> {
    const word = await this.router.firstWord(tenant, callId, this.settings.values.busyAnswerSeconds * 1000);
    if (word !== 'line-busy') return;
    throw new DetailedError('conflict', 'line-busy', 'The line has another call, and this one was closed undialled, as whenBusy: reject wishes; with whenBusy: wait a call is kept until its line is free or its notAfterSeconds are over', { callId });
  }

  @Get()
  async list(@Tenant() tenant: string, @Query() query: Record<string, string>): Promise<Page<CallView>> {
    const { items, ...more } = await this.calls.page(tenant, parseListQuery(query));
    return { items: items.map(viewOf), ...more };
  }

  @Get(':callId')
  async show(@Tenant() tenant: string, @Param('callId', CallIdPipe) callId: string, @Query() query: Record<string, string>): Promise<CallView> {
    const { waitMs, afterVersion } = parseWaitQuery(query);
    const record = await this.changes.recordAfter(tenant, callId, afterVersion, waitMs);
    if (record === undefined) throw noSuchCall(callId);
    return viewOf(record);
  }

  @Post(':callId/cancel')
  @HttpCode(202)
  async cancel(@Tenant() tenant: string, @Param('callId', CallIdPipe) callId: string): Promise<CallView> {
    const record = await this.placement.cancel(tenant, callId);
    if (record === undefined) throw noSuchCall(callId);
    return viewOf(record);
  }
}

/** Of a body that was checked, now or at its first use. */
const isRefusedWhenBusy = (body: unknown): boolean => typeof body === 'object' && body !== null && 'whenBusy' in body && body.whenBusy === 'reject';

function parseKey(key: string | undefined): string | undefined {
  if (key !== undefined && !/^[\x21-\x7e]{1,255}$/.test(key)) throw new InvalidRequest([{ pointer: '', detail: 'the header Idempotency-Key must be 1 to 255 visible ASCII characters' }]);
  return key;
}
