import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, access, open, opendir, readdir, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type ReceivedFile, isNotThere, makeDirectory, moveDurably, readIfThere, syncDirectory, writeDurably } from './durable-files';
import { OssError } from './oss-error';
import type { Workspace } from './workspace';

const StoredObject = z.object({
  key: z.string(),
  dataFile: z.string().regex(/^[0-9a-f-]+\.bin$/),
  sizeBytes: z.number(),
  /** As OSS writes it, without quotes. */
  etag: z.string(),
  crc64: z.string(),
  lastModifiedMs: z.number(),
  /** Those that come back with the object: Content-Type and its like, x-oss-meta-*. */
  headers: z.record(z.string(), z.string()),
});
export type StoredObject = z.output<typeof StoredObject>;

export interface NewObject {
  readonly key: string;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly forbidOverwrite: boolean;
}

/**
 * The objects of one bucket. Each has a directory, named by the digest of its key, with `meta.json` and the data
 * file that it names. Writing meta.json is the commit: a data file that it does not name does not exist.
 */
export class BucketFiles {
  private readonly objects: string;

  constructor(private readonly workspace: Workspace, readonly directory: string) {
    this.objects = join(directory, 'objects');
  }

  /** Throws NoSuchBucket unless the bucket is there. */
  async requireThere(): Promise<void> {
    try {
      await access(join(this.directory, 'bucket.json'));
    } catch (error) {
      if (isNotThere(error)) throw new OssError('NoSuchBucket', 'The specified bucket does not exist.');
      throw error;
    }
  }

  async find(key: string): Promise<StoredObject | undefined> {
    return readStored(join(this.directoryOf(key), 'meta.json'));
  }

  /** The object and its data, opened: it stays readable even when it is replaced or deleted meanwhile. */
  async open(key: string): Promise<{ readonly object: StoredObject; readonly file: FileHandle }> {
    for (let tries = 1; ; tries++) {
      const object = await this.find(key);
      if (object === undefined) throw new OssError('NoSuchKey', 'The specified key does not exist.');
      try {
        return { object, file: await open(join(this.directoryOf(key), object.dataFile), 'r') };
      } catch (error) {
        // Replaced between the two reads: the next look finds its successor.
        if (!isNotThere(error) || tries >= 5) throw error;
      }
    }
  }

  /** Makes the received bytes the object; from its return on, it survives a crash. The received file is gone either way. */
  async commit(received: ReceivedFile, object: NewObject): Promise<StoredObject> {
    try {
      return await this.workspace.exclusively(async () => {
        await this.requireThere();
        if (object.forbidOverwrite && (await this.find(object.key)) !== undefined) {
          throw new OssError('FileAlreadyExists', 'The object you specified already exists and can not be overwritten.');
        }
        const directory = this.directoryOf(object.key);
        const dataFile = `${randomUUID()}.bin`;
        await makeDirectory(directory);
        await moveDurably(received.path, join(directory, dataFile));
        const { sizeBytes, crc64 } = received;
        const stored = { key: object.key, dataFile, sizeBytes, etag: object.etag, crc64, lastModifiedMs: this.workspace.nowMs(), headers: { ...object.headers } };
        await writeDurably(join(directory, 'meta.json'), JSON.stringify(stored), this.workspace.temporary);
        await removeOthers(directory, ['meta.json', dataFile]);
        return stored;
      });
    } finally {
      await rm(received.path, { force: true });
    }
  }

  /** Deleting what is not there is success, as in OSS. */
  async delete(key: string): Promise<void> {
    await this.workspace.exclusively(async () => {
      const directory = this.directoryOf(key);
      try {
        await unlink(join(directory, 'meta.json'));
      } catch (error) {
        if (isNotThere(error)) return;
        throw error;
      }
      await syncDirectory(directory);
      await rm(directory, { recursive: true, force: true });
    });
  }

  async *keys(): AsyncGenerator<string> {
    for (const group of await namesIn(this.objects)) {
      for (const name of await namesIn(join(this.objects, group))) {
        const stored = await readStored(join(this.objects, group, name, 'meta.json'));
        if (stored !== undefined) yield stored.key;
      }
    }
  }

  private directoryOf(key: string): string {
    // A digest: no key can name a path, and two keys never share one, not even where the file system ignores case.
    const digest = createHash('sha256').update(key).digest('hex');
    return join(this.objects, digest.slice(0, 2), digest);
  }
}

async function readStored(path: string): Promise<StoredObject | undefined> {
  const text = await readIfThere(path);
  return text === undefined ? undefined : StoredObject.parse(JSON.parse(text));
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isNotThere(error)) return [];
    throw error;
  }
}

async function removeOthers(directory: string, keep: readonly string[]): Promise<void> {
  for await (const entry of await opendir(directory)) {
    if (!keep.includes(entry.name)) await rm(join(directory, entry.name), { force: true });
  }
}
