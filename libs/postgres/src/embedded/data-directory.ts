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
 * What lies below the given directory: `server/` (the server's account owns it; a symbolic link when it had to be elsewhere),
 * in it `data/` (PostgreSQL's own), and `password` and `server.log` (ours).
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
  const server = serverDirectory(root, account, log);
  const pgdata = join(server, 'data');
  const passwordFile = join(root, 'password');
  if (!existsSync(join(pgdata, 'PG_VERSION'))) {
    writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
    initialise(server, pgdata, readFileSync(passwordFile, 'utf8'), account, binaries);
  }
  return { pgdata, password: readFileSync(passwordFile, 'utf8'), serverLog: join(root, 'server.log') };
}

function serverDirectory(root: string, account: ServerAccount, log: Log): string {
  const server = join(root, 'server');
  if (!existsSync(server)) {
    // What a link leads to may have been swept away; then we begin anew.
    rmSync(server, { force: true });
    if (canEnter(account, root)) mkdirSync(server, { mode: 0o700 });
    else linkElsewhere(server, account, log);
    giveTo(account, realpathSync(server));
  }
  return realpathSync(server);
}

function linkElsewhere(server: string, account: ServerAccount, log: Log): void {
  const name = createHash('sha256').update(server).digest('hex').slice(0, 16);
  const elsewhere = join(stagingDirectory(account), name);
  // Without our link to it, it belonged to a directory of this name that was deleted since.
  rmSync(elsewhere, { recursive: true, force: true });
  mkdirSync(elsewhere, { mode: 0o700 });
  symlinkSync(elsewhere, server);
  log.warn('The user that PostgreSQL runs as cannot enter the data directory, the data is kept elsewhere', { wanted: server, used: elsewhere });
}

function initialise(server: string, pgdata: string, password: string, account: ServerAccount, binaries: NativeBinaries): void {
  const unfinished = `${pgdata}.new`;
  const passwordFile = join(server, 'initial-password');
  rmSync(unfinished, { recursive: true, force: true });
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  giveTo(account, passwordFile);
  const flags = ['-D', unfinished, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'];
  const run = spawnSync(binaries.initdb, flags, { ...account.ids, cwd: server, env: serverEnvironment(), encoding: 'utf8' });
  rmSync(passwordFile, { force: true });
  if (run.status !== 0) throw new Error(`initdb failed: ${run.error?.message ?? (run.stderr.trim() || run.stdout.trim())}`);
  renameSync(unfinished, pgdata);
}

/** Nothing of ours: a PGPORT or LC_ALL of the caller would change what the server does. */
export function serverEnvironment(): { PATH: string; LC_ALL: string } {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };
}
