import { Module } from '@nestjs/common';
import { CallEventsConsumer } from './in/call-events.consumer';
import { PartitionUpkeep } from './in/partition-upkeep';
import { PgCallRecords } from './out/pg-call-records';
import { RecordPartitions } from './out/record-partitions';

@Module({ controllers: [CallEventsConsumer], providers: [PgCallRecords, RecordPartitions, PartitionUpkeep] })
export class RecordStoreModule {}
