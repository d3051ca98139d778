import { InvalidRequest } from '@cc/platform';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { viewOf, type CallView } from '../domain/call-view';
import { CallCatalogue } from '../out/call-catalogue';
import { CallPlacement } from './call-placement';
import { ApiKeyGuard, Tenant } from './api-key.guard';
import { CallChanges } from './call-changes';
import { CallIdPipe, noSuchCall } from './call-id';
import { parseListQuery, parseWaitQuery } from './queries';

/** The calls of a tenant: place, read, follow, cancel. */
@Controller('v1/calls')
@UseGuards(ApiKeyGuard)
export class CallsController {
  constructor(
    private readonly placement: CallPlacement,
    private readonly calls: CallCatalogue,
    private readonly changes: CallChanges,
  ) {}

  @Post()
  @HttpCode(202)
  async place(@Tenant() tenant: string, @Body() body: unknown, @Headers('idempotency-key') key: string | undefined, @Res({ passthrough: true }) reply: FastifyReply): Promise<CallView> {
    const { record, replayed } = await this.placement.place(tenant, body, parseKey(key));
    void reply.header('location', `/v1/calls/${record.callId}`);
    if (replayed) void reply.header('idempotent-replayed', 'true');
    return viewOf(record);
  }

  @Get()
  async list(@Tenant() tenant: string, @Query() query: Record<string, string>): Promise<{ items: CallView[]; nextPageToken?: string }> {
    const { records, nextPageToken } = await this.calls.page(tenant, parseListQuery(query));
    return { items: records.map(viewOf), ...(nextPageToken === undefined ? {} : { nextPageToken }) };
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

function parseKey(key: string | undefined): string | undefined {
  if (key !== undefined && !/^[\x21-\x7e]{1,255}$/.test(key)) throw new InvalidRequest([{ pointer: '', detail: 'the header Idempotency-Key must be 1 to 255 visible ASCII characters' }]);
  return key;
}
