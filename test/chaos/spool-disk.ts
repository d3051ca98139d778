import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describeError } from '@cc/kernel';

const MEGABYTE = 1024 * 1024;
/** Room for a run's callbacks, and soon filled. */
const DISK_MEGABYTES = 96;
const FILLER = 'filler';

/** The disk that the spool lies on: a small file system of its own, to be filled; or a plain directory, where none can be mounted. */
export class SpoolDisk {
  private constructor(
    /** For the spool. */
    readonly spoolDir: string,
    private readonly mountPoint: string,
    /** Why it cannot be filled. */
    readonly obstacle: string | undefined,
  ) {}

  static make(directory: string): SpoolDisk {
    const mountPoint = join(directory, 'spool-disk');
    mkdirSync(mountPoint);
    const obstacle = mount(join(directory, 'spool-disk.img'), mountPoint);
    const spoolDir = join(mountPoint, 'spool');
    mkdirSync(spoolDir);
    return new SpoolDisk(spoolDir, mountPoint, obstacle);
  }

  /** Leaves no byte free. */
  fill(): void {
    const file = openSync(join(this.mountPoint, FILLER), 'w');
    try {
      for (const size of [MEGABYTE, 4096, 512, 1]) fillBy(file, Buffer.alloc(size, 0x55));
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(join(this.mountPoint, FILLER), { force: true });
  }

  remove(): void {
    if (this.obstacle === undefined) execFileSync('umount', ['-l', this.mountPoint]);
  }
}

/** A file system with a journal, as the spool's disk has in life. Undefined: it is mounted. */
function mount(image: string, mountPoint: string): string | undefined {
  try {
    const file = openSync(image, 'w');
    ftruncateSync(file, DISK_MEGABYTES * MEGABYTE);
    closeSync(file);
    // All of it for everybody: what root may still write to would not be full for the ingest.
    execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', image], { stdio: 'pipe' });
    execFileSync('mount', ['-o', 'loop', image, mountPoint], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `no file system can be mounted here: ${describeError(error).split('\n')[0] ?? ''}`;
  }
}

function fillBy(file: number, block: Buffer): void {
  try {
    for (;;) if (writeSync(file, block) < block.length) return;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}
