import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '@cc/kernel';
import { CannotHappenHere, type ChaosFault } from './chaos-fault';
import type { FaultTarget } from './fault-plan';

const INGEST = 'e9-callback-ingest';
const spool: readonly FaultTarget[] = [{ name: 'spool', occupies: ['spool disk', INGEST] }];
const STRACE_START_MS = 300;

const full: ChaosFault = {
  name: 'spool disk full', targets: spool, lasts: [2, 15], comesRound: 6,
  begin: async ({ spoolDisk }) => {
    if (spoolDisk.obstacle !== undefined) throw new CannotHappenHere(spoolDisk.obstacle);
    spoolDisk.fill();
    return async () => spoolDisk.free();
  },
};

const syncFails: ChaosFault = {
  name: 'fdatasync of the spool fails (EIO)', targets: spool, lasts: [2, 8], comesRound: 10,
  begin: async ({ services }) => {
    const { pid } = services[INGEST].process;
    if (pid === undefined) throw new Error('the ingest does not run');
    const output = join(tmpdir(), `cc-chaos-strace-${process.pid}-${Date.now()}`);
    const strace = spawn('strace', ['-f', '-p', String(pid), '-e', 'trace=fdatasync,fsync', '-e', 'inject=fdatasync,fsync:error=EIO', '-o', output], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    strace.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = new Promise<string>((resolve) => {
      strace.once('error', ({ message }) => resolve(message)).once('exit', (code) => resolve(`strace ended with ${code}: ${said}`));
    });
    const failed = await Promise.race([ended, pause(STRACE_START_MS)]);
    const attached = /attached/.test(said);
    if (failed !== undefined && !attached) throw new CannotHappenHere(`strace cannot attach: ${failed}`);
    return async () => {
      strace.kill('SIGTERM');
      await ended;
      const traced = readFileSync(output, 'utf8');
      rmSync(output);
      if (!traced.includes('INJECTED')) throw new Error('the ingest synced nothing while it would have failed');
    };
  },
};

export const diskFaults: readonly ChaosFault[] = [full, syncFails];
