import { Clock } from '@cc/kernel';
import { Channels } from '@cc/vendors';
import { Controller, Get, Headers, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CallbackIngestSettings } from '../callback-ingest.config';
import { DoorFigures } from './door-figures';
import { admitOperator, bearerKeyOf } from './operator-admission';

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
    const key = bearerKeyOf(authorization);
    if (key === undefined) void reply.header('www-authenticate', 'Bearer');
    admitOperator(key, this.settings.values.operatorKeys, "Send an operator's key as `Authorization: Bearer <key>`");
    const nowMs = this.clock.nowMs();
    const calledBack = this.channels.all().filter(({ adapter }) => adapter.callbacks !== undefined).map(({ channel: { id } }) => id);
    const ids = [...new Set([...calledBack, ...this.figures.knownChannels()])].sort();
    await reply.send({ since: this.figures.since, refused: this.figures.refusals(), channels: ids.map((channel) => ({ channel, ...this.figures.ofChannel(channel, nowMs) })) });
  }
}
