import { spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';

/** The operating system's user that the server runs as: nobody special, unless we are root, which PostgreSQL refuses. */
export interface ServerAccount {
  /** Set only where it differs from our own. */
  readonly ids: { readonly uid: number; readonly gid: number } | undefined;
}

const USER = 'postgres';

/** As root: the user `postgres`, made when there is none. Otherwise ourselves. */
export function serverAccount(): ServerAccount {
  if (process.getuid?.() !== 0) return { ids: undefined };
  const ids = idsOf(USER) ?? createUser();
  if (ids === undefined) {
    throw new Error(`PostgreSQL does not run as root, and the user "${USER}" could not be made: start as an ordinary user, or give a database by CC_DATABASE_URL`);
  }
  return { ids };
}

/** True when the account can enter the directory and, with `write`, make files in it. */
export function canEnter({ ids }: ServerAccount, directory: string, write = false): boolean {
  const test = write ? 'cd "$1" && test -w .' : 'cd "$1"';
  return spawnSync('/bin/sh', ['-c', test, 'sh', directory], { ...ids, cwd: '/', stdio: 'ignore' }).status === 0;
}

export function giveTo({ ids }: ServerAccount, path: string): void {
  if (ids !== undefined) chownSync(path, ids.uid, ids.gid);
}

function createUser(): ServerAccount['ids'] {
  spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', USER], { stdio: 'ignore' });
  return idsOf(USER);
}

function idsOf(user: string): ServerAccount['ids'] {
  const [uid, gid] = ['-u', '-g'].map((which) => {
    const { status, stdout } = spawnSync('id', [which, user], { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : undefined;
  });
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}
