import { topics } from '@cc/contracts';
import { defineService } from '@cc/platform';
import { CallbackIngestModule } from './callback-ingest.module';
import { CallbackIngestSettings } from './callback-ingest.config';

/** A push of VoiceCall brings up to 50 fees of about a kilobyte each, more with their addresses (rtc_05_0008). */
const BODY_LIMIT_BYTES = 256 * 1024;

export const callbackIngest = defineService({
  name: 'e9-callback-ingest',
  defaultPort: 3001,
  module: CallbackIngestModule,
  settings: CallbackIngestSettings,
  consumes: [],
  produces: [topics.channelNotifications.name],
  backends: 'event-log',
  rawBodies: true,
  bodyLimitBytes: BODY_LIMIT_BYTES,
});
