import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Log } from '@cc/kernel';
import type { NativeBinaries } from './native-binaries';
import { canEnter, giveTo } from './server-account';
import type { ServerAccount } from './server-account';
import { stagingDirectory } from './staging';

export const SUPERUSER = 'cc';

/**
 * What lies below the given directory: `server.log`, and `server/`, which the server's account owns, with `data/` (PostgreSQL's own)
 * and `password` in it. `server` is a symbolic link when the account could not reach it here.
 */
export interface DataDirectory {
  readonly pgdata: string;
  readonly password: string;
  readonly serverLog: string;
}

/** The data directory, made and initialised (UTF8, locale C, a random password) unless it is there. */
export function dataDirectory(where: string, account: ServerAccount, binaries: NativeBinaries, log: Log): DataDirectory {
  const root = resolve(where);
  // The server's account must pass through, and only that.
  mkdirSync(root, { recursive: true, mode: account.ids === undefined ? 0o700 : 0o711 });
  const server = join(root, 'server');
  if (!existsSync(server)) {
    // What a link leads to may have been swept away; then we begin anew.
    rmSync(server, { force: true });
    if (canEnter(account, root)) initialise(server, account, binaries);
    else initialiseElsewhere(server, account, binaries, log);
  }
  const found = realpathSync(server);
  return { pgdata: join(found, 'data'), password: readFileSync(join(found, 'password'), 'utf8'), serverLog: join(root, 'server.log') };
}

function initialiseElsewhere(server: string, account: ServerAccount, binaries: NativeBinaries, log: Log): void {
  const name = createHash('sha256').update(server).digest('hex').slice(0, 16);
  const elsewhere = join(stagingDirectory(account), name);
  // Without our link to it, it belonged to a directory of this name that was deleted since.
  rmSync(elsewhere, { recursive: true, force: true });
  initialise(elsewhere, account, binaries);
  symlinkSync(elsewhere, server);
  log.warn('The user that PostgreSQL runs as cannot enter the data directory, the data is kept elsewhere', { wanted: server, used: elsewhere });
}

/** Appears whole, with its password, or not at all: a start may be killed, and two may begin at once. */
function initialise(server: string, account: ServerAccount, binaries: NativeBinaries): void {
  const unfinished = `${server}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  try {
    fill(unfinished, account, binaries);
    renameSync(unfinished, server);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(server)) throw error;
  }
}

function fill(directory: string, account: ServerAccount, binaries: NativeBinaries): void {
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  for (const path of [directory, passwordFile]) giveTo(account, path);
  const flags = ['-D', join(directory, 'data'), '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'];
  const run = spawnSync(binaries.initdb, flags, { ...account.ids, cwd: directory, env: serverEnvironment(), encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`initdb failed: ${run.error?.message ?? (run.stderr.trim() || run.stdout.trim())}`);
}

/** Nothing of ours: a PGPORT or LC_ALL of the caller would change what the server does. */
export function serverEnvironment(): { PATH: string; LC_ALL: string } {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };
}
