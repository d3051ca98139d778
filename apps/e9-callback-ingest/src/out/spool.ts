import { CcError, describeError } from '@cc/kernel';
import type { SpoolPosition } from '../domain/checkpoint';
import { frame } from '../domain/frames';
import { SegmentBook } from '../domain/segment-book';
import { CheckpointFile } from './checkpoint-file';
import { isLackOfRoom, SegmentWriter } from './segment-writer';
import { SpoolDirectory, unlessMissing, type SegmentRead } from './spool-directory';
import type { RefusalReason, SpoolWatch } from './spool-watch';

interface Waiting {
  readonly bytes: Buffer;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

export interface SpoolLimits {
  /** A new segment is begun after so many bytes. */
  readonly segmentBytes: number;
  /** Bytes that may wait for the disk; more are refused. */
  readonly waitingBytes: number;
  /** Bytes that the log may not have yet; more are refused. */
  readonly backlogBytes: number;
  /** Below so many free bytes the spool is not ready, and what the log has goes before its time. */
  readonly reserveBytes: number;
  /** How long a segment stays that the log has, ms. */
  readonly retentionMs: number;
}

export interface SpoolOptions extends SpoolLimits {
  readonly directory: string;
  readonly watch: SpoolWatch;
  /** The time, epoch ms. */
  readonly nowMs: () => number;
  /** The disk has failed: the spool takes nothing more, and the process should end. */
  readonly onBroken: (reason: string) => void;
}

/** After a callback for which there was no room the spool is not ready for so long: without traffic nothing else shows that room has come. */
const NO_ROOM_MS = 10_000;

interface Parts {
  readonly files: SpoolDirectory;
  readonly book: SegmentBook;
  readonly checkpoint: CheckpointFile;
  readonly writer: SegmentWriter;
}

/**
 * Append-only files that hold what was acknowledged. `append` resolves only after `fdatasync`; all who wait share one
 * write and one sync. Where room is lacking the segment is left behind, and the next append begins a new one. After any
 * other failure nothing is taken any more: what the disk holds is unknown, and a second sync would prove nothing.
 */
export class Spool {
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private writing: Promise<void> | undefined;
  /** No: it is closed or broken. */
  private taking = true;
  private noRoomAtMs = Number.NEGATIVE_INFINITY;
  private behindBytes: number;
  private readonly written = new Set<() => void>();

  private constructor(
    private readonly options: SpoolOptions,
    private readonly parts: Parts,
  ) {
    this.behindBytes = parts.book.bytesFrom(this.position);
  }

  /** @throws CcError `spool-unusable` when the directory cannot be made, read or written. */
  static async open(options: SpoolOptions): Promise<Spool> {
    try {
      return new Spool(options, await openParts(options));
    } catch (cause) {
      throw new CcError('input', 'spool-unusable', `The spool's directory ${options.directory} cannot be used (${describeError(cause)}); it must be a directory that the service may write to`, { cause });
    }
  }

  /** Resolves when the payload is on disk. @throws CcError `spool-unavailable` when it may not be, `callback-too-large`. */
  append(payload: Buffer): Promise<void> {
    return new Promise((done, failed) => {
      const bytes = frame(payload);
      const reason = this.refusal(bytes.length);
      if (reason !== undefined) throw this.refused(reason, 1);
      this.waiting.push({ bytes, done, failed });
      this.waitingBytes += bytes.length;
      this.writing ??= this.writeAll();
    });
  }

  /** Calls back after each write. */
  onWritten(heard: () => void): void {
    this.written.add(heard);
  }

  /** Bytes that the log does not have yet. */
  get backlogBytes(): number {
    return this.behindBytes;
  }

  /** Bytes that may still be written to its disk. */
  freeBytes(): Promise<number> {
    return this.parts.files.freeBytes();
  }

  /** Why callbacks should rather go to another replica; `undefined` where they need not. */
  async unreadyBecause(): Promise<string | undefined> {
    const { backlogBytes, reserveBytes, nowMs } = this.options;
    if (!this.taking) return 'it is closed, or its disk has failed';
    if (this.behindBytes >= backlogBytes) return `${mebibytes(this.behindBytes)} wait for the log, the limit is ${mebibytes(backlogBytes)}`;
    if (nowMs() - this.noRoomAtMs < NO_ROOM_MS) return 'there was no room for a callback';
    const free = await this.freeBytes();
    return free < reserveBytes ? `${mebibytes(free)} are free on its disk, the reserve is ${mebibytes(reserveBytes)}` : undefined;
  }

  /** The numbers of the segments, oldest first. */
  segments(): number[] {
    return this.parts.book.numbers();
  }

  /** How far the log has the spool; the beginning where nothing is known. */
  get position(): SpoolPosition {
    return this.parts.checkpoint.position;
  }

  /** The log has everything before this position. */
  async advance(position: SpoolPosition): Promise<void> {
    const left = position.segment > this.position.segment;
    try {
      await this.parts.checkpoint.save(position);
    } catch (cause) {
      if (!isLackOfRoom(cause)) this.break(cause);
      throw cause;
    } finally {
      this.behindBytes = this.parts.book.bytesFrom(position);
    }
    if (left) await this.tidy();
  }

