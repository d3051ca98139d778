import { allTopics, deadLetterTopics } from '@cc/contracts';
import { EventLogServer, LateEventLog, PassErrors, createEventLog, eventLogMigrations, type ConnectedLog, type EventLog } from '@cc/event-log';
import { CcError, SystemClock, backoffMs, defined, describeError, pause, withDeadline, type Log } from '@cc/kernel';
import { TypeOrmDatabase, isTransient, runMigrations, type Database } from '@cc/postgres';
import type { MicroserviceOptions } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Ending } from './ending';
import { createHttpApplication } from './http-application';
import { addDeadLetterActions } from './dead-letter-actions';
import { OperatorDesk } from './operator-desk';
import { variablePrefix } from './platform.config';
import { PlatformModule } from './platform.module';
import { PromMetrics } from './prom-metrics';
import { Readiness } from './readiness';
import { RefusedRequests } from './refused-requests';
import { takesOperatorCommands, type ServiceDefinition } from './service-definition';
import type { ServiceSettings } from './service-settings';

export interface RunningService {
  readonly name: string;
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly shutdownMs: number;
  stop(): Promise<void>;
}

interface Backends {
  readonly database?: Database;
  readonly eventLog?: EventLog;
}

const DATABASE_CHECK_EVERY_MS = 2000;
const DATABASE_CHECK_LIMIT_MS = 2000;

