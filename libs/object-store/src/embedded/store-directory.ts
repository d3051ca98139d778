import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BucketFiles } from './bucket-files';
import { makeDirectory, readIfThere, syncDirectory, writeDurably } from './durable-files';
import { OssError } from './oss-error';
import { UploadFiles } from './upload-files';
import { Workspace } from './workspace';

const BucketMark = z.object({ createdMs: z.number() });

/** The embedded store's data directory: `buckets/<name>/`, and `tmp/` for what is not yet anything. One process owns it. */
export class StoreDirectory {
  private constructor(private readonly buckets: string, private readonly workspace: Workspace) {}

  /** Makes the directory if need be and clears what a killed run left unfinished. */
  static async open(dataDir: string, nowMs: () => number): Promise<StoreDirectory> {
    const buckets = join(dataDir, 'buckets');
    const temporary = join(dataDir, 'tmp');
    await makeDirectory(buckets);
    await rm(temporary, { recursive: true, force: true });
    await makeDirectory(temporary);
    return new StoreDirectory(buckets, new Workspace(temporary, nowMs));
  }

  /** Where received bytes wait until they are committed. */
  get temporary(): string {
    return this.workspace.temporary;
  }

  /** Safe to repeat. */
  async createBucket(name: string): Promise<void> {
    await this.workspace.exclusively(async () => {
      const directory = join(this.buckets, name);
      if ((await this.createdMs(name)) !== undefined) return;
      await makeDirectory(directory);
      await writeDurably(join(directory, 'bucket.json'), JSON.stringify({ createdMs: this.workspace.nowMs() }), this.temporary);
    });
  }

  /** Throws NoSuchBucket unless the bucket is there. */
  async bucket(name: string): Promise<BucketFiles> {
    const bucket = new BucketFiles(this.workspace, join(this.buckets, name));
    await bucket.requireThere();
    return bucket;
  }

  async uploads(name: string): Promise<UploadFiles> {
    return new UploadFiles(this.workspace, await this.bucket(name));
  }

  async deleteBucket(name: string): Promise<void> {
    const bucket = await this.bucket(name);
    const removed = join(this.temporary, randomUUID());
    await this.workspace.exclusively(async () => {
      await bucket.requireThere();
      const first = await bucket.keys().next();
      if (first.done !== true) throw new OssError('BucketNotEmpty', 'The bucket you tried to delete is not empty.');
      await rename(bucket.directory, removed);
      await syncDirectory(this.buckets);
    });
    await rm(removed, { recursive: true, force: true });
  }

  /** Names in order. */
  async bucketNames(): Promise<string[]> {
    return (await readdir(this.buckets)).sort();
  }

  /** When the bucket was made; undefined when it is not there. */
  async createdMs(name: string): Promise<number | undefined> {
    const text = await readIfThere(join(this.buckets, name, 'bucket.json'));
    return text === undefined ? undefined : BucketMark.parse(JSON.parse(text)).createdMs;
  }
}
