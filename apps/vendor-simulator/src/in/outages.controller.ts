import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { Exchange } from '../domain/exchange';
import type { Outage } from '../domain/outages';
import { OutageRequest, outageFaults } from '../domain/script-request';
import { vendorNames, type VendorName } from '../domain/simulated-call';
import { parseBody } from './json-body';
import { vendorOf } from './vendor-name';

/** Faults of a vendor as a whole. */
@Controller('control/outages')
export class OutagesController {
  constructor(private readonly exchange: Exchange) {}

  /** Every vendor, with the outage that is on. */
  @Get()
  list(): { items: readonly { vendor: VendorName; outage: Outage | null }[] } {
    return { items: vendorNames.map((vendor) => ({ vendor, outage: this.exchange.outages.of(vendor) ?? null })) };
  }

  /** Begins an outage now; one that is on is replaced as a whole. */
  @Put(':vendor')
  begin(@Param('vendor') name: string, @Body() body: unknown): { vendor: VendorName; outage: Outage | null } {
    const vendor = vendorOf(name);
    const { dial, ...rest } = parseBody(OutageRequest, body, outageFaults);
    this.exchange.outages.begin(vendor, dial === undefined || dial === 'placed-normally' ? rest : { ...rest, dial });
    return { vendor, outage: this.exchange.outages.of(vendor) ?? null };
  }

  @Delete(':vendor')
  @HttpCode(204)
  end(@Param('vendor') name: string): void {
    this.exchange.outages.end(vendorOf(name));
  }
}
