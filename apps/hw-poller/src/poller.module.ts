import { Sealer } from '@cc/kernel';
import { channelsProviders } from '@cc/platform';
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
    ...channelsProviders(PollerSettings),
  ],
})
export class PollerModule {}
