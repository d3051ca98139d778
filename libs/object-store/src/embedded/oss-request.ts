import type { IncomingMessage } from 'node:http';
import { OssError } from './oss-error';

/** A request of the OSS protocol in path style: `/bucket/key?query`. */
export interface OssRequest {
  readonly method: string;
  /** Empty for the service itself. */
  readonly bucket: string;
  /** Empty for a bucket's own operations. */
  readonly key: string;
  /** In the order sent, decoded. */
  readonly query: ReadonlyMap<string, QueryValue>;
  /** Lower-case names. Values as UTF-8 text. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: IncomingMessage;
}

export interface QueryValue {
  readonly value: string;
  /** `k=` has one, `k` has not: V4 signs the difference. */
  readonly hasEqualsSign: boolean;
}

/** Reads the request line and the headers; nothing is trusted yet. */
export function readOssRequest(message: IncomingMessage): OssRequest {
  const [, path = '', , query = ''] = /^([^?]*)(\?(.*))?$/s.exec(message.url ?? '') ?? [];
  return { method: message.method ?? 'GET', ...readPath(path), query: readQuery(query), headers: readHeaders(message), body: message };
}

function readPath(path: string): { readonly bucket: string; readonly key: string } {
  const parts = /^\/([^/]*)(?:\/(.*))?$/s.exec(path);
  if (parts === null) throw new OssError('InvalidURI', 'The request target is not a path.');
  const [, bucket = '', key = ''] = parts.map((part: string | undefined) => decode(part ?? ''));
  if (bucket !== '' && !/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket)) throw new OssError('InvalidBucketName', 'The bucket name is not valid.');
  if (Buffer.byteLength(key) > 1_023 || /^[/\\]/.test(key)) throw new OssError('InvalidObjectName', 'The object name is not valid.');
  return { bucket, key };
}

function readQuery(raw: string): Map<string, QueryValue> {
  const query = new Map<string, QueryValue>();
  for (const part of raw.split('&')) {
    if (part === '') continue;
    const equalsSign = part.indexOf('=');
    const name = decode(formDecoded(equalsSign < 0 ? part : part.slice(0, equalsSign)));
    query.set(name, { value: equalsSign < 0 ? '' : decode(formDecoded(part.slice(equalsSign + 1))), hasEqualsSign: equalsSign >= 0 });
  }
  return query;
}

function readHeaders(message: IncomingMessage): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(message.headers)) {
    // Node reads header bytes as Latin-1, the clients write and sign UTF-8.
    if (value !== undefined) headers.set(name, Buffer.from(String(value), 'latin1').toString('utf8'));
  }
  return headers;
}

function formDecoded(text: string): string {
  return text.replaceAll('+', '%20');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new OssError('InvalidURI', 'The request target is not valid UTF-8 percent-encoding.');
  }
}
