import { Sealer } from '@cc/kernel';
import { channelsProviders } from '@cc/platform';
import { Module } from '@nestjs/common';
import { CallEventsConsumer } from './in/call-events.consumer';
import { PollAmbience } from './in/poll-ambience';
import { PollLoop } from './in/poll-loop';
import { SeatKeeper } from './in/seat-keeper';
import { SeatSessions } from './in/seat-sessions';
import { SeatWatches } from './in/seat-watches';
import { PgPollTasks } from './out/pg-poll-tasks';
import { PgSeats } from './out/pg-seats';
import { PollerSettings } from './poller.config';

@Module({
  controllers: [CallEventsConsumer],
  providers: [
    PgPollTasks,
    PollLoop,
    PollAmbience,
    PgSeats,
    SeatSessions,
    SeatWatches,
    SeatKeeper,
    { provide: Sealer, inject: [PollerSettings], useFactory: ({ values }: PollerSettings) => new Sealer(values.encryptionKey, 'notifications') },
    ...channelsProviders(PollerSettings),
  ],
})
export class PollerModule {}
