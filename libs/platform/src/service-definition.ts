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

export const defineService = <const T extends ServiceDefinition>(service: T): T => service;
