import { Clock, Log, Metrics, SystemClock } from '@cc/kernel';
import { EventLog } from '@cc/event-log';
import { Database } from '@cc/postgres';
import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { Ending } from './ending';
import { OperatorCommandsConsumer } from './operator-commands.consumer';
import { OperatorDesk } from './operator-desk';
import { ProbesController } from './probes.controller';
import { Readiness } from './readiness';
import { RefusedRequests } from './refused-requests';

/** What the runner hands to a service. */
export interface ServiceContext {
  readonly service: Type;
  readonly settings: object;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly ending: Ending;
  readonly refused: RefusedRequests;
  readonly database?: Database;
  readonly eventLog?: EventLog;
  /** Of a service that takes operators' commands. */
  readonly desk?: OperatorDesk;
}

/** Gives every service its settings, clock, log, metrics, readiness, a way to ask for its end, database and event log, as injectable classes. */
@Module({})
export class PlatformModule {
  static around(context: ServiceContext): DynamicModule {
    const providers: Provider[] = [
      { provide: context.settings.constructor, useValue: context.settings },
      { provide: Log, useValue: context.log },
      { provide: Metrics, useValue: context.metrics },
      { provide: Readiness, useValue: context.readiness },
      { provide: Ending, useValue: context.ending },
      { provide: RefusedRequests, useValue: context.refused },
      { provide: Clock, useClass: SystemClock },
      ...(context.database === undefined ? [] : [{ provide: Database, useValue: context.database }]),
      ...(context.eventLog === undefined ? [] : [{ provide: EventLog, useValue: context.eventLog }]),
      ...(context.desk === undefined ? [] : [{ provide: OperatorDesk, useValue: context.desk }]),
    ];
    const controllers = [ProbesController, ...(context.desk === undefined ? [] : [OperatorCommandsConsumer])];
    return { module: PlatformModule, global: true, imports: [context.service], controllers, providers, exports: providers };
  }
}
