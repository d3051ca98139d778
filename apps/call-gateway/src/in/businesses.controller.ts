import { CcError, defined } from '@cc/kernel';
import { InvalidRequest, type FieldFault } from '@cc/platform';
import { Body, Controller, Get, HttpCode, Param, Put, Query, UseGuards } from '@nestjs/common';
import { businessView, type Business, type BusinessView } from '../domain/business';
import { namingFault } from '../domain/tenant-channels';
import { BusinessCatalogue } from '../out/business-catalogue';
import { ChannelCatalogue } from '../out/channel-catalogue';
import type { Page } from '../out/page';
import { ApiKeyGuard, Tenant } from './key.guard';
import { ApplicationIdPipe } from './application-id';
import { checkBody } from './body-validation';
import { BusinessBody } from './business.body';
import { parsePageQuery } from './queries';

const businessId = new ApplicationIdPipe('business');

/** What the calls of a business carry, and which channels they may take. */
@Controller('v1/businesses')
@UseGuards(ApiKeyGuard)
export class BusinessesController {
  constructor(
    private readonly businesses: BusinessCatalogue,
    private readonly channels: ChannelCatalogue,
  ) {}

  @Put(':business')
  @HttpCode(200)
  async put(@Tenant() tenant: string, @Param('business', businessId) business: string, @Body() raw: unknown): Promise<BusinessView> {
    const { body, faults } = await checkBody(BusinessBody, raw);
    const all = [...faults, ...(faults.some(({ pointer }) => pointer === '/channels') ? [] : await this.channelFaults(tenant, body.channels ?? []))];
    if (all.length > 0) throw new InvalidRequest(all);
    const settings = settingsOf(body);
    await this.businesses.save(tenant, business, settings);
    return businessView(business, settings);
  }

  @Get(':business')
  async show(@Tenant() tenant: string, @Param('business', businessId) business: string): Promise<BusinessView> {
    const settings = await this.businesses.find(tenant, business);
    if (settings === undefined) throw new CcError('missing', 'no-such-business', `Nothing is set for a business ${business}`);
    return businessView(business, settings);
  }

  @Get()
  async list(@Tenant() tenant: string, @Query() query: Record<string, string>): Promise<Page<BusinessView>> {
    const { items, ...more } = await this.businesses.page(tenant, parsePageQuery(query, 'business'));
    return { items: items.map(({ business, settings }) => businessView(business, settings)), ...more };
  }

  private async channelFaults(tenant: string, channels: readonly string[]): Promise<FieldFault[]> {
    if (channels.length === 0) return [];
    const mine = await this.channels.of(tenant);
    return channels.flatMap((channel, index) => {
      const detail = namingFault(channel, mine);
      return detail === undefined ? [] : [{ pointer: `/channels/${index}`, detail }];
    });
  }
}

function settingsOf({ mainNumber, extension, displayPolicy, channels }: BusinessBody): Business {
  return defined({ mainNum: mainNumber, extNum: extension, displayPolicy, channels });
}
