import { CcError, Log, Metrics } from '@cc/kernel';
import { Controller, Param, Post, Req, Res } from '@nestjs/common';
import type { CallbackFollowUp, OpenChannel, RawNotification } from '@cc/vendors';
import { Channels } from '@cc/vendors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { storedHeaders } from '../domain/received-callback';
import { CallbackStore } from '../out/callback-store';
import { Arrivals } from './arrivals';

/** The vendors' door: what is sent to a known channel with its secret is on disk before the vendor gets its answer. */
@Controller('callbacks')
export class CallbacksController {
  constructor(
    private readonly channels: Channels,
    private readonly store: CallbackStore,
    private readonly arrivals: Arrivals,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  @Post(':channelId/:secret')
  async receive(@Param('channelId') channelId: string, @Param('secret') secret: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const open = this.channels.find(channelId);
    if (open === undefined || !open.channel.callbackSecrets.some((known) => known.equals(secret)) || open.adapter.callbacks === undefined) {
      this.metrics.counter('cc_callbacks_refused_total', 'Callbacks to an unknown channel or with a wrong secret').add();
      this.log.warn('callback refused', { channel: channelId.slice(0, 32), sourceAddress: request.ip });
      throw new CcError('missing', 'no-such-callback-address', 'There is no such callback address');
    }
    await this.keep(open, open.adapter.callbacks, request);
    const { acknowledgement } = open.adapter.callbacks;
    await reply.status(acknowledgement.status).header('content-type', acknowledgement.contentType).send(acknowledgement.body);
  }

  private async keep({ channel }: OpenChannel, followUp: CallbackFollowUp, request: FastifyRequest): Promise<void> {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const { id, receivedAt, sourceAddress } = this.arrivals.of(request, channel.id, body);
    const raw: RawNotification = { kind: 'callback', headers: storedHeaders(request.headers), body, receivedAt };
    const verdict = followUp.verify(raw);
    await this.store.keep({
      id, channel: channel.id, receivedAt, sourceAddress,
      verdict: verdict.kind, ...(verdict.kind === 'forged' ? { verdictReason: verdict.reason } : {}), headers: raw.headers, body: body.toString('base64'),
    });
    this.metrics.counter('cc_callbacks_stored_total', 'Callbacks that are on disk', ['channel']).add(1, { channel: channel.id });
  }
}
