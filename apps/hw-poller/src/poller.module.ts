import { AxiosHttpExchange } from '@cc/http';
import { Clock, Sealer } from '@cc/kernel';
import { Channels } from '@cc/vendors';
import { Module } from '@nestjs/common';
import { CallEventsConsumer } from './in/call-events.consumer';
import { PollAmbience, PollLoop } from './in/poll-loop';
import { PgPollTasks } from './out/pg-poll-tasks';
import { PollerSettings } from './poller.config';

@Module({
  controllers: [CallEventsConsumer],
  providers: [
    PgPollTasks,
    PollLoop,
    PollAmbience,
    { provide: Sealer, inject: [PollerSettings], useFactory: ({ values }: PollerSettings) => new Sealer(values.encryptionKey, 'notifications') },
    {
      provide: Channels,
      inject: [PollerSettings, Clock],
      useFactory: ({ values }: PollerSettings, clock: Clock) => Channels.fromFile(values.channelsFile, { http: new AxiosHttpExchange(), clock }),
    },
  ],
})
export class PollerModule {}
