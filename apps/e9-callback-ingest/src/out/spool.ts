import { constants } from 'node:fs';
import { link, mkdir, open, readdir, readFile, unlink, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CcError, describeError } from '@cc/kernel';
import { frame, MAX_FRAME_BYTES, readFrames, type FramesRead } from '../domain/frames';

const SEGMENT = /^(\d{12})\.spool$/;
const READ_BYTES = 4 * 1024 * 1024;

interface Waiting {
  readonly bytes: Buffer;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

interface Segment {
  readonly number: number;
  readonly handle: FileHandle;
  size: number;
}

/** How far the replayer has got. */
export interface SpoolPosition {
  readonly segment: number;
  readonly offset: number;
}

const BEGINNING: SpoolPosition = { segment: 0, offset: 0 };
const CHECKPOINT = /^(\d{12}) (\d{16}) [0-9a-f]{8}\n$/;

export interface SpoolOptions {
  readonly directory: string;
  readonly segmentBytes: number;
}

/**
 * Append-only files that hold what was acknowledged. `append` resolves only after `fdatasync`; all who wait share one
 * write and one sync. After an I/O error the segment is left behind for good (a second sync of the same file proves
 * nothing) and the next append begins a new one.
 */
export class Spool {
  private waiting: Waiting[] = [];
  private active: Segment | undefined;
  private writing: Promise<void> | undefined;
  private nextSegment = 1;
  private readonly written = new Set<() => void>();

  private constructor(private readonly options: SpoolOptions) {}

  /** @throws CcError `spool-unusable` when the directory cannot be made, read or written. */
  static async open(options: SpoolOptions): Promise<Spool> {
    return await Spool.prepared(options).catch((cause: unknown) => {
      throw new CcError('input', 'spool-unusable', `The spool's directory ${options.directory} cannot be used (${describeError(cause)}); it must be a directory that the service may write to`, { cause });
    });
  }

  private static async prepared(options: SpoolOptions): Promise<Spool> {
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    const spool = new Spool(options);
    await spool.reserveCheckpoint();
    // Never a number that the replayer has left behind: drained segments are gone, but what they held was read.
    spool.nextSegment = Math.max(((await spool.segments()).at(-1) ?? 0) + 1, (await spool.loadPosition()).segment);
    return spool;
  }

  /** Resolves when the payload is on disk. @throws CcError `spool-unavailable` when it may not be. */
  append(payload: Buffer): Promise<void> {
    return new Promise((done, failed) => {
      this.waiting.push({ bytes: frame(payload), done, failed });
      this.writing ??= this.writeAll();
    });
  }

