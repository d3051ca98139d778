import { Clock } from '@cc/kernel';
import { channelsProviders } from '@cc/platform';
import { Module } from '@nestjs/common';
import { ChannelRouterSettings } from './channel-router.config';
import { Router } from './domain/router';
import { CallCommandsConsumer } from './in/call-commands.consumer';
import { CallEventsConsumer } from './in/call-events.consumer';
import { DirectoryConsumer } from './in/directory.consumer';
import { RouterLoops } from './in/router-loops';
import { LoggingRouterWatch } from './in/logging-router-watch';
import { PgLedger } from './out/pg-ledger';
import { VendorCarriers } from './out/vendor-carriers';

@Module({
  controllers: [CallCommandsConsumer, CallEventsConsumer, DirectoryConsumer],
  providers: [
    PgLedger,
    VendorCarriers,
    LoggingRouterWatch,
    RouterLoops,
    ...channelsProviders(ChannelRouterSettings),
    {
      provide: Router,
      inject: [PgLedger, VendorCarriers, Clock, ChannelRouterSettings, LoggingRouterWatch],
      useFactory: (ledger: PgLedger, carriers: VendorCarriers, clock: Clock, { values }: ChannelRouterSettings, watch: LoggingRouterWatch) => new Router(ledger, carriers, clock, values, watch),
    },
  ],
})
export class ChannelRouterModule {}
