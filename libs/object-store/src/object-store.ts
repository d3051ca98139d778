import type { Readable } from 'node:stream';

/** A finished local file that shall become an object. */
export interface FileToPut {
  /** 1 to 1023 bytes of UTF-8, not starting with `/`, `\\` or `?`, without `.` and `..` segments; never a telephone number. */
  readonly key: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** MD5 of the whole file, lower-case hex: the store refuses anything else that arrives. */
  readonly md5: string;
  /** SHA-256 of the whole file, lower-case hex; kept with the object as `x-oss-meta-sha256`. */
  readonly sha256: string;
  readonly contentType: string;
}

export interface PutOutcome {
  /** Without quotes. */
  readonly etag: string;
  /** The same as {@link ObjectStore.urlOf}. */
  readonly url: string;
}

export interface ObjectStat {
  readonly sizeBytes: number;
  /** Lower-case hex; absent when someone else stored the object. */
  readonly sha256?: string;
  readonly contentType: string;
  /** Without quotes. */
  readonly etag: string;
}

/** Offsets are inclusive; without `lastByte` to the end; `lastBytes` counts from the end. */
export type ByteRange = { readonly firstByte: number; readonly lastByte?: number } | { readonly lastBytes: number };

export interface OpenedObject {
  /** Fails (never ends short) when the connection breaks or falls silent. Destroy it if it is not read to the end. */
  readonly stream: Readable;
  /** The whole object. */
  readonly sizeBytes: number;
  /** Where this stream starts in the object, and how many bytes it will deliver. */
  readonly firstByte: number;
  readonly lengthBytes: number;
  readonly contentType: string;
}

export interface SignedUrlOptions {
  /** 1 to 604 800; the bearer can read the object until then. Recordings: 300 to 900. */
  readonly expiresSeconds: number;
  /** Overrides the object's own type in the answer. */
  readonly contentType?: string;
  /** The browser saves the object under this name. */
  readonly fileName?: string;
}

/**
 * Port: the store of recordings, one private bucket.
 * Every method has a time limit and throws a CcError: kind `unavailable` (code `object-store-unavailable` for
 * network, time limit and 5xx, `object-store-refused` for credentials and permissions, `object-transfer-corrupted`),
 * `missing` (`object-missing`, `bucket-missing`), `conflict` (`object-differs`), `input` (`range-not-satisfiable`,
 * `file-changed`, `object-key-invalid`).
 */
export abstract class ObjectStore {
  /** Creates the bucket, private, unless it is there. Safe to repeat. */
  abstract ensureBucket(): Promise<void>;

  /**
   * Stores the file and proves that the store holds these bytes (Content-MD5, ETag, CRC-64).
   * Idempotent: a key that holds the same content already is success. An object is never replaced: other content
   * under the key is `conflict`; where content may differ between tries, put its digest into the key.
   * Repeats what may be repeated, a bounded number of times.
   */
  abstract putFile(file: FileToPut): Promise<PutOutcome>;

  /** Undefined when there is no such object. */
  abstract stat(key: string): Promise<ObjectStat | undefined>;

  /** `missing` when there is no such object, `input` when the range lies outside of it. */
  abstract openRead(key: string, range?: ByteRange): Promise<OpenedObject>;

  /** An address that anyone can GET until it expires: hand it out to authorised callers only, and never log it. */
  abstract signedUrl(key: string, options: SignedUrlOptions): Promise<string>;

  /** The object's plain address for the call record; nobody can read it without a signature. */
  abstract urlOf(key: string): string;
}
