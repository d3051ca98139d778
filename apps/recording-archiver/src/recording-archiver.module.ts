import { AxiosHttpExchange, HttpExchange } from '@cc/http';
import { AliOssObjectStore, ObjectStore } from '@cc/object-store';
import { channelsProviders, objectStoreOptions } from '@cc/platform';
import { Channels } from '@cc/vendors';
import { Module } from '@nestjs/common';
import { ArchiveAmbience, ArchiveLoop } from './in/archive-loop';
import { CallEventsConsumer } from './in/call-events.consumer';
import { PgArchiveTasks } from './out/pg-archive-tasks';
import { RecordingTransfer } from './out/recording-transfer';
import { RecordingArchiverSettings } from './recording-archiver.config';

const BYTES_PER_MEGABYTE = 1024 * 1024;

@Module({
  controllers: [CallEventsConsumer],
  providers: [
    PgArchiveTasks,
    ArchiveLoop,
    ArchiveAmbience,
    { provide: HttpExchange, useFactory: () => new AxiosHttpExchange() },
    { provide: ObjectStore, inject: [RecordingArchiverSettings], useFactory: ({ values }: RecordingArchiverSettings) => new AliOssObjectStore(objectStoreOptions(values)) },
    ...channelsProviders(RecordingArchiverSettings),
    {
      provide: RecordingTransfer,
      inject: [RecordingArchiverSettings, Channels, HttpExchange, ObjectStore],
      useFactory: ({ values }: RecordingArchiverSettings, channels: Channels, http: HttpExchange, objects: ObjectStore) =>
        new RecordingTransfer(channels, http, objects, { downloadMs: values.downloadSeconds * 1000, maxBytes: values.maxMegabytes * BYTES_PER_MEGABYTE, temporaryDir: values.temporaryDir }),
    },
  ],
})
export class RecordingArchiverModule {}
