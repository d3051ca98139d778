import { CcError } from '@cc/kernel';
import { ObjectStore } from '@cc/object-store';
import { Controller, Get, Param, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CallCatalogue } from '../out/call-catalogue';
import { ApiKeyGuard, Tenant } from './key.guard';
import { CallIdPipe, noSuchCall } from './call-id';

/** The archived audio, streamed from the object store. */
@Controller('v1/calls/:callId/recording')
@UseGuards(ApiKeyGuard)
export class RecordingsController {
  constructor(
    private readonly calls: CallCatalogue,
    private readonly objects: ObjectStore,
  ) {}

  @Get()
  async play(@Tenant() tenant: string, @Param('callId', CallIdPipe) callId: string, @Res() reply: FastifyReply): Promise<void> {
    const record = await this.calls.find(tenant, callId);
    if (record === undefined) throw noSuchCall(callId);
    const { object, status } = record.recording;
    if (object === undefined) throw new CcError('missing', 'no-recording', `There is no archived recording of this call; recordingStatus: ${status}`);
    const { stream, sizeBytes, contentType } = await this.objects.openRead(object);
    await reply.header('content-type', contentType).header('content-length', sizeBytes).header('cache-control', 'private, no-store').send(stream);
  }
}
