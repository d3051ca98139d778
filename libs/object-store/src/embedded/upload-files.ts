import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { BucketFiles, StoredObject } from './bucket-files';
import { type ReceivedFile, isNotThere, makeDirectory, moveDurably, readIfThere, receiveFile, writeDurably } from './durable-files';
import { OssError } from './oss-error';
import type { Workspace } from './workspace';

const smallestPartBytes = 100 * 1024;

const Upload = z.object({ key: z.string(), startedMs: z.number(), headers: z.record(z.string(), z.string()), forbidOverwrite: z.boolean() });
export type Upload = z.output<typeof Upload>;

const Part = z.object({ number: z.number(), dataFile: z.string(), sizeBytes: z.number(), md5: z.string(), crc64: z.string(), lastModifiedMs: z.number() });
export type Part = z.output<typeof Part>;

/** The multipart uploads of one bucket: a directory each, with `upload.json`, and per part its data and a description that commits it. */
export class UploadFiles {
  private readonly uploads: string;

  constructor(private readonly workspace: Workspace, private readonly bucket: BucketFiles) {
    this.uploads = join(bucket.directory, 'uploads');
  }

  async start(upload: Omit<Upload, 'startedMs'>): Promise<string> {
    const uploadId = randomUUID().replaceAll('-', '').toUpperCase();
    await this.workspace.exclusively(async () => {
      await this.bucket.requireThere();
      await makeDirectory(join(this.uploads, uploadId));
      await writeDurably(join(this.uploads, uploadId, 'upload.json'), JSON.stringify({ ...upload, startedMs: this.workspace.nowMs() }), this.workspace.temporary);
    });
    return uploadId;
  }

  /** Throws NoSuchUpload unless the upload is going on, for this key. */
  async find(uploadId: string, key: string): Promise<Upload> {
    const text = /^[0-9A-F]{32}$/.test(uploadId) ? await readIfThere(join(this.uploads, uploadId, 'upload.json')) : undefined;
    const upload = text === undefined ? undefined : Upload.parse(JSON.parse(text));
    if (upload === undefined || upload.key !== key) throw new OssError('NoSuchUpload', 'The specified upload does not exist.');
    return upload;
  }

  /** A part sent again replaces the former. */
  async addPart(uploadId: string, key: string, number: number, received: ReceivedFile): Promise<void> {
    const directory = join(this.uploads, uploadId);
    const dataFile = `${number}-${randomUUID()}.bin`;
    try {
      await this.workspace.exclusively(async () => {
        await this.find(uploadId, key);
        const former = await this.part(uploadId, number);
        await moveDurably(received.path, join(directory, dataFile));
        const part = { number, dataFile, sizeBytes: received.sizeBytes, md5: received.md5.toString('hex'), crc64: received.crc64, lastModifiedMs: this.workspace.nowMs() };
        await writeDurably(join(directory, `${number}.json`), JSON.stringify(part), this.workspace.temporary);
        if (former !== undefined) await rm(join(directory, former.dataFile), { force: true });
      });
    } finally {
      await rm(received.path, { force: true });
    }
  }

  /** In the order of their numbers. */
  async parts(uploadId: string): Promise<Part[]> {
    const numbers = (await readdir(join(this.uploads, uploadId))).map((name) => /^(\d+)\.json$/.exec(name)?.[1]).filter((number) => number !== undefined);
    const parts: Part[] = [];
    for (const number of numbers) {
      const part = await this.part(uploadId, Number(number));
      if (part !== undefined) parts.push(part);
    }
    return parts.sort((a, b) => a.number - b.number);
  }

  /** Joins the named parts into the object; the upload is over. */
  async complete(uploadId: string, key: string, wanted: readonly { readonly number: number; readonly md5: string }[], maxBytes: number): Promise<StoredObject> {
    const upload = await this.find(uploadId, key);
    const stored = new Map((await this.parts(uploadId)).map((part): [number, Part] => [part.number, part]));
    const parts = wanted.map(({ number, md5 }, index) => {
      const part = stored.get(number);
      if (index > 0 && number <= (wanted[index - 1]?.number ?? 0)) throw new OssError('InvalidPartOrder', 'The parts are not in ascending order.');
      if (part === undefined || part.md5 !== md5) throw new OssError('InvalidPart', 'One or more of the parts is not there or has another ETag.');
      if (index < wanted.length - 1 && part.sizeBytes < smallestPartBytes) throw new OssError('EntityTooSmall', 'Only the last part may be smaller than 100 KiB.');
      return part;
    });
    const received = await receiveFile(this.read(uploadId, parts), this.workspace.temporary, maxBytes);
    const digest = createHash('md5').update(Buffer.from(parts.map((part) => part.md5).join(''), 'hex')).digest('hex').toUpperCase();
    const object = await this.bucket.commit(received, { key, etag: `${digest}-${parts.length}`, headers: upload.headers, forbidOverwrite: upload.forbidOverwrite });
    await this.discard(uploadId);
    return object;
  }

  async abort(uploadId: string, key: string): Promise<void> {
    await this.find(uploadId, key);
    await this.discard(uploadId);
  }

  /** Those that are going on, by key and then by id. */
  async list(): Promise<(Upload & { readonly uploadId: string })[]> {
    const found: (Upload & { readonly uploadId: string })[] = [];
    for (const uploadId of await this.ids()) {
      const text = await readIfThere(join(this.uploads, uploadId, 'upload.json'));
      if (text !== undefined) found.push({ ...Upload.parse(JSON.parse(text)), uploadId });
    }
    return found.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || (a.uploadId < b.uploadId ? -1 : 1));
  }

  private async ids(): Promise<string[]> {
    try {
      return await readdir(this.uploads);
    } catch (error) {
      if (isNotThere(error)) return [];
      throw error;
    }
  }

  private async part(uploadId: string, number: number): Promise<Part | undefined> {
    const text = await readIfThere(join(this.uploads, uploadId, `${number}.json`));
    return text === undefined ? undefined : Part.parse(JSON.parse(text));
  }

  private async *read(uploadId: string, parts: readonly Part[]): AsyncGenerator<Buffer> {
    for (const part of parts) {
      const source: AsyncIterable<Buffer> = createReadStream(join(this.uploads, uploadId, part.dataFile));
      yield* source;
    }
  }

  private async discard(uploadId: string): Promise<void> {
    const removed = join(this.workspace.temporary, randomUUID());
    await this.workspace.exclusively(() => rename(join(this.uploads, uploadId), removed).catch(() => undefined));
    await rm(removed, { recursive: true, force: true });
  }
}
