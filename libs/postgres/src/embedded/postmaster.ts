import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '@cc/kernel';
import { serverEnvironment } from './data-directory';
import type { DataDirectory } from './data-directory';
import type { NativeBinaries } from './native-binaries';
import type { ServerAccount } from './server-account';

/** A running server, as its postmaster.pid tells. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** It takes connections; before that it starts or recovers. */
  readonly ready: boolean;
}

const POLL_MS = 20;
/** A crash of a large database is recovered from before the server is ready. */
const READY_LIMIT_MS = 120_000;
/** Cut the sessions and checkpoint; then without the checkpoint; then at once, which its children notice by themselves. */
const STOP_SIGNALS = [['SIGINT', 3_000], ['SIGQUIT', 1_000], ['SIGKILL', 500]] as const;

/** The server that runs on this data directory, whoever started it. A pid file whose process is gone, or is something else by now, is none. */
export function runningPostmaster(pgdata: string): Postmaster | undefined {
  const lines = pidFileLines(pgdata);
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!(pid > 0) || !commandLine(pid).includes(pgdata)) return undefined;
  return { pid, port, ready: lines[7]?.trim() === 'ready' };
}

/** What the server is told, beside its data directory. */
export interface ServerSettings {
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * Starts the server in a session of its own, so that neither a Ctrl-C nor our end reaches it, and resolves when it takes connections.
 * When somebody else starts it at the same moment, that one is the answer.
 */
export async function startPostmaster(binaries: NativeBinaries, directory: DataDirectory, account: ServerAccount, server: ServerSettings): Promise<Postmaster> {
  removeRecycledPid(directory.pgdata);
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200', timezone: 'UTC', log_timezone: 'UTC', ...server.settings };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const output = openSync(directory.serverLog, 'w');
  const child = spawn(binaries.postgres, ['-D', directory.pgdata, '-p', String(server.port), ...flags], {
    ...account.ids, cwd: directory.pgdata, env: serverEnvironment(), detached: true, stdio: ['ignore', output, output],
  });
  closeSync(output);
  child.unref();
  let ended: string | undefined;
  child.once('error', ({ message }) => (ended = message)).once('exit', (code, signal) => (ended = `exit ${code ?? signal ?? ''}`));
  for (let waitedMs = 0; waitedMs < READY_LIMIT_MS && ended === undefined; waitedMs += POLL_MS) {
    const found = runningPostmaster(directory.pgdata);
    if (found?.ready === true) return found;
    await pause(POLL_MS);
  }
  const others = await untilReady(directory.pgdata);
  if (others !== undefined) return others;
  throw new Error(`PostgreSQL did not start (${ended ?? `not ready in ${READY_LIMIT_MS} ms`}): ${readFileSync(directory.serverLog, 'utf8').trim().split('\n').slice(-5).join(' | ')}`);
}

/** Resolves with a server that is still starting once it is ready, or with undefined when it is gone. */
export async function untilReady(pgdata: string): Promise<Postmaster | undefined> {
  for (let waitedMs = 0; waitedMs < READY_LIMIT_MS; waitedMs += POLL_MS) {
    const found = runningPostmaster(pgdata);
    if (found === undefined || found.ready) return found;
    await pause(POLL_MS);
  }
  throw new Error(`The PostgreSQL that runs on ${pgdata} was not ready in ${READY_LIMIT_MS} ms`);
}

/** Ends the server within 5 s: open sessions are cut, the data is checkpointed. One that does not end by that is killed, and recovers at its next start. */
export async function stopPostmaster(pgdata: string): Promise<void> {
  for (const [signal, limitMs] of STOP_SIGNALS) {
    const found = runningPostmaster(pgdata);
    if (found === undefined) return;
    send(found.pid, signal);
    // Its pid file goes a moment before it does. A process that nobody waits for stays as a zombie, without a command line.
    for (let waitedMs = 0; waitedMs < limitMs && commandLine(found.pid) !== ''; waitedMs += POLL_MS) await pause(POLL_MS);
  }
  if (runningPostmaster(pgdata) !== undefined) throw new Error(`The PostgreSQL on ${pgdata} did not stop`);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself in between.
  }
}

/**
 * After a reboot the pid in an old file may be anybody's: PostgreSQL would take it for a running server and refuse to start.
 * A file whose process is gone is left alone: PostgreSQL then also looks for orphaned backends before it starts.
 */
function removeRecycledPid(pgdata: string): void {
  const pid = Number(pidFileLines(pgdata)[0]);
  if (pid > 0 && commandLine(pid) !== '' && runningPostmaster(pgdata) === undefined) rmSync(join(pgdata, 'postmaster.pid'), { force: true });
}

function pidFileLines(pgdata: string): string[] {
  try {
    return readFileSync(join(pgdata, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

function commandLine(pid: number): string {
  try {
    if (existsSync('/proc/self/cmdline')) return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
  return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
}
