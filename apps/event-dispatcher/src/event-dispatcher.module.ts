import { Sealer } from '@cc/kernel';
import { channelsProviders } from '@cc/platform';
import { Module } from '@nestjs/common';
import { EventDispatcherSettings } from './event-dispatcher.config';
import { CallEventsConsumer } from './in/call-events.consumer';
import { Dispatcher, DispatchWatch } from './in/dispatcher';
import { NotificationsConsumer } from './in/notifications.consumer';
import { PendingUpkeep } from './in/pending-upkeep';
import { SeatCalls } from './in/seat-calls';
import { Translator } from './in/translator';
import { UnknownCodes } from './in/unknown-codes';
import { PgCorrelation } from './out/pg-correlation';
import { PgSeatAttempts } from './out/pg-seat-attempts';

@Module({
  controllers: [NotificationsConsumer, CallEventsConsumer],
  providers: [
    PgCorrelation,
    PgSeatAttempts,
    SeatCalls,
    Dispatcher,
    DispatchWatch,
    Translator,
    UnknownCodes,
    PendingUpkeep,
    { provide: Sealer, inject: [EventDispatcherSettings], useFactory: ({ values }: EventDispatcherSettings) => new Sealer(values.encryptionKey, 'notifications') },
    ...channelsProviders(EventDispatcherSettings),
  ],
})
export class EventDispatcherModule {}
