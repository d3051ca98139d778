import { rm } from 'node:fs/promises';
import type { StoredObject } from './bucket-files';
import { readByteRange } from './byte-range';
import { type ReceivedFile, receiveFile } from './durable-files';
import { OssError } from './oss-error';
import { type OssReply, emptyReply, isoTime, xmlReply } from './oss-reply';
import type { OssRequest } from './oss-request';
import { requireDigest } from './request-body';
import type { StoreDirectory } from './store-directory';

const keptHeaders = new Set(['content-type', 'cache-control', 'content-disposition', 'content-encoding', 'content-language', 'expires']);
const overridable = [...keptHeaders].map((name): [string, string] => [`response-${name}`, name]);

/** The headers of a request that belong to the object that it makes. */
export function objectHeaders(request: OssRequest): Record<string, string> {
  const kept = [...request.headers].filter(([name]) => keptHeaders.has(name) || name.startsWith('x-oss-meta-'));
  return { 'content-type': 'application/octet-stream', ...Object.fromEntries(kept) };
}

export function forbidsOverwrite(request: OssRequest): boolean {
  return request.headers.get('x-oss-forbid-overwrite') === 'true';
}

/** The body on disk and checked; throws, and leaves nothing, when it is too large or not what was declared. */
export async function receiveBody(store: StoreDirectory, request: OssRequest, maxBytes: number): Promise<ReceivedFile> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw new OssError('EntityTooLarge', `An object has at most ${maxBytes} bytes here.`);
  const received = await receiveFile(request.body, store.temporary, maxBytes);
  try {
    requireDigest(request, received.md5);
  } catch (error) {
    await rm(received.path, { force: true });
    throw error;
  }
  return received;
}

export async function putObject(store: StoreDirectory, request: OssRequest, maxBytes: number): Promise<OssReply> {
  const bucket = await store.bucket(request.bucket);
  const received = await receiveBody(store, request, maxBytes);
  const etag = received.md5.toString('hex').toUpperCase();
  const object = await bucket.commit(received, { key: request.key, etag, headers: objectHeaders(request), forbidOverwrite: forbidsOverwrite(request) });
  return emptyReply(200, { ...identity(object), 'content-md5': received.md5.toString('base64') });
}

export async function copyObject(store: StoreDirectory, request: OssRequest, maxBytes: number): Promise<OssReply> {
  const source = /^\/?([^/]+)\/(.+)$/s.exec(decodeSource(request.headers.get('x-oss-copy-source') ?? ''));
  if (source === null) throw new OssError('InvalidArgument', 'The copy source is /bucket/key.');
  const [, fromBucket = '', fromKey = ''] = source;
  const { object: original, file } = await (await store.bucket(fromBucket)).open(fromKey);
  const bucket = await store.bucket(request.bucket).catch(async (error: unknown) => {
    await file.close();
    throw error;
  });
  const received = await receiveFile(file.createReadStream(), store.temporary, maxBytes);
  const replaces = request.headers.get('x-oss-metadata-directive')?.toUpperCase() === 'REPLACE';
  const headers = replaces ? objectHeaders(request) : original.headers;
  const object = await bucket.commit(received, { key: request.key, etag: original.etag, headers, forbidOverwrite: forbidsOverwrite(request) });
  return xmlReply(['CopyObjectResult', [['LastModified', isoTime(object.lastModifiedMs)], ['ETag', `"${object.etag}"`]]], identity(object));
}

function decodeSource(header: string): string {
  try {
    return decodeURIComponent(header);
  } catch {
    throw new OssError('InvalidArgument', 'The copy source is not valid percent-encoding.');
  }
}

export async function getObject(store: StoreDirectory, request: OssRequest): Promise<OssReply> {
  const { object, file } = await (await store.bucket(request.bucket)).open(request.key);
  try {
    const early = precondition(request, object);
    const range = early === undefined ? readByteRange(request.headers.get('range'), object.sizeBytes) : undefined;
    const withoutBody = early ?? (object.sizeBytes === 0 ? emptyReply(200, describe(request, object, 0)) : undefined);
    if (withoutBody !== undefined) {
      await file.close();
      return withoutBody;
    }
    const { first, last } = range ?? { first: 0, last: object.sizeBytes - 1 };
    const headers = describe(request, object, last - first + 1);
    const body = file.createReadStream({ start: first, end: last });
    return range === undefined ? { status: 200, headers, body } : { status: 206, headers: { ...headers, 'content-range': `bytes ${first}-${last}/${object.sizeBytes}` }, body };
  } catch (error) {
    await file.close();
    throw error;
  }
}

export async function headObject(store: StoreDirectory, request: OssRequest): Promise<OssReply> {
  const object = await (await store.bucket(request.bucket)).find(request.key);
  if (object === undefined) throw new OssError('NoSuchKey', 'The specified key does not exist.');
  return precondition(request, object) ?? emptyReply(200, describe(request, object, object.sizeBytes));
}

export async function deleteObject(store: StoreDirectory, request: OssRequest): Promise<OssReply> {
  await (await store.bucket(request.bucket)).delete(request.key);
  return emptyReply(204);
}

/** The headers by which clients verify what they stored and what they read. */
export function identity(object: StoredObject): Record<string, string> {
  return { etag: `"${object.etag}"`, 'x-oss-hash-crc64ecma': object.crc64 };
}

function describe(request: OssRequest, object: StoredObject, lengthBytes: number): Record<string, string> {
  const overrides = overridable.flatMap(([name, header]): (readonly [string, string])[] => {
    const value = request.query.get(name)?.value ?? '';
    return value === '' ? [] : [[header, value]];
  });
  return {
    ...object.headers,
    ...Object.fromEntries(overrides),
    ...identity(object),
    'content-length': String(lengthBytes),
    'last-modified': new Date(object.lastModifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
    'x-oss-object-type': object.etag.includes('-') ? 'Multipart' : 'Normal',
    'x-oss-storage-class': 'Standard',
  };
}

/** 304 where the client has the object already; throws PreconditionFailed where it wants another. */
function precondition(request: OssRequest, object: StoredObject): OssReply | undefined {
  const matches = (header: string): boolean => header.replaceAll('"', '') === object.etag;
  const ifMatch = request.headers.get('if-match');
  if (ifMatch !== undefined && !matches(ifMatch)) throw new OssError('PreconditionFailed', 'The object has another ETag.');
  const ifNoneMatch = request.headers.get('if-none-match');
  return ifNoneMatch !== undefined && matches(ifNoneMatch) ? emptyReply(304, identity(object)) : undefined;
}
