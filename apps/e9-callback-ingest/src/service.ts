import { topics } from '@cc/contracts';
import { defineService } from '@cc/platform';
import { CallbackIngestModule } from './callback-ingest.module';
import { CallbackIngestSettings } from './callback-ingest.config';

export const callbackIngest = defineService({
  name: 'e9-callback-ingest',
  defaultPort: 3001,
  module: CallbackIngestModule,
  settings: CallbackIngestSettings,
  consumes: [],
  produces: [topics.channelNotifications.name],
  backends: 'event-log',
  rawBodies: true,
  httpLimits: ({ values }: CallbackIngestSettings) => ({
    bodyBytes: values.bodyLimitKib * 1024,
    headerBytes: values.headerLimitKib * 1024,
    headersSeconds: values.headersSeconds,
    requestSeconds: values.requestSeconds,
    connections: values.connections,
  }),
});