  /** Removes segments that the log has: those past their retention, and where the disk has less room than the reserve, the oldest whatever their age. Resolves to how many. */
  async tidy(extraBytes = 0): Promise<number> {
    const { reserveBytes, retentionMs, nowMs } = this.options;
    const { book, files } = this.parts;
    const lacking = reserveBytes + extraBytes - (await files.freeBytes());
    const removable = book.removable(this.position, nowMs() - retentionMs, lacking);
    for (const segment of removable) {
      await files.remove(segment).catch(unlessMissing);
      book.forget(segment);
    }
    return removable.length;
  }

  /** Whole frames from a position on; what lies behind an unfinished frame comes with a later call. */
  async read(position: SpoolPosition, limit: number): Promise<SegmentRead> {
    const { files, book } = this.parts;
    return await files.read(position, limit).catch((error: unknown) => {
      unlessMissing(error);
      this.options.watch.missing(position.segment);
      book.forget(position.segment);
      return { payloads: [], nextOffset: position.offset, damaged: 0, rest: 0 };
    });
  }

  /** See {@link SpoolDirectory.keepDamaged}. */
  keepDamaged(segment: number): Promise<void> {
    return this.parts.files.keepDamaged(segment);
  }

  /** Nothing is appended to this segment any more. */
  isFinished(segment: number): boolean {
    return this.parts.writer.isFinished(segment);
  }

  /** Takes no more, and finishes what is waiting. */
  async close(): Promise<void> {
    this.taking = false;
    await this.writing;
    await this.parts.writer.close();
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      const bytes = Buffer.concat(batch.map((waiting) => waiting.bytes));
      try {
        await this.write(bytes);
        for (const { done } of batch) done();
        for (const heard of this.written) heard();
      } catch (cause) {
        this.fail(batch, cause);
      }
      this.waitingBytes -= bytes.length;
    }
    this.writing = undefined;
  }

  /** Where room is lacking, segments that the log has make some. */
  private async write(bytes: Buffer): Promise<void> {
    const { writer, book } = this.parts;
    const segment = await writer.append(bytes).catch(async (error: unknown) => {
      if (!isLackOfRoom(error) || (await this.tidy(bytes.length)) === 0) throw error;
      return await writer.append(bytes);
    });
    book.grow(segment, bytes.length, this.options.nowMs());
    this.behindBytes += bytes.length;
  }

  private fail(batch: readonly Waiting[], cause: unknown): void {
    const lacking = isLackOfRoom(cause);
    if (lacking) this.noRoomAtMs = this.options.nowMs();
    else this.break(cause);
    const error = this.refused(lacking ? 'no-room' : 'broken', batch.length, cause);
    for (const { failed } of batch) failed(error);
  }

  /** Nothing is written after this. */
  private break(cause: unknown): void {
    if (!this.taking) return;
    this.taking = false;
    this.options.onBroken(
      `The spool in ${this.options.directory} cannot be written (${describeError(cause)}). Callbacks are answered 503, and the service ends, since nobody knows what the disk holds of a failed write; what was acknowledged before is in the spool. Look after the disk (kernel log, state of the volume, mounted read-only?), then start the service again: it begins a new segment`,
    );
    const late = this.waiting;
    this.waiting = [];
    for (const { bytes } of late) this.waitingBytes -= bytes.length;
    const error = this.refused('broken', late.length, cause);
    for (const { failed } of late) failed(error);
  }

  private refusal(bytes: number): RefusalReason | undefined {
    if (!this.taking) return 'broken';
    if (this.waitingBytes > 0 && this.waitingBytes + bytes > this.options.waitingBytes) return 'overloaded';
    return this.behindBytes + this.waitingBytes + bytes > this.options.backlogBytes ? 'backlog' : undefined;
  }

  private refused(reason: RefusalReason, count: number, cause?: unknown): CcError {
    this.options.watch.refused(reason, count, cause);
    return new CcError('unavailable', 'spool-unavailable', 'The callback could not be stored; send it again', { cause });
  }
}

async function openParts({ directory, segmentBytes, watch }: SpoolOptions): Promise<Parts> {
  const files = await SpoolDirectory.open(directory);
  const checkpoint = await CheckpointFile.open(directory, () => watch.checkpointLost());
  const { segment, offset } = checkpoint.position;
  const numbers = await files.segments();
  const newest = numbers.at(-1) ?? 0;
  // Only what the newest segment ends with can be what a crash left unfinished; elsewhere it is damage.
  const torn = newest === 0 ? 0 : await files.cutTornTail(newest, newest === segment ? offset : 0);
  if (torn > 0) watch.torn(newest, torn);
  const book = new SegmentBook();
  for (const number of numbers) {
    const { bytes, writtenAtMs } = await files.facts(number);
    book.grow(number, bytes, writtenAtMs);
  }
  // Never a number at which the checkpoint stands, or that it has left behind: the replayer would begin such a segment in its middle, or pass it over.
  const writer = new SegmentWriter(files, segmentBytes, Math.max(newest, segment) + 1, (seconds) => watch.synced(seconds));
  return { files, book, checkpoint, writer };
}

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;