/** Connects the backends (waiting for those that are away), creates tables and topics, then starts HTTP and the consumers. */
export async function startService(service: ServiceDefinition, settings: ServiceSettings, log: Log, onFatal: (reason: string) => void): Promise<RunningService> {
  const metrics = new PromMetrics(service.name);
  metrics.collectProcessFigures();
  const readiness = new Readiness();
  const backends = await connect(service, settings, log, metrics, onFatal);
  if (backends.database !== undefined) readiness.add('database', databaseCheck(backends.database));
  const { host, port, shutdownSeconds } = settings.platform;
  let app: NestFastifyApplication | undefined;
  try {
    app = await createApp(service, settings, { ...backends, log, metrics, readiness, ending: new Ending(onFatal) });
    await app.listen(port, host).catch((error: unknown) => Promise.reject(unlistenable(error, service, host, port)));
    if (service.consumes.length > 0) await app.startAllMicroservices();
  } catch (error) {
    await app?.close().catch(() => undefined);
    await disconnect(backends);
    throw error;
  }
  const running = app;
  const address = running.getHttpServer().address();
  const boundPort = typeof address === 'object' && address !== null ? address.port : port;
  const url = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${boundPort}`;
  log.info('service ready', { url });
  return {
    name: service.name,
    url,
    shutdownMs: shutdownSeconds * 1000,
    stop: async () => {
      readiness.drain();
      await running.close().finally(() => disconnect(backends));
      log.info('service stopped');
    },
  };
}

function unlistenable(cause: unknown, service: ServiceDefinition, host: string, port: number): Error {
  if (!(typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'EADDRINUSE')) return new CcError('input', 'cannot-listen', `${service.name}: cannot listen on ${host}:${port} (${describeError(cause)})`, { cause });
  return new CcError('input', 'port-in-use', `${service.name}: ${host}:${port} is in use; end what listens there, or set ${variablePrefix(service.name)}_PORT to another port (0: any free one)`, { cause });
}

async function connect(service: ServiceDefinition, settings: ServiceSettings, log: Log, metrics: PromMetrics, onFatal: (reason: string) => void): Promise<Backends> {
  if (settings.eventLog === undefined) return defined({ database: await openDatabase(service, settings, log) });
  const { kafkaBrokers } = settings.eventLog;
  const kafkaLog = (database?: Database): EventLog => createEventLog({ driver: 'kafka', brokers: kafkaBrokers, clientId: `cc-${service.name}`, log, metrics, onFatal, ...defined({ database }) });
  const ensureTopics = (eventLog: EventLog): Promise<void> => whenAvailable('the event log', log, () => eventLog.ensureTopics([...allTopics, ...deadLetterTopics]));
  // Who only appends keeps what it has until the log takes it, and must not be away while the log or its database is.
  if (service.backends === 'event-log') {
    if (kafkaBrokers.length === 0) return { eventLog: new LateEventLog((signal) => connectPostgresLog(service, settings, log, metrics, signal), (error) => onFatal(`The event log cannot be used: ${describeError(error)}`)) };
    const eventLog = kafkaLog();
    ensureTopics(eventLog).catch((error: unknown) => onFatal(`the topics cannot be made: ${describeError(error)}`));
    return { eventLog };
  }
  const database = await openDatabase(service, settings, log);
  if (database !== undefined) await migrate(service, database, log);
  const eventLog = kafkaBrokers.length === 0 && database !== undefined ? createEventLog({ driver: 'postgres', database, log, metrics }) : kafkaLog(database);
  await ensureTopics(eventLog);
  return { eventLog, ...defined({ database }) };
}

async function openDatabase({ name }: ServiceDefinition, { database }: ServiceSettings, log: Log, signal?: AbortSignal): Promise<TypeOrmDatabase | undefined> {
  if (database === undefined) return undefined;
  return await whenAvailable('the database', log, () => TypeOrmDatabase.connect({ url: database.databaseUrl, poolSize: database.databasePoolSize, applicationName: `cc-${name}` }), signal);
}

async function migrate({ name, migrations = [] }: ServiceDefinition, database: Database, log: Log, signal?: AbortSignal): Promise<void> {
  await whenAvailable('the database', log, async () => {
    await runMigrations(database, 'event-log', eventLogMigrations);
    await runMigrations(database, name, migrations);
  }, signal);
}

async function connectPostgresLog(service: ServiceDefinition, settings: ServiceSettings, log: Log, metrics: PromMetrics, signal: AbortSignal): Promise<ConnectedLog> {
  const database = await openDatabase(service, settings, log, signal);
  if (database === undefined) throw new CcError('fault', 'log-without-database', `${service.name}: the event log has neither Kafka nor a database`);
  try {
    await migrate(service, database, log, signal);
    const eventLog = createEventLog({ driver: 'postgres', database, log, metrics });
    await whenAvailable('the event log', log, () => eventLog.ensureTopics([...allTopics, ...deadLetterTopics]), signal);
    return { eventLog, end: () => disconnect({ eventLog, database }) };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Tries until it works or the signal aborts: a backend that is away delays the start, it does not end it. Other errors are final. */
async function whenAvailable<T>(what: string, log: Log, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error) || signal?.aborted === true) throw error;
      log.warn('waiting for a backend', { backend: what, error });
      await pause(100 + backoffMs(attempt, 200, 5000), signal);
    }
  }
}

/** Asks the database at most every two seconds, however often the probe comes. */
function databaseCheck(database: Database): () => Promise<string | undefined> {
  let last: { readonly atMs: number; readonly answer: Promise<string | undefined> } | undefined;
  return () => {
    if (last === undefined || Date.now() - last.atMs > DATABASE_CHECK_EVERY_MS) {
      const answer = withDeadline(database.query('SELECT 1'), DATABASE_CHECK_LIMIT_MS, 'SELECT 1').then(() => undefined, describeError);
      last = { atMs: Date.now(), answer };
    }
    return last.answer;
  };
}

async function disconnect(backends: Backends): Promise<void> {
  await backends.eventLog?.close();
  await backends.database?.close();
}

async function createApp(service: ServiceDefinition, settings: ServiceSettings, context: Backends & { log: Log; metrics: PromMetrics; readiness: Readiness; ending: Ending }): Promise<NestFastifyApplication> {
  const refused = new RefusedRequests(context.metrics);
  const desk = deskOf(service, context);
  const module = PlatformModule.around({ service: service.module, settings: settings.own, refused, ...context, ...defined({ desk }) });
  const app = await createHttpApplication(module, { log: context.log, readiness: context.readiness, refused, rawBodies: service.rawBodies === true, ...defined({ limits: service.httpLimits?.(settings.own) }) });
  const { eventLog } = context;
  if (service.consumes.length > 0 && eventLog !== undefined) {
    const strategy = new EventLogServer({ eventLog, group: service.name, log: context.log });
    context.readiness.add('consumers', () => (strategy.hasJoined() ? undefined : 'the consumer group was not joined yet'));
    app.connectMicroservice<MicroserviceOptions>({ strategy }, { deferInitialization: true }).useGlobalFilters(new PassErrors());
  }
  return app;
}

/** Where a service with dead letters of its own takes operators' commands. */
function deskOf(service: ServiceDefinition, { eventLog, log }: Backends & { readonly log: Log }): OperatorDesk | undefined {
  if (eventLog === undefined || !takesOperatorCommands(service)) return undefined;
  const desk = new OperatorDesk({ service: service.name, eventLog, log, clock: new SystemClock() });
  addDeadLetterActions(desk, service.name, eventLog);
  return desk;
}
