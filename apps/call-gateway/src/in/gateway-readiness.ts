import { Readiness } from '@cc/platform';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ChannelCatalogue } from '../out/channel-catalogue';

/** A gateway that knows no channel can place no call: it takes traffic once the router has announced one. */
@Injectable()
export class GatewayReadiness implements OnApplicationBootstrap {
  private known = false;

  constructor(
    private readonly readiness: Readiness,
    private readonly channels: ChannelCatalogue,
  ) {}

  onApplicationBootstrap(): void {
    this.readiness.add('channels', async () => {
      this.known ||= (await this.channels.all().catch(() => [])).length > 0;
      return this.known ? undefined : 'no channel was announced yet';
    });
  }
}
