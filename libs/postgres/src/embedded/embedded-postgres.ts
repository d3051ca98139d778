import { existsSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pause, describeError } from '@cc/kernel';
import type { Log } from '@cc/kernel';
import { Client, DatabaseError, escapeIdentifier } from 'pg';
import { dataDirectory, SUPERUSER } from './data-directory';
import type { DataDirectory } from './data-directory';
import { nativeBinaries } from './native-binaries';
import type { NativeBinaries } from './native-binaries';
import { runningPostmaster, startPostmaster, stopPostmaster, untilReady } from './postmaster';
import type { Postmaster } from './postmaster';
import { serverAccount } from './server-account';
import type { ServerAccount } from './server-account';

export interface EmbeddedPostgresOptions {
  /** Kept between starts; made when it is not there. */
  readonly dataDir: string;
  /** Wished for; another one is taken when it is in use. Without a wish the operating system chooses. */
  readonly port?: number;
  /** Server settings beside ours, e.g. `fsync: 'off'` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly log: Log;
}

export interface EmbeddedPostgres {
  /** postgres://… of the database `cc`, on 127.0.0.1. */
  readonly url: string;
  /** Stops the server, with whatever is still connected to it; resolves within 5 s, when no process of it is left. */
  stop(): Promise<void>;
}

const DATABASE = 'cc';
const WATCH_MS = 500;

/**
 * A PostgreSQL of our own, from the programs in npm. It runs in a session of its own: a Ctrl-C at the terminal does not reach it,
 * and it outlives a killed owner; the next start on the same directory takes it over. One that dies is started again.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const account = serverAccount();
  const binaries = nativeBinaries(account);
  const directory = dataDirectory(options.dataDir, account, binaries, options.log);
  const place = { account, binaries, directory };
  const { port } = await adoptOrStart(place, options);
  try {
    await createDatabase(port, directory.password);
  } catch (error) {
    await stopPostmaster(directory.pgdata);
    throw error;
  }
  const watching = new AbortController();
  const watch = keepRunning(place, options, port, watching.signal);
  return {
    url: urlOf(port, directory.password, DATABASE),
    stop: async () => {
      watching.abort();
      await watch;
      await stopPostmaster(directory.pgdata);
    },
  };
}

/** Stops the server that an earlier run may have left on the directory, and deletes the directory with its data. */
export async function removeEmbeddedPostgres(dataDir: string): Promise<void> {
  const server = join(dataDir, 'server');
  if (existsSync(server)) {
    await stopPostmaster(join(realpathSync(server), 'data'));
    rmSync(realpathSync(server), { recursive: true, force: true });
  }
  rmSync(dataDir, { recursive: true, force: true });
}

interface Place {
  readonly account: ServerAccount;
  readonly binaries: NativeBinaries;
  readonly directory: DataDirectory;
}

async function adoptOrStart({ account, binaries, directory }: Place, options: EmbeddedPostgresOptions): Promise<Postmaster> {
  if (runningPostmaster(directory.pgdata) !== undefined) {
    const left = await untilReady(directory.pgdata);
    if (left !== undefined) {
      options.log.info('Took over the PostgreSQL that an earlier run left', { pid: left.pid, port: left.port });
      return left;
    }
  }
  const port = await usablePort(options.port);
  return startPostmaster(binaries, directory, account, { port, settings: options.settings ?? {} });
}

/** Connections are lost when the server dies, and come back on the same port. */
async function keepRunning({ account, binaries, directory }: Place, options: EmbeddedPostgresOptions, port: number, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    if (runningPostmaster(directory.pgdata) === undefined) {
      options.log.warn('PostgreSQL ended, starting it again', { port });
      await startPostmaster(binaries, directory, account, { port, settings: options.settings ?? {} }).catch((error: unknown) =>
        options.log.error('PostgreSQL did not start again', { error: describeError(error) }),
      );
    }
    await pause(WATCH_MS, until);
  }
}

async function createDatabase(port: number, password: string): Promise<void> {
  const client = new Client({ connectionString: urlOf(port, password, 'postgres'), connectionTimeoutMillis: 5_000, query_timeout: 30_000 });
  // An error outside a query also ends the connection, and thereby the query that waits.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`create database ${escapeIdentifier(DATABASE)}`);
  } catch (error) {
    if (!(error instanceof DatabaseError && error.code === '42P04')) throw error;
  } finally {
    await client.end();
  }
}

function urlOf(port: number, password: string, database: string): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
}

async function usablePort(wished: number | undefined): Promise<number> {
  return (wished === undefined ? undefined : await tryPort(wished)) ?? (await tryPort(0)) ?? 0;
}

/** The port when it can be had (any for 0), undefined when it is in use. */
async function tryPort(port: number): Promise<number | undefined> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(undefined));
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
