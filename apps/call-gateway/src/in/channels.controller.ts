import { encodeChannelOverride, topics, type ChannelHealth, type ChannelOverride } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { CcError, Clock } from '@cc/kernel';
import { Body, Controller, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import type { Principal } from '../domain/api-keys';
import { channelsFor, withoutTenants } from '../domain/tenant-channels';
import { ChannelCatalogue } from '../out/channel-catalogue';
import { validBody } from './body-validation';
import { Caller, KeyGuard, Operator, OperatorKeyGuard } from './key.guard';
import { ReasonBody } from './operator.bodies';

/** The channels that calls can take: an application sees its tenant's, an operator all. */
@Controller('v1/channels')
export class ChannelsController {
  constructor(
    private readonly channels: ChannelCatalogue,
    private readonly eventLog: EventLog,
    private readonly clock: Clock,
  ) {}

  @Get()
  @UseGuards(KeyGuard)
  async list(@Caller() caller: Principal): Promise<{ items: ChannelHealth[] }> {
    const all = await this.channels.all();
    return { items: caller.kind === 'operator' ? all : channelsFor(caller.tenant, all).map(withoutTenants) };
  }

  @Get(':channel')
  @UseGuards(KeyGuard)
  async show(@Caller() caller: Principal, @Param('channel') channel: string): Promise<ChannelHealth> {
    const { items } = await this.list(caller);
    const found = items.find((candidate) => candidate.channel === channel);
    if (found === undefined) throw new CcError('missing', 'no-such-channel', `There is no channel ${channel.slice(0, 32)}`);
    return found;
  }

  /** No new calls; those that run go on. */
  @Post(':channel/drain')
  @HttpCode(202)
  @UseGuards(OperatorKeyGuard)
  drain(@Operator() operator: string, @Param('channel') channel: string, @Body() body: unknown): Promise<ChannelHealth> {
    return this.switch(operator, channel, 'drain', body);
  }

  /** As the router concludes. */
  @Post(':channel/resume')
  @HttpCode(202)
  @UseGuards(OperatorKeyGuard)
  resume(@Operator() operator: string, @Param('channel') channel: string, @Body() body: unknown): Promise<ChannelHealth> {
    return this.switch(operator, channel, 'none', body);
  }

  /** The record on the topic is the order and its audit at once; the channel is answered as the router last told it. */
  private async switch(name: string, channel: string, override: ChannelOverride['override'], body: unknown): Promise<ChannelHealth> {
    const { reason } = await validBody(ReasonBody, body);
    const found = await this.show({ kind: 'operator', name }, channel);
    await this.eventLog.append(topics.channelOverrides.name, [encodeChannelOverride({ channel, override, operator: name, reason, at: this.clock.nowMs() })]);
    return found;
  }
}
