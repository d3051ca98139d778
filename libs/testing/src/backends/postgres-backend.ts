import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SilentLog } from '@cc/kernel';
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '@cc/postgres';
import { testEnvironment } from '../backends.config';
import type { Backend } from './backend';
import { dockerAnswers } from './docker';

const IMAGE = 'postgres:17-alpine';
/** Test data is thrown away: a power cut may take it. */
const FAST = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };

/** The PostgreSQL of the tests: the one given, else one in Docker, else the programs in npm. */
export async function providePostgres(): Promise<Backend<string>> {
  const given = testEnvironment().CC_DATABASE_URL;
  if (given !== undefined) return { at: given, stop: () => Promise.resolve() };
  const container = (await dockerAnswers()) ? await inDocker().catch(() => undefined) : undefined;
  return container ?? fromNpm();
}

async function inDocker(): Promise<Backend<string>> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const settings = Object.entries({ ...FAST, max_connections: '200' }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const container = await new PostgreSqlContainer(IMAGE).withCommand(['postgres', ...settings]).start();
  return { at: container.getConnectionUri(), stop: async () => void (await container.stop()) };
}

async function fromNpm(): Promise<Backend<string>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'cc-test-postgres-'));
  // As root, the server's user must pass through.
  chmodSync(dataDir, 0o711);
  const remove = () => removeEmbeddedPostgres(dataDir);
  try {
    const server = await startEmbeddedPostgres({ dataDir, settings: FAST, log: new SilentLog() });
    return { at: server.url, stop: () => server.stop().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}
