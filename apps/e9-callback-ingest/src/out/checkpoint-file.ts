import { open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { BEGINNING, CHECKPOINT_BYTES, checkpointText, parseCheckpoint, type Checkpoint, type SpoolPosition } from '../domain/checkpoint';
import { syncDirectory, unlessMissing } from './spool-directory';

/** Each slot in a block of its own: a write that is cut short spoils one. */
const SLOT_BYTES = 4096;
const SLOTS = [0, 1];

/**
 * Where the replayer has got to. Written in place, in two slots by turns: a disk that the spool itself has filled must not
 * keep it from being drained, and a write that a crash cuts short leaves the former one.
 */
export class CheckpointFile {
  private constructor(
    private readonly path: string,
    private latest: Checkpoint,
  ) {}

  /** @param lost told when a file is there and says nothing: the replay begins anew, and what the log has already it gets again, with the same ids. */
  static async open(directory: string, lost: () => void): Promise<CheckpointFile> {
    const path = join(directory, 'checkpoint');
    const text = await readFile(path, 'latin1').catch(unlessMissing);
    const former = await formerPosition(directory);
    const found = SLOTS.flatMap((slot) => parseCheckpoint((text ?? '').slice(slot * SLOT_BYTES).slice(0, CHECKPOINT_BYTES)) ?? []).sort((a, b) => b.sequence - a.sequence)[0];
    if (text !== undefined && found === undefined && former === undefined) lost();
    const file = new CheckpointFile(path, found ?? { ...(former ?? BEGINNING), sequence: 0 });
    if (found === undefined) await file.makeRoom();
    if (former !== undefined) await unlink(formerPath(directory));
    if (found === undefined) await syncDirectory(directory);
    return file;
  }

  get position(): SpoolPosition {
    const { segment, offset } = this.latest;
    return { segment, offset };
  }

  /** A position that cannot be saved counts all the same: what the log has already must not go there again and again. */
  async save(position: SpoolPosition): Promise<void> {
    this.latest = { ...position, sequence: this.latest.sequence + 1 };
    await this.write(Buffer.from(checkpointText(this.latest)), (this.latest.sequence % SLOTS.length) * SLOT_BYTES, 'r+');
  }

  /** The room of both slots is taken while there is some. */
  private async makeRoom(): Promise<void> {
    const slot = Buffer.alloc(SLOT_BYTES, '\n');
    slot.write(checkpointText(this.latest));
    await this.write(Buffer.concat(SLOTS.map(() => slot)), 0, 'w');
  }

  /** Each time with a descriptor of its own: one whose sync has failed says nothing of the next. */
  private async write(bytes: Buffer, at: number, flags: string): Promise<void> {
    const handle = await open(this.path, flags, 0o600);
    try {
      await handle.write(bytes, 0, bytes.length, at);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }
}

const formerPath = (directory: string): string => join(directory, 'replayed');

/** Of a program that had one slot in another file: `segment offset CRC-32`. */
async function formerPosition(directory: string): Promise<SpoolPosition | undefined> {
  const text = await readFile(formerPath(directory), 'latin1').catch(unlessMissing);
  const [, said, segment, offset, checksum] = /^((\d{12}) (\d{16})) ([0-9a-f]{8})\n$/.exec(text ?? '') ?? [];
  if (text === undefined) return undefined;
  return said !== undefined && crc32(said) === Number.parseInt(checksum ?? '', 16) ? { segment: Number(segment), offset: Number(offset) } : BEGINNING;
}
