import { topics } from '@cc/contracts';
import type { Type } from '@nestjs/common';
import type { Migration } from '@cc/postgres';
import type { ServiceName } from './platform.config';
import type { SettingsClass } from './settings';

/** What a sender may take of a service before it is refused. */
export interface HttpLimits {
  /** Larger bodies are refused with 413. */
  readonly bodyBytes: number;
  /** Larger headers, the request line included, are refused with 431. */
  readonly headerBytes: number;
  /** Within this time from its first byte on a request's headers must be there, else 408. */
  readonly headersSeconds: number;
  /** Within this time from its first byte on the whole request must be there, else 408. */
  readonly requestSeconds: number;
  /** More connections at once are closed. */
  readonly connections: number;
}

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
  /** Of a service whose limits are settings. @param settings an instance of its own settings' class. Absent: 64 KiB of body, 16 KiB of headers, 15 s a request. */
  httpLimits?(settings: object): HttpLimits;
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
