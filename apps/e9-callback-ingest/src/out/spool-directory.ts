import { constants } from 'node:fs';
import { link, mkdir, open, readdir, stat, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { SpoolPosition } from '../domain/checkpoint';
import { MAX_FRAME_BYTES, readFrames, type FramesRead } from '../domain/frames';
import type { SegmentFacts } from '../domain/segment-book';

const SEGMENT = /^(\d{12})\.spool$/;
const READ_BYTES = 4 * 1024 * 1024;
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** What was read of a segment from a position on. */
export interface SegmentRead extends FramesRead {
  /** Bytes behind `nextOffset` that were seen and are no whole frame. */
  readonly rest: number;
}

/** The spool's files. Nothing here decides; every error is the file system's own. */
export class SpoolDirectory {
  private constructor(readonly path: string) {}

  static async open(path: string): Promise<SpoolDirectory> {
    const made = await mkdir(path, { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncNames(resolve(path), resolve(made));
    return new SpoolDirectory(path);
  }

  /** The numbers of the segments, oldest first. */
  async segments(): Promise<number[]> {
    const names = await readdir(this.path);
    return names.flatMap((name) => SEGMENT.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b);
  }

  async facts(segment: number): Promise<SegmentFacts> {
    const { size, mtimeMs } = await stat(this.pathOf(segment));
    return { bytes: size, writtenAtMs: mtimeMs };
  }

  /** Bytes that may still be written to this file system. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.path);
    return bavail * bsize;
  }

  /** A new segment, whose name is on disk when it resolves. */
  async create(segment: number): Promise<FileHandle> {
    const handle = await open(this.pathOf(segment), constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_APPEND, 0o600);
    try {
      await syncDirectory(this.path);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Whole frames from a position on; what lies behind an unfinished frame comes with a later call. */
  async read({ segment, offset }: SpoolPosition, limit: number): Promise<SegmentRead> {
    const handle = await open(this.pathOf(segment), 'r');
    try {
      const bytes = Buffer.allocUnsafe(READ_BYTES);
      const { bytesRead } = await handle.read(bytes, 0, READ_BYTES, offset);
      const frames = readFrames(bytes.subarray(0, bytesRead), limit);
      // A sound frame that began before this would lie in what was read, and would have been found.
      if (frames.payloads.length === 0 && bytesRead === READ_BYTES) return { payloads: [], nextOffset: offset + READ_BYTES - MAX_FRAME_BYTES + 1, damaged: 1, rest: MAX_FRAME_BYTES - 1 };
      return { ...frames, nextOffset: offset + frames.nextOffset, rest: bytesRead - frames.nextOffset };
    } finally {
      await handle.close();
    }
  }

  /**
   * Cuts off what lies behind the last whole frame of the segment that a process was writing to when it ended: it was never
   * acknowledged. Only of that segment can this be said. Resolves to how many bytes that were.
   * @param from where reading may begin: the beginning of a frame.
   */
  async cutTornTail(segment: number, from: number): Promise<number> {
    let offset = from;
    for (;;) {
      const { nextOffset, rest } = await this.read({ segment, offset }, NO_LIMIT);
      if (nextOffset > offset) offset = nextOffset;
      else if (rest === 0) return 0;
      else break;
    }
    const { bytes } = await this.facts(segment);
    await this.cut(segment, offset);
    return bytes - offset;
  }

  /** Shortens a segment to so many bytes. */
  async cut(segment: number, bytes: number): Promise<void> {
    const handle = await open(this.pathOf(segment), 'r+');
    try {
      await handle.truncate(bytes);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }

  /** Keeps what a segment holds beside the spool, as `….damaged`, for a person to look at; removing the segment leaves that. */
  async keepDamaged(segment: number): Promise<void> {
    await link(this.pathOf(segment), `${this.pathOf(segment)}.damaged`).catch(unlessThereAlready);
    await syncDirectory(this.path);
  }

  async remove(segment: number): Promise<void> {
    await unlink(this.pathOf(segment));
  }

  private pathOf(segment: number): string {
    return join(this.path, `${String(segment).padStart(12, '0')}.spool`);
  }
}

/** New directories, from the outermost on, are names in the one around them. */
async function syncNames(innermost: string, outermost: string): Promise<void> {
  await syncDirectory(dirname(innermost));
  if (innermost !== outermost) await syncNames(dirname(innermost), outermost);
}

/** For an attempt to make what may be there. */
export function unlessThereAlready(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error;
}

/** For a file that may be gone. */
export function unlessMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error;
}

/** The system's name of a failure, such as `ENOSPC`. */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** The names in a directory are on disk when it resolves. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
