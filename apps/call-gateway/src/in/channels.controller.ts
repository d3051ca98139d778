import type { ChannelHealth } from '@cc/contracts';
import { CcError } from '@cc/kernel';
import { Controller, Get, Param, UseGuards } from '@nestjs/common';
import { channelsFor, withoutTenants } from '../domain/tenant-channels';
import { ChannelCatalogue } from '../out/channel-catalogue';
import { ApiKeyGuard, Tenant } from './api-key.guard';

/** The channels that calls can take. */
@Controller('v1/channels')
@UseGuards(ApiKeyGuard)
export class ChannelsController {
  constructor(private readonly channels: ChannelCatalogue) {}

  @Get()
  async list(@Tenant() tenant: string): Promise<{ items: ChannelHealth[] }> {
    return { items: channelsFor(tenant, await this.channels.all()).map(withoutTenants) };
  }

  @Get(':channel')
  async show(@Tenant() tenant: string, @Param('channel') channel: string): Promise<ChannelHealth> {
    const { items } = await this.list(tenant);
    const found = items.find((candidate) => candidate.channel === channel);
    if (found === undefined) throw new CcError('missing', 'no-such-channel', `There is no channel ${channel.slice(0, 32)}`);
    return found;
  }
}
