import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import { Readable } from 'node:stream';
import { CcError, backoffMs, defined, pause, withDeadline } from '@cc/kernel';
import OSS from 'ali-oss';
import { z } from 'zod';
import { ossCodeOf, ossStatusOf, toObjectStoreError } from './ali-oss-errors';
import { type AliOssSettings, clientOptions, readEndpoint, regionEndpoint } from './ali-oss-settings';
import { Crc64 } from './crc64';
import { type ByteRange, type FileToPut, type ObjectStat, ObjectStore, type OpenedObject, type PutOutcome, type SignedUrlOptions } from './object-store';
import { readWithIdleLimit } from './read-with-idle-limit';

const callLimitMs = 30_000;
const slowestUploadBytesPerSecond = 128 * 1024;
const maxTries = 3;
const connectionsAtOnce = 32;
const repeatable = new Set(['object-store-unavailable', 'object-transfer-corrupted']);
const headersSchema = z.record(z.string(), z.unknown());

/** The object store on Aliyun OSS, or on anything that speaks its protocol (the embedded store). */
export class AliOssObjectStore extends ObjectStore {
  private readonly agents = {
    agent: new http.Agent({ keepAlive: true, maxSockets: connectionsAtOnce }),
    httpsAgent: new https.Agent({ keepAlive: true, maxSockets: connectionsAtOnce }),
  };
  private readonly data: OSS;
  /** Makes addresses only: those for people name the public endpoint even where the data goes by the internal one. */
  private readonly addresses: OSS;
  private readonly publicEndpoint: URL;

  constructor(private readonly settings: AliOssSettings) {
    super();
    const dataEndpoint = readEndpoint(settings.endpoint ?? regionEndpoint(settings.region, settings.internal ?? false));
    this.publicEndpoint = readEndpoint(settings.publicEndpoint ?? settings.endpoint ?? regionEndpoint(settings.region, false));
    this.data = new OSS(clientOptions(settings, dataEndpoint, callLimitMs, this.agents));
    this.addresses = new OSS(clientOptions(settings, this.publicEndpoint, callLimitMs, this.agents));
  }

  /** Drops the idle connections; calls that are under way fail. */
  close(): void {
    this.agents.agent.destroy();
    this.agents.httpsAgent.destroy();
  }

  async ensureBucket(): Promise<void> {
    const { bucket } = this.settings;
    await repeated('creating the bucket', async () => {
      try {
        await limited(this.data.getBucketInfo(bucket), callLimitMs, 'reading the bucket');
      } catch (error) {
        if (ossCodeOf(error) !== 'NoSuchBucket') throw error;
        await limited(this.data.putBucket(bucket), callLimitMs, 'creating the bucket');
      }
    });
  }

  async putFile(file: FileToPut): Promise<PutOutcome> {
    requireKey(file.key);
    return repeated('storing an object', async () => {
      const before = await this.statOnce(file.key);
      if (before !== undefined) return this.acceptExisting(file, before);
      try {
        return await this.putOnce(file);
      } catch (error) {
        if (ossStatusOf(error) !== 409) throw error;
        const other = await this.statOnce(file.key);
        if (other === undefined) throw error;
        return this.acceptExisting(file, other);
      }
    });
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    requireKey(key);
    return repeated('reading an object\'s properties', () => this.statOnce(key));
  }

  async openRead(key: string, range?: ByteRange): Promise<OpenedObject> {
    requireKey(key);
    const answer = await repeated('opening an object', () =>
      // Without x-oss-range-behavior the service answers a range outside of the object with the whole object.
      limited(this.data.getStream(key, range === undefined ? {} : { headers: { Range: rangeHeader(range), 'x-oss-range-behavior': 'standard' } }), callLimitMs, 'opening an object'),
    );
    const source = z.instanceof(Readable).parse(answer.stream);
    const headers = headersSchema.parse(answer.res.headers);
    const lengthBytes = z.coerce.number().int().nonnegative().parse(headers['content-length']);
    const part = /^bytes (\d+)-\d+\/(\d+)$/.exec(text(headers['content-range']) ?? '');
    return {
      stream: readWithIdleLimit(source, callLimitMs),
      sizeBytes: part === null ? lengthBytes : Number(part[2]),
      firstByte: part === null ? 0 : Number(part[1]),
      lengthBytes,
      contentType: text(headers['content-type']) ?? 'application/octet-stream',
    };
  }

  async signedUrl(key: string, options: SignedUrlOptions): Promise<string> {
    requireKey(key);
    const answer: Record<string, string> = {};
    if (options.contentType !== undefined) answer['content-type'] = options.contentType;
    if (options.fileName !== undefined) answer['content-disposition'] = contentDisposition(options.fileName);
    if (this.settings.authorizationV4 === false) {
      return limited(this.addresses.asyncSignatureUrl(key, { expires: options.expiresSeconds, method: 'GET', response: answer }), callLimitMs, 'signing an address');
    }
    const queries = Object.fromEntries(Object.entries(answer).map(([name, value]) => [`response-${name}`, value]));
    return limited(this.addresses.signatureUrlV4('GET', options.expiresSeconds, { queries }, key), callLimitMs, 'signing an address');
  }

