import { CcError } from '@cc/kernel';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Channels, type HttpReply } from '@cc/vendors';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CallbackIngestSettings } from '../callback-ingest.config';
import { sourceOf } from '../domain/source-address';
import { DoorFigures } from './door-figures';

/** Whose callback a request is. */
export interface Admitted {
  /** Its id. */
  readonly channel: string;
  readonly sourceAddress: string;
  readonly acknowledgement: HttpReply;
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
    private readonly settings: CallbackIngestSettings,
  ) {}

  onModuleInit(): void {
    const fastify = this.adapterHost.httpAdapter.getInstance();
    fastify.addHook('onRequest', (request, _reply, done) => done(request.routeOptions.url === ADDRESS ? this.admit(request) : undefined));
    fastify.addHook('onError', (request, _reply, error, done) => {
      const admitted = this.admissions.get(request);
      if (error.statusCode === 413 && admitted !== undefined) this.figures.refused('body-too-large', admitted.channel, admitted.sourceAddress);
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
    const sourceAddress = this.sourceOf(request);
    const open = this.channels.find(channelId);
    if (open?.adapter.callbacks === undefined) return this.refuse('unknown-channel', channelId, sourceAddress);
    if (!open.channel.callbackSecrets.some((known) => known.equals(secret))) return this.refuse('wrong-secret', channelId, sourceAddress);
    this.admissions.set(request, { channel: channelId, sourceAddress, acknowledgement: open.adapter.callbacks.acknowledgement });
    this.figures.received(channelId);
    return undefined;
  }

  /** Who guesses does not learn which part was wrong. */
  private refuse(reason: 'unknown-channel' | 'wrong-secret', channelId: string, sourceAddress: string): Error {
    this.figures.refused(reason, channelId, sourceAddress);
    return noSuchAddress();
  }

  private sourceOf({ raw: { socket, headers } }: FastifyRequest): string {
    const forwardedFor = headers['x-forwarded-for'];
    return sourceOf(socket.remoteAddress ?? '', typeof forwardedFor === 'string' ? forwardedFor : forwardedFor?.join(','), this.settings.values.trustedProxies);
  }
}

const noSuchAddress = (): Error => new CcError('missing', 'no-such-callback-address', 'There is no such callback address');
