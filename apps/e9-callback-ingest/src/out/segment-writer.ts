import type { FileHandle } from 'node:fs/promises';
import { codeOf, type SpoolDirectory } from './spool-directory';

/** The disk, a quota or the process's own file descriptors are used up: this passes when something is freed. */
const USED_UP: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'ENFILE', 'EMFILE']);

/** False for every other failure: what the device or the file system then holds is unknown, and another try proves nothing. */
export function isLackOfRoom(error: unknown): boolean {
  return USED_UP.has(codeOf(error));
}

interface Segment {
  readonly number: number;
  readonly handle: FileHandle;
  /** Bytes that are on disk: what was acknowledged. */
  size: number;
}

/** Writes the newest segment. One call at a time. */
export class SegmentWriter {
  private active: Segment | undefined;

  /**
   * @param next the number of the first segment that it begins.
   * @param synced told how long each `fdatasync` took, seconds.
   */
  constructor(
    private readonly files: SpoolDirectory,
    private readonly segmentBytes: number,
    private next: number,
    private readonly synced: (seconds: number) => void,
  ) {}

  /** The bytes are on disk when it resolves, to the number of their segment. After a failure the descriptor is not used again, and the next call begins another segment. */
  async append(bytes: Buffer): Promise<number> {
    const segment = await this.segment();
    try {
      await writeAll(segment.handle, bytes);
      const beganMs = performance.now();
      await segment.handle.datasync();
      this.synced((performance.now() - beganMs) / 1000);
    } catch (error) {
      await this.leave(segment, isLackOfRoom(error));
      throw error;
    }
    segment.size += bytes.length;
    return segment.number;
  }

  /** Nothing is appended to this segment any more. */
  isFinished(segment: number): boolean {
    return segment < (this.active?.number ?? this.next);
  }

  async close(): Promise<void> {
    const { active } = this;
    this.active = undefined;
    await active?.handle.close();
  }

  private async segment(): Promise<Segment> {
    if (this.active !== undefined && this.active.size < this.segmentBytes) return this.active;
    await this.close();
    const number = this.next;
    try {
      // Until the segment is active its number is not behind us: the replayer must not take it for a finished, empty one.
      this.active = { number, handle: await this.files.create(number), size: 0 };
      return this.active;
    } finally {
      this.next = number + 1;
    }
  }

  /**
   * Where only room was lacking, what was written in part is cut off, so that a finished segment ends with a whole frame, and
   * a file without any is removed. After any other failure nothing more is asked of this disk.
   */
  private async leave({ number, handle, size }: Segment, cut: boolean): Promise<void> {
    this.active = undefined;
    await handle.close().catch(() => undefined);
    if (cut) await (size === 0 ? this.files.remove(number) : this.files.cut(number, size)).catch(unlessLackOfRoom);
    // Its end is for the next start to judge.
    else this.next = number;
  }
}

/** An end that could not be cut off counts as damage, and is read past. */
function unlessLackOfRoom(error: unknown): void {
  if (!isLackOfRoom(error)) throw error;
}

/** A write may take a part only, as on a disk that is nearly full; what it says of the rest is the reason. */
async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, offset, bytes.length - offset);
    if (bytesWritten === 0) throw new Error('A write to the spool took nothing');
    offset += bytesWritten;
  }
}
