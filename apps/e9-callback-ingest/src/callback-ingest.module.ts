import { Clock, Sealer } from '@cc/kernel';
import { channelsProviders, Ending } from '@cc/platform';
import { Module } from '@nestjs/common';
import { CallbackIngestSettings } from './callback-ingest.config';
import { Arrivals } from './in/arrivals';
import { CallbacksController } from './in/callbacks.controller';
import { Door } from './in/door';
import { DoorFigures } from './in/door-figures';
import { Replayer } from './in/replayer';
import { SpoolUpkeep } from './in/spool-upkeep';
import { StatsController } from './in/stats.controller';
import { CallbackStore } from './out/callback-store';
import { Spool } from './out/spool';
import { SpoolWatch } from './out/spool-watch';

const MEBIBYTE = 1024 * 1024;
const HOUR_MS = 3_600_000;

@Module({
  controllers: [CallbacksController, StatsController],
  providers: [
    Arrivals,
    Door,
    DoorFigures,
    Replayer,
    SpoolUpkeep,
    SpoolWatch,
    {
      provide: CallbackStore,
      inject: [CallbackIngestSettings, SpoolWatch, Ending, Clock],
      useFactory: openStore,
    },
    { provide: Sealer, inject: [CallbackIngestSettings], useFactory: ({ values }: CallbackIngestSettings) => new Sealer(values.encryptionKey, 'notifications') },
    ...channelsProviders(CallbackIngestSettings),
  ],
})
export class CallbackIngestModule {}

async function openStore({ values }: CallbackIngestSettings, watch: SpoolWatch, ending: Ending, clock: Clock): Promise<CallbackStore> {
  const spool = await Spool.open({
    directory: values.spoolDir, segmentBytes: values.segmentMegabytes * MEBIBYTE, waitingBytes: values.waitingMegabytes * MEBIBYTE, backlogBytes: values.backlogMegabytes * MEBIBYTE,
    reserveBytes: values.reserveMegabytes * MEBIBYTE, retentionMs: values.retentionHours * HOUR_MS, watch, nowMs: () => clock.nowMs(), onBroken: (reason) => ending.demand(reason),
  });
  return new CallbackStore(spool, values.encryptionKey);
}