  /** Calls back after each write. */
  onWritten(heard: () => void): void {
    this.written.add(heard);
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.writeBatch(Buffer.concat(batch.map(({ bytes }) => bytes)));
        for (const { done } of batch) done();
        for (const heard of this.written) heard();
      } catch (cause) {
        await this.abandonSegment();
        const error = new CcError('unavailable', 'spool-unavailable', 'The callback could not be stored; send it again', { cause });
        for (const { failed } of batch) failed(error);
      }
    }
    this.writing = undefined;
  }

  private async writeBatch(bytes: Buffer): Promise<void> {
    const segment = await this.activeSegment();
    const { bytesWritten } = await segment.handle.write(bytes, 0, bytes.length);
    if (bytesWritten !== bytes.length) throw new Error(`only ${bytesWritten} of ${bytes.length} bytes were written`);
    await segment.handle.datasync();
    segment.size += bytes.length;
  }

  private async activeSegment(): Promise<Segment> {
    if (this.active !== undefined && this.active.size < this.options.segmentBytes) return this.active;
    await this.active?.handle.close();
    const number = this.nextSegment;
    try {
      // Until the segment is active its number is not behind us: the replayer must not take it for a finished, empty one.
      this.active = { number, handle: await this.createSegment(number), size: 0 };
      return this.active;
    } finally {
      this.nextSegment = number + 1;
    }
  }

  private async createSegment(number: number): Promise<FileHandle> {
    const handle = await open(this.pathOf(number), constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_APPEND, 0o600);
    try {
      await syncDirectory(this.options.directory);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  private async abandonSegment(): Promise<void> {
    const { active } = this;
    this.active = undefined;
    await active?.handle.close().catch(() => undefined);
    // Nothing in it was acknowledged: a disk that refuses each write would be left full of empty files.
    if (active?.size === 0) await this.remove(active.number).catch(() => undefined);
  }

  /** The numbers of the segments on disk, oldest first. */
  async segments(): Promise<number[]> {
    const names = await readdir(this.options.directory);
    return names.flatMap((name) => SEGMENT.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b);
  }

  /** Whole frames from a position on; what lies behind an unfinished frame comes with a later call. */
  async read({ segment, offset }: SpoolPosition, limit: number): Promise<FramesRead> {
    const handle = await open(this.pathOf(segment), 'r');
    try {
      const bytes = Buffer.alloc(READ_BYTES);
      const { bytesRead } = await handle.read(bytes, 0, READ_BYTES, offset);
      const frames = readFrames(bytes.subarray(0, bytesRead), limit);
      // A sound frame that began before this would lie in what was read, and would have been found.
      if (frames.payloads.length === 0 && bytesRead === READ_BYTES) return { payloads: [], nextOffset: offset + READ_BYTES - MAX_FRAME_BYTES + 1, damaged: 1 };
      return { ...frames, nextOffset: offset + frames.nextOffset };
    } finally {
      await handle.close();
    }
  }

  /** Keeps what a segment holds beside the spool, as `….damaged`, for a person to look at; removing the segment leaves that. */
  async keepDamaged(segment: number): Promise<void> {
    await link(this.pathOf(segment), `${this.pathOf(segment)}.damaged`).catch(unlessThereAlready);
    await syncDirectory(this.options.directory);
  }

  async remove(segment: number): Promise<void> {
    await unlink(this.pathOf(segment));
  }

  /** Nothing is appended to this segment any more. */
  isFinished(segment: number): boolean {
    return this.active === undefined ? segment < this.nextSegment : segment < this.active.number;
  }

  /** The beginning where nothing readable was saved. */
  async loadPosition(): Promise<SpoolPosition> {
    const text = await readFile(this.checkpointPath, 'utf8').catch(() => '');
    const [, segment, offset] = CHECKPOINT.exec(text) ?? [];
    if (segment === undefined || offset === undefined) return BEGINNING;
    const position = { segment: Number(segment), offset: Number(offset) };
    return checkpointText(position) === text ? position : BEGINNING;
  }

  /** Its room is taken while there is some. */
  private async reserveCheckpoint(): Promise<void> {
    await writeFile(this.checkpointPath, checkpointText(BEGINNING), { flag: 'wx', mode: 0o600 }).catch(unlessThereAlready);
  }

  /** Written over the former one, which takes no room: a disk that the spool itself has filled must not keep it from being drained. */
  async savePosition(position: SpoolPosition): Promise<void> {
    const handle = await open(this.checkpointPath, constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      await handle.write(checkpointText(position), 0);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }

  async close(): Promise<void> {
    await this.writing;
    await this.abandonSegment();
  }

  private get checkpointPath(): string {
    return join(this.options.directory, 'replayed');
  }

  private pathOf(segment: number): string {
    return join(this.options.directory, `${String(segment).padStart(12, '0')}.spool`);
  }
}

/** `segment offset crc`, always of the same length. */
function checkpointText({ segment, offset }: SpoolPosition): string {
  const text = `${String(segment).padStart(12, '0')} ${String(offset).padStart(16, '0')}`;
  return `${text} ${crc32(text).toString(16).padStart(8, '0')}\n`;
}

function unlessThereAlready(error: unknown): void {
  if (!(typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST')) throw error;
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
