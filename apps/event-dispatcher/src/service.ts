import { topics } from '@cc/contracts';
import { defineService } from '@cc/platform';
import { EventDispatcherModule } from './event-dispatcher.module';
import { EventDispatcherSettings } from './event-dispatcher.config';
import { eventDispatcherMigrations } from './out/migrations';

export const eventDispatcher = defineService({
  name: 'event-dispatcher',
  defaultPort: 3004,
  module: EventDispatcherModule,
  settings: EventDispatcherSettings,
  consumes: [topics.channelNotifications.name, topics.callEvents.name],
  produces: [topics.callEvents.name],
  migrations: eventDispatcherMigrations,
  backends: 'database',
});
