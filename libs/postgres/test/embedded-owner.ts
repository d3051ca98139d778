// A process that owns an embedded PostgreSQL: says where it is, and stops it when told to.
import { createInterface } from 'node:readline';
import { SilentLog } from '@cc/kernel';
import { startEmbeddedPostgres } from '@cc/postgres';

async function main(dataDir: string): Promise<void> {
  const server = await startEmbeddedPostgres({ dataDir, log: new SilentLog() });
  createInterface({ input: process.stdin }).once('line', () => void server.stop().then(() => process.exit(0)));
  // Somebody waits for the next line; the pipe alone would not keep us.
  setInterval(() => undefined, 60_000);
  process.stdout.write(`at ${server.url}\n`);
}

void main(process.argv[2] ?? '');
