import { topics } from '@cc/contracts';
import { defineService } from '@cc/platform';
import { ChannelRouterModule } from './channel-router.module';
import { ChannelRouterSettings } from './channel-router.config';
import { channelRouterMigrations } from './out/migrations';

export const channelRouter = defineService({
  name: 'channel-router',
  defaultPort: 3002,
  module: ChannelRouterModule,
  settings: ChannelRouterSettings,
  consumes: [topics.callCommands.name, topics.callEvents.name, topics.bindings.name, topics.channelOverrides.name, topics.seatSessions.name],
  produces: [topics.callEvents.name, topics.channelNotifications.name, topics.channelHealth.name, topics.routeSimulations.name],
  migrations: channelRouterMigrations,
  backends: 'database',
});
