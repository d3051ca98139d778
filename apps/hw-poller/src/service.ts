import { topics } from '@cc/contracts';
import { defineService } from '@cc/platform';
import { PollerModule } from './poller.module';
import { PollerSettings } from './poller.config';
import { pollerMigrations } from './out/migrations';

export const poller = defineService({
  name: 'hw-poller',
  defaultPort: 3003,
  module: PollerModule,
  settings: PollerSettings,
  consumes: [topics.callEvents.name],
  produces: [topics.channelNotifications.name, topics.seatSessions.name],
  migrations: pollerMigrations,
  backends: 'database',
});
