import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { testEnvironment } from './backends.config';

/** A database of its own: nothing that another spec does is seen in it. */
export interface FreshDatabase {
  readonly name: string;
  readonly url: string;
  /** Deletes it, with whatever is still connected to it. */
  drop(): Promise<void>;
}

/** Makes an empty database, or a copy of `template` (to which nobody may be connected meanwhile). */
export async function freshDatabase({ template }: { readonly template?: string } = {}): Promise<FreshDatabase> {
  const server = testEnvironment().CC_TEST_POSTGRES_URL;
  if (server === undefined) throw new Error('No PostgreSQL for tests: specs that need one are named *.int.spec.ts or *.e2e.spec.ts');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(server, `create database ${name}${template === undefined ? '' : ` template ${template}`}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { name, url: url.href, drop: () => administer(server, `drop database if exists ${name} with (force)`) };
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
