import { CcError } from '@cc/kernel';
import { z } from 'zod';
import { objectStoreShape } from './object-store.config';
import { databaseSchema, eventLogSchema, platformSchema, serviceNames, variablePrefix } from './platform.config';
import type { ServiceDefinition } from './service-definition';
import { loadShape, variableNames, type Environment, type Loaded } from './settings';

export interface ServiceSettings {
  readonly platform: z.output<ReturnType<typeof platformSchema>>;
  readonly database: z.output<typeof databaseSchema> | undefined;
  readonly eventLog: z.output<typeof eventLogSchema> | undefined;
  readonly own: object;
}

/** The settings of a service from the environment, or every fault of them. */
export function readServiceSettings(service: ServiceDefinition, env: Environment): Loaded<ServiceSettings> {
  const eventLog = service.backends === 'none' ? undefined : loadShape(eventLogSchema, env);
  const needsDatabase = service.backends === 'database' || (service.backends === 'event-log' && eventLog?.kind === 'loaded' && eventLog.settings.kafkaBrokers.length === 0);
  const platform = loadShape(platformSchema(service.name, service.defaultPort), env);
  const database = needsDatabase ? loadShape(databaseSchema, env) : undefined;
  const own = service.settings.load(env);
  const faults = [...faultsOf(platform), ...faultsOf(database), ...faultsOf(eventLog), ...faultsOf(own), ...unknownNames(service, env)];
  if (faults.length > 0 || platform.kind === 'faulty' || own.kind === 'faulty') return { kind: 'faulty', faults };
  return { kind: 'loaded', settings: { platform: platform.settings, database: settingsOf(database), eventLog: settingsOf(eventLog), own: own.settings } };
}

/** The same for all services of a process. @throws CcError `bad-settings` that lists every fault once. */
export function loadAllSettings<S extends ServiceDefinition>(services: readonly S[], env: Environment): { service: S; settings: ServiceSettings }[] {
  const read = services.map((service) => ({ service, loaded: readServiceSettings(service, env) }));
  const faults = [...new Set(read.flatMap(({ loaded }) => faultsOf(loaded)))];
  if (faults.length > 0) throw badSettings(services.map(({ name }) => name).join(', '), faults);
  return read.flatMap(({ service, loaded }) => (loaded.kind === 'loaded' ? [{ service, settings: loaded.settings }] : []));
}

/** @throws CcError `bad-settings` that lists every fault. */
export function loadServiceSettings(service: ServiceDefinition, env: Environment): ServiceSettings {
  const loaded = readServiceSettings(service, env);
  if (loaded.kind === 'faulty') throw badSettings(service.name, loaded.faults);
  return loaded.settings;
}

const faultsOf = (loaded: Loaded<unknown> | undefined): readonly string[] => (loaded?.kind === 'faulty' ? loaded.faults : []);
const settingsOf = <T>(loaded: Loaded<T> | undefined): T | undefined => (loaded?.kind === 'loaded' ? loaded.settings : undefined);

function badSettings(service: string, faults: readonly string[]): CcError {
  return new CcError('input', 'bad-settings', `${service}: cannot start; the settings have ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
}

/** Every variable that the service reads. */
export function knownVariables(service: ServiceDefinition): string[] {
  return [platformSchema(service.name, service.defaultPort), databaseSchema, eventLogSchema, service.settings.schema].flatMap(variableNames);
}

/** A `CC_` name that neither this service nor, by its prefix, another one can mean: most often a typing error. */
function unknownNames(service: ServiceDefinition, env: Environment): string[] {
  const known = new Set([...knownVariables(service), ...sharedVariables]);
  const others = ['CC_SIM_', ...serviceNames.filter((name) => name !== service.name).map((name) => `${variablePrefix(name)}_`)];
  return Object.keys(env)
    .filter((name) => name.startsWith('CC_') && !known.has(name) && !others.some((prefix) => name.startsWith(prefix)))
    .map((name) => `${name}: no such setting${nearest(name, known)} .env.example lists them all, the README of each service its own`);
}

/** Variables of several services that one deployment's environment commonly carries for all. */
export const sharedVariables: readonly string[] = [
  ...variableNames(databaseSchema), ...variableNames(eventLogSchema), 'CC_CHANNELS_FILE',
  ...['CC_ENCRYPTION_KEY', 'CC_INDEX_KEY', 'CC_API_KEYS'].flatMap((name) => [name, `${name}_FILE`]),
  ...variableNames(z.object(objectStoreShape)),
  // Those of the command line.
  'CC_URL', ...['CC_API_KEY', 'CC_OPERATOR_KEY'].flatMap((name) => [name, `${name}_FILE`]),
  'CC_SIM_SPEED', 'CC_OBJECT_STORE_PORT', 'CC_HOST', 'CC_LOG_LEVEL', 'CC_SHUTDOWN_SECONDS',
];

function nearest(name: string, known: ReadonlySet<string>): string {
  const best = [...known].map((candidate) => ({ candidate, distance: editDistance(name, candidate) })).sort((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= 2 ? `; did you mean ${best.candidate}?` : '.';
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
