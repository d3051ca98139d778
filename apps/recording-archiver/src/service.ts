import { topics } from '@cc/contracts';
import { defineService } from '@cc/platform';
import { recordingArchiverMigrations } from './out/migrations';
import { RecordingArchiverModule } from './recording-archiver.module';
import { RecordingArchiverSettings } from './recording-archiver.config';

export const recordingArchiver = defineService({
  name: 'recording-archiver',
  defaultPort: 3006,
  module: RecordingArchiverModule,
  settings: RecordingArchiverSettings,
  consumes: [topics.callEvents.name],
  produces: [topics.callEvents.name],
  migrations: recordingArchiverMigrations,
  backends: 'database',
});
