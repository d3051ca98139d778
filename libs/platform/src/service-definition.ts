import { topics } from '@cc/contracts';
import type { Type } from '@nestjs/common';
import type { Migration } from '@cc/postgres';
import type { ServiceName } from './platform.config';
import type { SettingsClass } from './settings';

/** All that the runner, and any other app, may know of a service. */
export interface ServiceDefinition {
  readonly name: ServiceName;
  readonly defaultPort: number;
  readonly module: Type;
  readonly settings: SettingsClass;
  /** Topics that its consumer group (named after the service) reads. */
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  /** Its own tables: only of a service whose backend is `database`. */
  readonly migrations?: readonly Migration[];
  /** `event-log`: it only appends, and needs no database on Kafka. */
  readonly backends: 'none' | 'event-log' | 'database';
  /** Every request body reaches the controllers as untouched bytes. */
  readonly rawBodies?: true;
  /** Larger request bodies are refused with 413; 64 KiB unless told. */
  readonly bodyLimitBytes?: number;
}

/** Whoever keeps a consumer group keeps its dead letters, and so takes operators' commands and answers them. */
export function takesOperatorCommands({ consumes, backends }: Pick<ServiceDefinition, 'consumes' | 'backends'>): boolean {
  return consumes.length > 0 && backends === 'database';
}

/** The definition as it stands in a `service.ts`; a service with a consumer group gets the operators' topics beside its own. */
export function defineService<const T extends ServiceDefinition>(service: T): Omit<T, 'consumes' | 'produces'> & Pick<ServiceDefinition, 'consumes' | 'produces'> {
  if (!takesOperatorCommands(service)) return service;
  return { ...service, consumes: [...service.consumes, topics.operatorCommands.name], produces: [...service.produces, topics.operatorAnswers.name] };
}
