import { CcError } from '@cc/kernel';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Channels, type CallbackFollowUp, type Channel } from '@cc/vendors';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DoorFigures } from './door-figures';

/** Whose callback a request is. */
export interface Admitted {
  readonly channel: Channel;
  readonly followUp: CallbackFollowUp;
}

const ADDRESS = '/callbacks/:channelId/:secret';
const Address = z.object({ channelId: z.string(), secret: z.string() });

/** Looks at a callback's address before its body is read: who does not know the secret of a channel takes no memory. */
@Injectable()
export class Door implements OnModuleInit {
  private readonly admissions = new WeakMap<FastifyRequest, Admitted>();

  constructor(
    private readonly adapterHost: HttpAdapterHost<FastifyAdapter>,
    private readonly channels: Channels,
    private readonly figures: DoorFigures,
  ) {}

  onModuleInit(): void {
    const fastify = this.adapterHost.httpAdapter.getInstance();
    fastify.addHook('onRequest', (request, _reply, done) => done(request.routeOptions.url === ADDRESS ? this.admit(request) : undefined));
    fastify.addHook('onError', (request, _reply, error, done) => {
      const admitted = this.admissions.get(request);
      if (error.statusCode === 413 && admitted !== undefined) this.figures.refused('body-too-large', admitted.channel.id, request.ip);
      done();
    });
  }

  /** Of a request that has come as far as its controller. */
  admitted(request: FastifyRequest): Admitted {
    const admitted = this.admissions.get(request);
    if (admitted === undefined) throw noSuchAddress();
    return admitted;
  }

  private admit(request: FastifyRequest): Error | undefined {
    const { channelId, secret } = Address.parse(request.params);
    const open = this.channels.find(channelId);
    if (open?.adapter.callbacks === undefined) return this.refuse('unknown-channel', channelId, request);
    if (!open.channel.callbackSecrets.some((known) => known.equals(secret))) return this.refuse('wrong-secret', channelId, request);
    this.admissions.set(request, { channel: open.channel, followUp: open.adapter.callbacks });
    this.figures.received(channelId);
    return undefined;
  }

  /** Who guesses does not learn which part was wrong. */
  private refuse(reason: 'unknown-channel' | 'wrong-secret', channelId: string, request: FastifyRequest): Error {
    this.figures.refused(reason, channelId, request.ip);
    return noSuchAddress();
  }
}

const noSuchAddress = (): Error => new CcError('missing', 'no-such-callback-address', 'There is no such callback address');
