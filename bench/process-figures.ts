import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const MB = 1024;

/** What a process has used since its start, and what it holds. */
export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly rssMb: number;
}

const nothing: ProcessFigures = { cpuSeconds: 0, rssMb: 0 };

/** Of a process of this machine; nothing where there is no /proc or no such process. */
export function figuresOf(pid: number): ProcessFigures {
  try {
    // Behind the name, which may hold anything: state, ppid, …, utime, stime, cutime and cstime of those waited for.
    const fields = statOf(pid);
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0), 0);
    const rss = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return { cpuSeconds: ticks / TICKS_PER_SECOND, rssMb: Number(rss ?? 0) / MB };
  } catch {
    return nothing;
  }
}

/** Of a process and its children together, as PostgreSQL's server with its sessions. What they share counts once for each. */
export function figuresOfFamily(parent: number): ProcessFigures {
  const family = [parent, ...childrenOf(parent)].map(figuresOf);
  return { cpuSeconds: family.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0), rssMb: family.reduce((sum, { rssMb }) => sum + rssMb, 0) };
}

/** The parent of a process; undefined where that cannot be told. */
export function parentOf(pid: number): number | undefined {
  try {
    return Number(statOf(pid)[1]);
  } catch {
    return undefined;
  }
}

function childrenOf(parent: number): number[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => parentOf(pid) === parent);
  } catch {
    return [];
  }
}

const statOf = (pid: number): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
