import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError, SilentLog } from '@cc/kernel';
import { processEnvironment } from '@cc/platform';
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '@cc/postgres';
import { startKafkaBroker } from '@cc/testing';
import { Client } from 'pg';

/** A backend for the length of the bench. */
export interface Started<Address> {
  readonly at: Address;
  stop(): Promise<void>;
}

const given = (name: string): string | undefined => {
  const text = processEnvironment()[name]?.trim();
  return text === '' ? undefined : text;
};

/** The PostgreSQL of `CC_DATABASE_URL`, else an embedded one as `npm start` makes it, with durable commits. */
export async function startPostgres(): Promise<Started<string>> {
  const url = given('CC_DATABASE_URL');
  if (url !== undefined) return { at: url, stop: () => Promise.resolve() };
  const dataDir = mkdtempSync(join(tmpdir(), 'cc-bench-postgres-'));
  // As root, the server's user must pass through.
  chmodSync(dataDir, 0o711);
  const remove = (): Promise<void> => removeEmbeddedPostgres(dataDir);
  try {
    const server = await startEmbeddedPostgres({ dataDir, log: new SilentLog() });
    return { at: server.url, stop: () => server.stop().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

export interface StartedKafka extends Started<readonly string[]> {
  /** The broker's process, where it is ours. */
  readonly pid?: number;
}

/** The Kafka of `CC_KAFKA_BROKERS`, else one from tools/kafka-local; the reason where there is none. */
export async function startKafka(): Promise<StartedKafka | { readonly missing: string }> {
  const brokers = given('CC_KAFKA_BROKERS');
  if (brokers !== undefined) return { at: brokers.split(','), stop: () => Promise.resolve() };
  try {
    const broker = await startKafkaBroker({ fullJit: true, heap: '512m' });
    return { at: broker.brokers, stop: () => broker.stop(), pid: broker.pid };
  } catch (error) {
    return { missing: `no Kafka could be started (Java 17 and the jars of tools/kafka-local are needed): ${describeError(error).split('\n')[0] ?? ''}` };
  }
}

/** A database of one part's own on the server. */
export async function freshDatabase(server: string): Promise<Started<string>> {
  const name = `cc_bench_${randomBytes(6).toString('hex')}`;
  await administer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { at: url.href, stop: () => administer(server, `drop database if exists ${name} with (force)`) };
}

async function administer(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: server, connectionTimeoutMillis: 5_000, query_timeout: 30_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
