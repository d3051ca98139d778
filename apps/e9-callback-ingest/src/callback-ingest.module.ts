import { Sealer } from '@cc/kernel';
import { channelsProviders, Ending } from '@cc/platform';
import { Module } from '@nestjs/common';
import { CallbackIngestSettings } from './callback-ingest.config';
import { Arrivals } from './in/arrivals';
import { CallbacksController } from './in/callbacks.controller';
import { Door } from './in/door';
import { DoorFigures } from './in/door-figures';
import { Replayer } from './in/replayer';
import { CallbackStore } from './out/callback-store';
import { Spool } from './out/spool';
import { SpoolWatch } from './out/spool-watch';

@Module({
  controllers: [CallbacksController],
  providers: [
    Arrivals,
    Door,
    DoorFigures,
    Replayer,
    SpoolWatch,
    {
      provide: CallbackStore,
      inject: [CallbackIngestSettings, SpoolWatch, Ending],
      useFactory: openStore,
    },
    { provide: Sealer, inject: [CallbackIngestSettings], useFactory: ({ values }: CallbackIngestSettings) => new Sealer(values.encryptionKey, 'notifications') },
    ...channelsProviders(CallbackIngestSettings),
  ],
})
export class CallbackIngestModule {}

async function openStore({ values }: CallbackIngestSettings, watch: SpoolWatch, ending: Ending): Promise<CallbackStore> {
  const spool = await Spool.open({ directory: values.spoolDir, segmentBytes: values.segmentMegabytes * 1024 * 1024, watch, onBroken: (reason) => ending.demand(reason) });
  return new CallbackStore(spool, values.encryptionKey);
}
