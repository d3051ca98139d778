import { Clock } from '@cc/kernel';
import { Channels } from '@cc/vendors';
import { Controller, ForbiddenException, Get, Headers, Res, UnauthorizedException } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CallbackIngestSettings } from '../callback-ingest.config';
import { DoorFigures } from './door-figures';

/** For operators: what came to the door of this process since its start, by channel. */
@Controller('callbacks')
export class StatsController {
  constructor(
    private readonly figures: DoorFigures,
    private readonly channels: Channels,
    private readonly settings: CallbackIngestSettings,
    private readonly clock: Clock,
  ) {}

  @Get('stats')
  async stats(@Headers('authorization') authorization: string | undefined, @Res() reply: FastifyReply): Promise<void> {
    this.admit(authorization, reply);
    const nowMs = this.clock.nowMs();
    const calledBack = this.channels.all().filter(({ adapter }) => adapter.callbacks !== undefined).map(({ channel: { id } }) => id);
    const ids = [...new Set([...calledBack, ...this.figures.knownChannels()])].sort();
    await reply.send({ since: this.figures.since, refused: this.figures.refusals(), channels: ids.map((channel) => ({ channel, ...this.figures.ofChannel(channel, nowMs) })) });
  }

  private admit(authorization: string | undefined, reply: FastifyReply): void {
    const key = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    if (key === undefined) {
      void reply.header('www-authenticate', 'Bearer');
      throw new UnauthorizedException("Send an operator's key as `Authorization: Bearer <key>`");
    }
    if (this.settings.values.operatorKeys.nameOf(key) === undefined) throw new ForbiddenException("This needs an operator's key (CC_E9_CALLBACK_INGEST_OPERATOR_KEYS)");
  }
}
