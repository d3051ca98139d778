import { AxiosHttpExchange } from '@cc/http';
import { Clock } from '@cc/kernel';
import { Channels } from '@cc/vendors';
import { Module } from '@nestjs/common';
import { ChannelRouterSettings } from './channel-router.config';
import { CallCommandsConsumer } from './in/call-commands.consumer';
import { CallEventsConsumer } from './in/call-events.consumer';
import { Dialler, DiallerAmbience } from './in/dialler';
import { RouterBackends, RouterLoops } from './in/router-loops';
import { ChannelBook } from './out/channel-book';
import { PgCalls } from './out/pg-calls';

@Module({
  controllers: [CallCommandsConsumer, CallEventsConsumer],
  providers: [
    PgCalls,
    Dialler,
    DiallerAmbience,
    RouterBackends,
    RouterLoops,
    {
      provide: ChannelBook,
      inject: [ChannelRouterSettings, Clock],
      useFactory: ({ values }: ChannelRouterSettings, clock: Clock) => new ChannelBook(Channels.fromFile(values.channelsFile, { http: new AxiosHttpExchange(), clock }), values.encryptionKey),
    },
  ],
})
export class ChannelRouterModule {}
