import type { ChannelHealth } from '@cc/contracts';
import { CcError } from '@cc/kernel';
import { Body, Controller, Get, HttpCode, Param, Put, UseGuards } from '@nestjs/common';
import { CallCatalogue, type BusinessNumbers } from '../out/call-catalogue';
import { ChannelCatalogue } from '../out/channel-catalogue';
import { ApiKeyGuard, Tenant } from './api-key.guard';
import { validBody } from './body-validation';
import { BusinessBody } from './place-call.body';

/** The channels that calls can take. */
@Controller('v1/channels')
@UseGuards(ApiKeyGuard)
export class ChannelsController {
  constructor(private readonly channels: ChannelCatalogue) {}

  @Get()
  async list(): Promise<{ items: ChannelHealth[] }> {
    return { items: await this.channels.all() };
  }

  @Get(':channel')
  async show(@Param('channel') channel: string): Promise<ChannelHealth> {
    const found = (await this.channels.all()).find((candidate) => candidate.channel === channel);
    if (found === undefined) throw new CcError('missing', 'no-such-channel', `There is no channel ${channel.slice(0, 32)}`);
    return found;
  }
}

/** The 400 number and extension under which a business calls. */
@Controller('v1/businesses')
@UseGuards(ApiKeyGuard)
export class BusinessesController {
  constructor(private readonly calls: CallCatalogue) {}

  @Put(':business')
  @HttpCode(200)
  async put(@Tenant() tenant: string, @Param('business') business: string, @Body() raw: unknown): Promise<BusinessBody> {
    if (!/^[\p{L}\p{N}._@:-]{1,64}$/u.test(business)) throw new CcError('input', 'invalid-business', 'The id of a business consists of 1 to 64 letters, digits and . _ @ : -');
    const body = await validBody(BusinessBody, raw);
    const numbers: BusinessNumbers = { ...(body.mainNumber === undefined ? {} : { mainNum: body.mainNumber }), ...(body.extension === undefined ? {} : { extNum: body.extension }) };
    await this.calls.saveBusiness(tenant, business, numbers);
    return body;
  }
}
