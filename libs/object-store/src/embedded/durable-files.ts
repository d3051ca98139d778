import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Crc64 } from '../crc64';
import { OssError } from './oss-error';

/** Bytes that are on disk, under a name that nothing refers to yet. */
export interface ReceivedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly md5: Buffer;
  readonly crc64: string;
}

/** Writes what arrives to a new file in `directory` and syncs it; leaves nothing behind when it fails. Constant memory. */
export async function receiveFile(body: AsyncIterable<Buffer>, directory: string, maxBytes: number): Promise<ReceivedFile> {
  const path = join(directory, randomUUID());
  const md5 = createHash('md5');
  const crc64 = new Crc64();
  let sizeBytes = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of body) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw new OssError('EntityTooLarge', `An object has at most ${maxBytes} bytes here.`);
      md5.update(chunk);
      crc64.update(chunk);
      // FileHandle.write may write less than it was given; writeFile goes on until all of it is there.
      await file.writeFile(chunk);
    }
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw error;
  }
  await file.close();
  return { path, sizeBytes, md5: md5.digest(), crc64: crc64.digest() };
}

/** Replaces the file at `path` by `text`: after a crash there is the old or the new content, never a part. */
export async function writeDurably(path: string, text: string, temporaryDirectory: string): Promise<void> {
  const temporary = join(temporaryDirectory, randomUUID());
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await moveDurably(temporary, path);
}

/** Renames within the file system; returns when the new name is on disk. */
export async function moveDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncDirectory(dirname(to));
}

/** Makes the directory and those above it, and their names durable. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
}

export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The file's text, or undefined when there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

export function isNotThere(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
