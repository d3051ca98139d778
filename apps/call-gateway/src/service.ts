import { topics } from '@cc/contracts';
import { defineService } from '@cc/platform';
import { CallGatewayModule } from './call-gateway.module';
import { CallGatewaySettings } from './call-gateway.config';
import { callGatewayMigrations } from './out/migrations';

export const callGateway = defineService({
  name: 'call-gateway',
  defaultPort: 3000,
  module: CallGatewayModule,
  settings: CallGatewaySettings,
  consumes: [topics.callRecords.name, topics.callEvents.name, topics.channelHealth.name, topics.routeSimulations.name, topics.operatorAnswers.name],
  produces: [topics.callCommands.name, topics.callEvents.name, topics.bindings.name, topics.channelOverrides.name, topics.operatorCommands.name],
  migrations: callGatewayMigrations,
  backends: 'database',
});
