import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canEnter } from './server-account';
import type { ServerAccount } from './server-account';

/** Kept over restarts and not swept by age first; then what at least exists everywhere. */
const PLACES = ['/var/lib', '/var/tmp', tmpdir()];

/** As root: a directory of ours that the server's account can enter, for what lies where it cannot (below /root, say). */
export function stagingDirectory(account: ServerAccount): string {
  for (const place of PLACES) {
    const directory = join(place, 'cc-embedded-postgres');
    if (isOurs(directory) && canEnter(account, directory)) return directory;
  }
  throw new Error(`The user that PostgreSQL runs as can enter none of ${PLACES.join(', ')}: start as an ordinary user, or give a database by CC_DATABASE_URL`);
}

/** A name that anybody could have taken in a world-writable place: root's own, and writable by nobody else. */
function isOurs(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o711 });
    const found = lstatSync(directory);
    return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
  } catch {
    return false;
  }
}
