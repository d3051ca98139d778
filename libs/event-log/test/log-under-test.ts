import { createEventLog, type EventLog } from '@cc/event-log';
import { NoMetrics, SilentLog, type Log } from '@cc/kernel';
import { TypeOrmDatabase, type Database } from '@cc/postgres';

/** Where the log under test is: enough for another process to open it, too. */
export interface Backend {
  readonly databaseUrl: string;
  /** Kafka where given, PostgreSQL otherwise. */
  readonly brokers?: readonly string[];
  readonly appendDeadlineMs?: number;
}

export interface OpenLog {
  readonly database: Database;
  readonly eventLog: EventLog;
  close(): Promise<void>;
}

/** Short, so that a killed member is missed soon; the brokers for tests allow it. */
const SESSION_MS = 2000;

function onFatal(reason: string): void {
  throw new Error(reason);
}

export async function openLog(backend: Backend, name: string, log: Log = new SilentLog()): Promise<OpenLog> {
  const database = await TypeOrmDatabase.connect({ url: backend.databaseUrl, poolSize: 8, applicationName: name });
  const settings = { database, log, metrics: new NoMetrics(), ...(backend.appendDeadlineMs === undefined ? {} : { appendDeadlineMs: backend.appendDeadlineMs }) };
  const eventLog =
    backend.brokers === undefined
      ? createEventLog({ driver: 'postgres', ...settings, tombstoneMs: 0 })
      : createEventLog({ driver: 'kafka', ...settings, brokers: backend.brokers, clientId: name, sessionTimeoutMs: SESSION_MS, onFatal });
  return {
    database,
    eventLog,
    close: async () => {
      await eventLog.close();
      await database.close();
    },
  };
}
