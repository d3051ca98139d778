import { Module } from '@nestjs/common';
import { CallEventsConsumer } from './in/call-events.consumer';
import { PartitionUpkeep } from './in/partition-upkeep';
import { RecordsRebuild } from './in/records-rebuild';
import { PgCallRecords } from './out/pg-call-records';
import { PgRecordRebuild } from './out/pg-record-rebuild';
import { RecordPartitions } from './out/record-partitions';

@Module({ controllers: [CallEventsConsumer], providers: [PgCallRecords, RecordPartitions, PartitionUpkeep, PgRecordRebuild, RecordsRebuild] })
export class RecordStoreModule {}
