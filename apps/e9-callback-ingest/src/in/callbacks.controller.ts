import { Clock, newId } from '@cc/kernel';
import { Controller, Post, Req, Res } from '@nestjs/common';
import type { RawNotification } from '@cc/vendors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { storedHeaders } from '../domain/received-callback';
import { CallbackStore } from '../out/callback-store';
import { Door, type Admitted } from './door';
import { DoorFigures } from './door-figures';

/** The vendors' door: what is sent to a known channel with its secret is on disk before the vendor gets its answer. */
@Controller('callbacks')
export class CallbacksController {
  constructor(
    private readonly door: Door,
    private readonly store: CallbackStore,
    private readonly clock: Clock,
    private readonly figures: DoorFigures,
  ) {}

  @Post(':channelId/:secret')
  async receive(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const admitted = this.door.admitted(request);
    await this.keep(admitted, request);
    const { status, contentType, body } = admitted.followUp.acknowledgement;
    await reply.status(status).header('content-type', contentType).send(body);
  }

  private async keep({ channel, followUp }: Admitted, request: FastifyRequest): Promise<void> {
    const raw: RawNotification = { kind: 'callback', headers: storedHeaders(request.raw.rawHeaders), body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0), receivedAt: this.clock.nowMs() };
    const verdict = followUp.verify(raw);
    await this.store.keep({
      id: newId('ntf'), channel: channel.id, receivedAt: raw.receivedAt, sourceAddress: request.ip,
      verdict: verdict.kind, ...(verdict.kind === 'forged' ? { verdictReason: verdict.reason } : {}), headers: raw.headers, body: raw.body.toString('base64'),
    });
    this.figures.stored(channel.id);
  }
}
