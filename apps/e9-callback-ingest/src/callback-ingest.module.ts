import { Sealer } from '@cc/kernel';
import { channelsProviders } from '@cc/platform';
import { Module } from '@nestjs/common';
import { CallbackIngestSettings } from './callback-ingest.config';
import { Arrivals } from './in/arrivals';
import { CallbacksController } from './in/callbacks.controller';
import { Replayer, ReplayWatch } from './in/replayer';
import { CallbackStore } from './out/callback-store';
import { Spool } from './out/spool';

@Module({
  controllers: [CallbacksController],
  providers: [
    Arrivals,
    Replayer,
    ReplayWatch,
    {
      provide: CallbackStore,
      inject: [CallbackIngestSettings],
      useFactory: async ({ values }: CallbackIngestSettings) => new CallbackStore(await Spool.open({ directory: values.spoolDir, segmentBytes: values.segmentMegabytes * 1024 * 1024 }), values.encryptionKey),
    },
    { provide: Sealer, inject: [CallbackIngestSettings], useFactory: ({ values }: CallbackIngestSettings) => new Sealer(values.encryptionKey, 'notifications') },
    ...channelsProviders(CallbackIngestSettings),
  ],
})
export class CallbackIngestModule {}
