import { z } from 'zod';
import { setting, type Environment } from './settings';

/** The names of all services: a variable `CC_<SERVICE>_…` of another service is no mistake. */
export const serviceNames = [
  'call-gateway', 'channel-router', 'e9-callback-ingest', 'hw-poller', 'event-dispatcher',
  'record-store', 'recording-archiver', 'all-in-one', 'vendor-simulator',
] as const;
export type ServiceName = (typeof serviceNames)[number];

/** `CC_CALL_GATEWAY` for `call-gateway`. */
export function variablePrefix(service: string): string {
  return `CC_${service.toUpperCase().replaceAll('-', '_')}`;
}

/** The settings that every service has. */
export function platformSchema(service: string, defaultPort: number) {
  return z.object({
    port: setting.integer({ env: `${variablePrefix(service)}_PORT`, default: defaultPort, min: 0, max: 65535, help: 'The HTTP port; 0 takes any free one and prints it', example: String(defaultPort) }),
    host: setting.text({ env: 'CC_HOST', default: '127.0.0.1', help: 'The address to listen on; 0.0.0.0 in a container', example: '0.0.0.0' }),
    logLevel: setting.choice(['debug', 'info', 'warn', 'error'], { env: 'CC_LOG_LEVEL', default: 'info', help: 'The least level that is logged', example: 'info' }),
    shutdownSeconds: setting.integer({ env: 'CC_SHUTDOWN_SECONDS', default: 9, min: 1, max: 300, unit: 's', help: 'How long a stop may take before the process ends anyway', example: '9' }),
  });
}

/** Never tells what was given: it holds a password. */
function postgresUrl(given: string): string {
  if (!URL.canParse(given) || !['postgres:', 'postgresql:'].includes(new URL(given).protocol)) throw new Error('is no URL of the form postgres://user:password@host:port/database');
  return given;
}

/** The settings of a service that uses the database. */
export const databaseSchema = z.object({
  databaseUrl: setting.parsed(postgresUrl, { env: 'CC_DATABASE_URL', secret: true, help: 'PostgreSQL 15 or newer', example: 'postgres://cc:secret@127.0.0.1:5432/cc' }),
  databasePoolSize: setting.integer({ env: 'CC_DATABASE_POOL_SIZE', default: 8, min: 2, max: 200, help: 'Connections per service', example: '8' }),
});

/** The settings of a service that uses the event log. */
export const eventLogSchema = z.object({
  kafkaBrokers: setting.list({ env: 'CC_KAFKA_BROKERS', default: [], item: { pattern: /^(\[[0-9a-fA-F:]+\]|[^\s:;[\]]+):\d{1,5}$/, form: 'host:port' }, help: 'Kafka bootstrap brokers; without them the log lies in PostgreSQL', example: 'kafka-1:9092,kafka-2:9092' }),
});

/** The environment of this process: the only place that reads it. */
export function processEnvironment(): Environment {
  return process.env;
}
