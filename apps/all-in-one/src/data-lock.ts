import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CcError } from '@cc/kernel';

/**
 * Holds a data directory for this process, until the returned function is called or the process ends in whatever way: two at once would
 * stop each other's database and read each other's spool. A socket and no file with a process id, since ids are given again.
 * @throws CcError `data-in-use` when another process holds it.
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  const digest = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 24);
  // A socket's path may have about a hundred characters, a data directory's any number.
  const path = join(tmpdir(), `cc-${digest}.sock`);
  if (await answers(path)) throw new CcError('conflict', 'data-in-use', `Another CC runs on ${resolve(dataDir)}: end it first, or give this one a directory of its own with --data`);
  await unlink(path).catch(() => undefined);
  const server = await listen(path);
  return async () => {
    server.close();
    await once(server, 'close');
  };
}

async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.listen(path);
  await once(server, 'listening');
  return server.unref();
}

function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    const told = (answer: boolean): void => {
      socket.destroy();
      done(answer);
    };
    socket.once('connect', () => told(true)).once('error', () => told(false));
  });
}
