import { NumberVault } from '@cc/kernel';
import { AliOssObjectStore, ObjectStore } from '@cc/object-store';
import { indexKeyOf, objectStoreOptions } from '@cc/platform';
import { Module } from '@nestjs/common';
import { CallGatewaySettings, keyRingOf } from './call-gateway.config';
import { KeyRing } from './domain/api-keys';
import { AttemptsController } from './in/attempts.controller';
import { BindingChanges } from './in/binding-changes';
import { BindingsController } from './in/bindings.controller';
import { BusinessesController } from './in/businesses.controller';
import { CallChanges } from './in/call-changes';
import { CallHistoryController } from './in/call-history.controller';
import { CallPlacement } from './in/call-placement';
import { CallRequests } from './in/call-requests';
import { CallsController } from './in/calls.controller';
import { ChannelsController } from './in/channels.controller';
import { GatewayReadiness } from './in/gateway-readiness';
import { DeadLettersController } from './in/dead-letters.controller';
import { OperatorAnswersConsumer } from './in/operator-answers.consumer';
import { OperatorOrders } from './in/operator-orders';
import { QueryModelConsumer } from './in/query-model.consumer';
import { RecordingsController } from './in/recordings.controller';
import { QuarantineController } from './in/quarantine.controller';
import { RecordsRebuildController } from './in/records-rebuild.controller';
import { RouteSimulationsConsumer } from './in/route-simulations.consumer';
import { RouteSimulationsController } from './in/route-simulations.controller';
import { RouterWords } from './in/router-words';
import { SimulationUpkeep } from './in/simulation-upkeep';
import { BindingCatalogue } from './out/binding-catalogue';
import { BusinessCatalogue } from './out/business-catalogue';
import { CallCatalogue } from './out/call-catalogue';
import { ChannelCatalogue } from './out/channel-catalogue';
import { DoubtCatalogue } from './out/doubt-catalogue';
import { OperatorAnswerCatalogue } from './out/operator-answer-catalogue';
import { RouterNews } from './out/router-news';
import { SimulationCatalogue } from './out/simulation-catalogue';

@Module({
  controllers: [
    CallsController,
    CallHistoryController,
    RecordingsController,
    BindingsController,
    BusinessesController,
    ChannelsController,
    RouteSimulationsController,
    AttemptsController,
    DeadLettersController,
    QuarantineController,
    RecordsRebuildController,
    QueryModelConsumer,
    OperatorAnswersConsumer,
    RouteSimulationsConsumer,
  ],
  providers: [
    BindingCatalogue,
    BindingChanges,
    BusinessCatalogue,
    CallCatalogue,
    ChannelCatalogue,
    CallRequests,
    CallPlacement,
    CallChanges,
    DoubtCatalogue,
    OperatorAnswerCatalogue,
    OperatorOrders,
    RouterNews,
    RouterWords,
    SimulationCatalogue,
    SimulationUpkeep,
    GatewayReadiness,
    { provide: KeyRing, inject: [CallGatewaySettings], useFactory: keyRingOf },
    { provide: NumberVault, inject: [CallGatewaySettings], useFactory: ({ values }: CallGatewaySettings) => new NumberVault(values.encryptionKey, indexKeyOf(values)) },
    { provide: ObjectStore, inject: [CallGatewaySettings], useFactory: ({ values }: CallGatewaySettings) => new AliOssObjectStore(objectStoreOptions(values)) },
  ],
})
export class CallGatewayModule {}
