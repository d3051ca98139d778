import { Sealer } from '@cc/kernel';
import { channelsProviders } from '@cc/platform';
import { Module } from '@nestjs/common';
import { EventDispatcherSettings } from './event-dispatcher.config';
import { CallEventsConsumer } from './in/call-events.consumer';
import { Delivery } from './in/delivery';
import { Dispatcher, DispatchWatch } from './in/dispatcher';
import { NotificationsConsumer } from './in/notifications.consumer';
import { PendingUpkeep } from './in/pending-upkeep';
import { Quarantine, QuarantineWatch } from './in/quarantine';
import { QuarantineOrders } from './in/quarantine-orders';
import { QuarantineGauge, QuarantineUpkeep } from './in/quarantine-upkeep';
import { SeatCalls } from './in/seat-calls';
import { Translator } from './in/translator';
import { UnknownCodes } from './in/unknown-codes';
import { UnknownCodesUpkeep } from './in/unknown-codes-upkeep';
import { PgCorrelation } from './out/pg-correlation';
import { PgQuarantine } from './out/pg-quarantine';
import { PgSeatAttempts } from './out/pg-seat-attempts';
import { PgUnknownCodes } from './out/pg-unknown-codes';

@Module({
  controllers: [NotificationsConsumer, CallEventsConsumer],
  providers: [
    PgCorrelation,
    PgQuarantine,
    PgSeatAttempts,
    PgUnknownCodes,
    SeatCalls,
    Delivery,
    Dispatcher,
    DispatchWatch,
    Translator,
    UnknownCodes,
    UnknownCodesUpkeep,
    PendingUpkeep,
    Quarantine,
    QuarantineOrders,
    QuarantineWatch,
    QuarantineGauge,
    QuarantineUpkeep,
    { provide: Sealer, inject: [EventDispatcherSettings], useFactory: ({ values }: EventDispatcherSettings) => new Sealer(values.encryptionKey, 'notifications') },
    ...channelsProviders(EventDispatcherSettings),
  ],
})
export class EventDispatcherModule {}
