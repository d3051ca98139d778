import { topics } from '@cc/contracts';
import { defineService } from '@cc/platform';
import { recordStoreMigrations } from './out/migrations';
import { RecordStoreSettings } from './record-store.config';
import { RecordStoreModule } from './record-store.module';

export const recordStore = defineService({
  name: 'record-store',
  defaultPort: 3005,
  module: RecordStoreModule,
  settings: RecordStoreSettings,
  consumes: [topics.callEvents.name],
  produces: [topics.callRecords.name],
  migrations: recordStoreMigrations,
  backends: 'database',
});
