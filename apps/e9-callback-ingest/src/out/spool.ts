import { constants } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CcError, describeError } from '@cc/kernel';
import { frame } from '../domain/frames';
import { isLackOfRoom, SegmentWriter } from './segment-writer';
import { SpoolDirectory, unlessThereAlready, type SegmentRead, type SpoolPosition } from './spool-directory';
import type { SpoolWatch } from './spool-watch';

interface Waiting {
  readonly bytes: Buffer;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

const BEGINNING: SpoolPosition = { segment: 0, offset: 0 };
const CHECKPOINT = /^(\d{12}) (\d{16}) [0-9a-f]{8}\n$/;

export interface SpoolOptions {
  readonly directory: string;
  /** A new segment is begun after so many bytes. */
  readonly segmentBytes: number;
  readonly watch: SpoolWatch;
  /** The disk has failed: the spool takes nothing more, and the process should end. */
  readonly onBroken: (reason: string) => void;
}

/**
 * Append-only files that hold what was acknowledged. `append` resolves only after `fdatasync`; all who wait share one
 * write and one sync. Where room is lacking the segment is left behind, and the next append begins a new one. After any
 * other failure nothing is taken any more: what the disk holds is unknown, and a second sync would prove nothing.
 */
export class Spool {
  private waiting: Waiting[] = [];
  private writing: Promise<void> | undefined;
  /** No: it is closed or broken. */
  private taking = true;
  private readonly written = new Set<() => void>();

  private constructor(
    private readonly options: SpoolOptions,
    private readonly files: SpoolDirectory,
    private readonly writer: SegmentWriter,
  ) {}

  /** @throws CcError `spool-unusable` when the directory cannot be made, read or written. */
  static async open(options: SpoolOptions): Promise<Spool> {
    return await Spool.prepared(options).catch((cause: unknown) => {
      throw new CcError('input', 'spool-unusable', `The spool's directory ${options.directory} cannot be used (${describeError(cause)}); it must be a directory that the service may write to`, { cause });
    });
  }

  private static async prepared(options: SpoolOptions): Promise<Spool> {
    const files = await SpoolDirectory.open(options.directory);
    await reserveCheckpoint(options.directory);
    const position = await loadPosition(options.directory);
    const newest = (await files.segments()).at(-1) ?? 0;
    if (newest > 0) await settleTail(files, newest, position, options.watch);
    // Never a number that the replayer has left behind: drained segments are gone, but what they held was read.
    return new Spool(options, files, new SegmentWriter(files, options.segmentBytes, Math.max(newest + 1, position.segment)));
  }

  /** Resolves when the payload is on disk. @throws CcError `spool-unavailable` when it may not be. */
  append(payload: Buffer): Promise<void> {
    return new Promise((done, failed) => {
      if (!this.taking) throw notStored();
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
        await this.writer.append(Buffer.concat(batch.map(({ bytes }) => bytes)));
        for (const { done } of batch) done();
        for (const heard of this.written) heard();
      } catch (cause) {
        const refused = isLackOfRoom(cause) ? batch : this.break(batch, cause);
        const error = notStored(cause);
        for (const { failed } of refused) failed(error);
      }
    }
    this.writing = undefined;
  }

  /** Nothing is written after this: all who wait are refused. */
  private break(batch: readonly Waiting[], cause: unknown): readonly Waiting[] {
    this.taking = false;
    this.options.onBroken(
      `The spool in ${this.options.directory} cannot be written (${describeError(cause)}). Callbacks are answered 503, and the service ends, since nobody knows what the disk holds of a failed write; what was acknowledged before is in the spool. Look after the disk (kernel log, state of the volume, mounted read-only?), then start the service again: it begins a new segment`,
    );
    const refused = [...batch, ...this.waiting];
    this.waiting = [];
    return refused;
  }

  /** The numbers of the segments on disk, oldest first. */
  segments(): Promise<number[]> {
    return this.files.segments();
  }

  /** Whole frames from a position on; what lies behind an unfinished frame comes with a later call. */
  read(position: SpoolPosition, limit: number): Promise<SegmentRead> {
    return this.files.read(position, limit);
  }

  /** See {@link SpoolDirectory.keepDamaged}. */
  keepDamaged(segment: number): Promise<void> {
    return this.files.keepDamaged(segment);
  }

  remove(segment: number): Promise<void> {
    return this.files.remove(segment);
  }

  /** Nothing is appended to this segment any more. */
  isFinished(segment: number): boolean {
    return this.writer.isFinished(segment);
  }

  /** The beginning where nothing readable was saved. */
  loadPosition(): Promise<SpoolPosition> {
    return loadPosition(this.options.directory);
  }

  /** Written over the former one, which takes no room: a disk that the spool itself has filled must not keep it from being drained. */
  async savePosition(position: SpoolPosition): Promise<void> {
    const handle = await open(checkpointPath(this.options.directory), constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      await handle.write(checkpointText(position), 0);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }

  /** Takes no more, and finishes what is waiting. */
  async close(): Promise<void> {
    this.taking = false;
    await this.writing;
    await this.writer.close();
  }
}

function notStored(cause?: unknown): CcError {
  return new CcError('unavailable', 'spool-unavailable', 'The callback could not be stored; send it again', { cause });
}

/** Only what the newest segment ends with can be what a crash left unfinished; elsewhere it is damage. */
async function settleTail(files: SpoolDirectory, newest: number, { segment, offset }: SpoolPosition, watch: SpoolWatch): Promise<void> {
  const bytes = await files.cutTornTail(newest, newest === segment ? offset : 0);
  if (bytes > 0) watch.torn(newest, bytes);
}

const checkpointPath = (directory: string): string => join(directory, 'replayed');

async function loadPosition(directory: string): Promise<SpoolPosition> {
  const text = await readFile(checkpointPath(directory), 'utf8').catch(() => '');
  const [, segment, offset] = CHECKPOINT.exec(text) ?? [];
  if (segment === undefined || offset === undefined) return BEGINNING;
  const position = { segment: Number(segment), offset: Number(offset) };
  return checkpointText(position) === text ? position : BEGINNING;
}

/** Its room is taken while there is some. */
async function reserveCheckpoint(directory: string): Promise<void> {
  await writeFile(checkpointPath(directory), checkpointText(BEGINNING), { flag: 'wx', mode: 0o600 }).catch(unlessThereAlready);
}

/** `segment offset crc`, always of the same length. */
function checkpointText({ segment, offset }: SpoolPosition): string {
  const text = `${String(segment).padStart(12, '0')} ${String(offset).padStart(16, '0')}`;
  return `${text} ${crc32(text).toString(16).padStart(8, '0')}\n`;
}
