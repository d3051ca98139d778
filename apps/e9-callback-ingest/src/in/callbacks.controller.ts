import { Controller, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { storedHeaders } from '../domain/received-callback';
import { CallbackStore } from '../out/callback-store';
import { Arrivals } from './arrivals';
import { Door, type Admitted } from './door';
import { DoorFigures } from './door-figures';

/** The vendors' door: what is sent to a known channel with its secret is on disk before the vendor gets its answer. */
@Controller('callbacks')
export class CallbacksController {
  constructor(
    private readonly door: Door,
    private readonly store: CallbackStore,
    private readonly arrivals: Arrivals,
    private readonly figures: DoorFigures,
  ) {}

  @Post(':channelId/:secret')
  async receive(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const admitted = this.door.admitted(request);
    await this.keep(admitted, request);
    const { status, contentType, body } = admitted.acknowledgement;
    await reply.status(status).header('content-type', contentType).send(body);
  }

  /** Nothing of it is looked at here: the answer waits for the disk alone. */
  private async keep({ channel, sourceAddress }: Admitted, request: FastifyRequest): Promise<void> {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const arrival = this.arrivals.of(request, { channel, sourceAddress, body });
    await this.store.keep({ ...arrival, channel, headers: storedHeaders(request.raw.rawHeaders), body: body.toString('base64') });
    this.figures.stored(channel);
  }
}