  urlOf(key: string): string {
    const { bucket, pathStyle } = this.settings;
    const { protocol, host } = this.publicEndpoint;
    const path = key.split('/').map(encodeURIComponent).join('/');
    return pathStyle === true ? `${protocol}//${host}/${bucket}/${path}` : `${protocol}//${bucket}.${host}/${path}`;
  }

  private acceptExisting(file: FileToPut, found: ObjectStat): PutOutcome {
    if (found.sizeBytes === file.sizeBytes && found.sha256 === file.sha256) return { etag: found.etag, url: this.urlOf(file.key) };
    throw new CcError('conflict', 'object-differs', 'the key holds other content already');
  }

  private async putOnce(file: FileToPut): Promise<PutOutcome> {
    const found = await stat(file.path);
    if (found.size !== file.sizeBytes) throw changed();
    const limitMs = callLimitMs + Math.ceil((file.sizeBytes / slowestUploadBytesPerSecond) * 1000);
    const md5 = createHash('md5');
    const crc64 = new Crc64();
    const source = createReadStream(file.path);
    const options = {
      contentLength: file.sizeBytes,
      mime: file.contentType,
      timeout: limitMs,
      headers: { 'Content-MD5': Buffer.from(file.md5, 'hex').toString('base64'), 'x-oss-meta-sha256': file.sha256, 'x-oss-forbid-overwrite': 'true' },
    };
    const observed = Readable.from(observe(source, (chunk) => {
      md5.update(chunk);
      crc64.update(chunk);
    }), { objectMode: false });
    try {
      const answer = await limited(this.data.put(file.key, observed, options), limitMs, 'storing an object');
      const etag = verifyStored(headersSchema.parse(answer.res.headers), file.md5, crc64.digest());
      return { etag, url: this.urlOf(file.key) };
    } catch (error) {
      if (source.readableEnded && md5.digest('hex') !== file.md5) throw changed();
      throw error;
    } finally {
      source.destroy();
    }
  }

  private async statOnce(key: string): Promise<ObjectStat | undefined> {
    try {
      const answer = await limited(this.data.head(key), callLimitMs, 'reading an object\'s properties');
      const headers = headersSchema.parse(answer.res.headers);
      const sha256 = text(headers['x-oss-meta-sha256']);
      return {
        sizeBytes: z.coerce.number().int().nonnegative().parse(headers['content-length']),
        contentType: text(headers['content-type']) ?? 'application/octet-stream',
        etag: unquoted(headers['etag']),
        ...defined({ sha256 }),
      };
    } catch (error) {
      if (ossStatusOf(error) === 404) return undefined;
      throw error;
    }
  }
}

/** The store's own word for what it holds; a KMS-encrypted object's ETag is no MD5, so there the checksum alone decides. */
function verifyStored(headers: Record<string, unknown>, md5: string, crc64: string): string {
  const stored = text(headers['x-oss-hash-crc64ecma']);
  const etag = unquoted(headers['etag']);
  const encrypted = stored !== undefined && headers['x-oss-server-side-encryption'] !== undefined;
  if ((stored !== undefined && stored !== crc64) || (!encrypted && etag.toLowerCase() !== md5)) {
    throw new CcError('unavailable', 'object-transfer-corrupted', 'the store holds other bytes than were sent');
  }
  return etag;
}

async function limited<T>(work: Promise<T>, limitMs: number, what: string): Promise<T> {
  // The client's own timers (connect, then answer) end the request; this is the wall behind them.
  return withDeadline(work, 2 * limitMs + 1_000, what);
}

/** Repeats what is safe to repeat; everything that comes out is a CcError. */
async function repeated<T>(doing: string, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const failure = toObjectStoreError(error, doing);
      if (tries >= maxTries || !repeatable.has(failure.code)) throw failure;
      await pause(backoffMs(tries, 200, 2_000));
    }
  }
}

function requireKey(key: string): void {
  const length = Buffer.byteLength(key);
  // The client, as every browser, resolves dot segments before it sends: the request would name another object than was signed.
  if (length < 1 || length > 1_023 || /^[/\\?]|(^|\/)\.{1,2}(\/|$)/.test(key)) {
    throw new CcError('input', 'object-key-invalid', 'an object key is 1 to 1023 bytes, does not start with / \\ or ? and has no segment . or ..');
  }
}

async function* observe(source: AsyncIterable<Buffer>, see: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    see(chunk);
    yield chunk;
  }
}

function changed(): CcError {
  return new CcError('input', 'file-changed', 'the file is not the one that the digests were taken of');
}

function rangeHeader(range: ByteRange): string {
  return 'lastBytes' in range ? `bytes=-${range.lastBytes}` : `bytes=${range.firstByte}-${range.lastByte ?? ''}`;
}

function contentDisposition(fileName: string): string {
  const ascii = fileName.replace(/[^\w .-]/g, '_');
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(fileName)}`;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function unquoted(etag: unknown): string {
  return z.string().parse(etag).replaceAll('"', '');
}
