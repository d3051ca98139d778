import { pause, withDeadline } from '@cc/kernel';
import type { ClientConfig } from 'pg';
import { DataSource } from 'typeorm';
import { columnTypes } from './column-types';
import { Database } from './database';
import type { SqlValue, Tx } from './database';
import { NotificationListener } from './notification-listener';
import { PooledConnection } from './pooled-connection';

/** A class with TypeORM's `@Entity`. */
export type EntityClass = abstract new (...args: never[]) => object;

export interface DatabaseOptions {
  /** postgres://user:password@host:port/database */
  readonly url: string;
  /** Connections at most; one more is made for `listen`. */
  readonly poolSize: number;
  /** What pg_stat_activity shows. */
  readonly applicationName: string;
  /** A statement that runs longer is ended by the server (SQLSTATE 57014); 30,000 unless told. */
  readonly statementTimeoutMs?: number;
  /** Entities for reads through {@link TypeOrmDatabase.dataSource}: an explicit list, never a pattern. */
  readonly entities?: readonly EntityClass[];
}

const CONNECT_TIMEOUT_MS = 5_000;
/** A row or table lock that is not had by then fails with 55P03: better another try than a pool full of waiters. */
const LOCK_TIMEOUT_MS = 10_000;
/**
 * No work of ours pauses this long inside a transaction: the relay waits 10 s for Kafka. One that does, since its process stands still or
 * never hears the answer, holds the heads of the log, and with them everybody's appends.
 */
const IDLE_IN_TRANSACTION_MS = 15_000;
/** What the network may take beyond the server's own limit, before the connection counts as dead. */
const ANSWER_GRACE_MS = 5_000;
const IDLE_CONNECTION_MS = 60_000;
const CLOSE_LIMIT_MS = 5_000;

/** {@link Database} over the node-postgres pool of a TypeORM DataSource; statements go straight to node-postgres. */
export class TypeOrmDatabase extends Database {
  private inFlight = 0;
  private closing: Promise<void> | undefined;

  private constructor(
    /** For repositories that read entities. Statements that write belong in {@link transaction}, which this source does not see. */
    readonly dataSource: DataSource,
    private readonly listener: NotificationListener,
  ) {
    super();
  }

  /** Opens the pool; rejects when the server does not answer within 5 s or refuses. */
  static async connect(options: DatabaseOptions): Promise<TypeOrmDatabase> {
    const session = sessionConfig(options);
    const dataSource = new DataSource({
      type: 'postgres',
      url: options.url,
      poolSize: options.poolSize,
      applicationName: options.applicationName,
      connectTimeoutMS: CONNECT_TIMEOUT_MS,
      entities: [...(options.entities ?? [])],
      synchronize: false,
      logging: false,
      installExtensions: false,
      // The server ended an idle connection (57P01 and the like): the pool has dropped it and opens another when asked.
      poolErrorHandler: () => undefined,
      extra: { ...session, idleTimeoutMillis: IDLE_CONNECTION_MS },
    });
    await dataSource.initialize();
    const listenConfig = { ...session, connectionString: options.url, application_name: `${options.applicationName} listen` };
    return new TypeOrmDatabase(dataSource, new NotificationListener({ ...listenConfig, connectionTimeoutMillis: CONNECT_TIMEOUT_MS }));
  }

  async query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly SqlValue[]): Promise<Row[]> {
    return this.lend((connection) => connection.rows<Row>(sql, values));
  }

  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.lend((connection) => inTransaction(connection, work));
  }

  async listen(channel: string, heard: () => void): Promise<() => Promise<void>> {
    return this.listener.add(channel, heard);
  }

  /** Waits up to 5 s for what is running, then closes every connection; the server rolls back what is still open. */
  async close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    await this.listener.close();
    for (let waitedMs = 0; this.inFlight > 0 && waitedMs < CLOSE_LIMIT_MS; waitedMs += 10) await pause(10);
    // A connection to a host that has vanished never says that it is closed.
    await withDeadline(this.dataSource.destroy(), CLOSE_LIMIT_MS, 'Closing the connections').catch(() => undefined);
  }

  private async lend<T>(use: (connection: PooledConnection) => Promise<T>): Promise<T> {
    if (this.closing !== undefined) throw new Error('The database was closed');
    this.inFlight += 1;
    try {
      const connection = await PooledConnection.take(this.dataSource);
      try {
        return await use(connection);
      } finally {
        await connection.giveBack();
      }
    } finally {
      this.inFlight -= 1;
    }
  }
}

function sessionConfig(options: DatabaseOptions): ClientConfig {
  const statementTimeoutMs = options.statementTimeoutMs ?? 30_000;
  return {
    types: columnTypes(),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + ANSWER_GRACE_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  };
}

async function inTransaction<T>(connection: PooledConnection, work: (tx: Tx) => Promise<T>): Promise<T> {
  let over = false;
  let failure: unknown;
  const tx: Tx = {
    query: async <Row extends object>(sql: string, values?: readonly SqlValue[]) => {
      if (over) throw new Error('This transaction is over: a query of its work was not awaited');
      return connection.rows<Row>(sql, values).catch((error: unknown) => {
        failure ??= error;
        throw error;
      });
    },
  };
  await connection.rows('BEGIN ISOLATION LEVEL READ COMMITTED');
  try {
    const result = await work(tx);
    over = true;
    const done = await connection.end('COMMIT');
    if (done !== 'COMMIT') throw new Error('The transaction was rolled back at its commit: a statement in it had failed', { cause: failure });
    return result;
  } catch (error) {
    over = true;
    // The first error is the one to tell; a connection that cannot even roll back is closed by giveBack.
    if (!connection.uncertain) await connection.end('ROLLBACK').catch(() => connection.doubtful());
    throw error;
  }
}
