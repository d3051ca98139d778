import axios, { type AxiosResponse } from 'axios';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HttpExchange, type DownloadOutcome, type DownloadRequest, type HttpOutcome, type HttpRequest } from './http-exchange';
import { nameOfFailure, openConnection } from './open-connection';

const DEFAULT_ANSWER_BYTES = 1024 * 1024;
const FIRST_BYTES = 64;

export interface AxiosHttpExchangeOptions {
  /** A download that brings no byte for this long is given up; 30 s unless told. */
  readonly idleTimeoutMs?: number;
}

/**
 * {@link HttpExchange} over axios and Node's own HTTP client: one fresh connection per exchange, no retry, no redirect,
 * no proxy, HTTP/1.1. Reasons name hosts and error codes, never paths, queries, headers or bodies.
 */
export class AxiosHttpExchange extends HttpExchange {
  private readonly idleTimeoutMs: number;

  constructor(options: AxiosHttpExchangeOptions = {}) {
    super();
    this.idleTimeoutMs = options.idleTimeoutMs ?? 30_000;
  }

  async exchange(request: HttpRequest): Promise<HttpOutcome> {
    return withinLimit(request, async (socket, signal) => {
      try {
        const response = await send(request, socket, signal, {
          responseType: 'arraybuffer',
          maxContentLength: request.maxAnswerBytes ?? DEFAULT_ANSWER_BYTES,
        });
        if (!Buffer.isBuffer(response.data)) return { kind: 'no-answer', reason: 'the answer has no readable body' };
        return { kind: 'answer', status: response.status, headers: plainHeaders(response), body: response.data };
      } catch (error) {
        return { kind: 'no-answer', reason: signal.aborted ? `no answer within ${request.timeoutMs} ms` : nameOfFailure(error) };
      }
    });
  }

  async download(request: DownloadRequest): Promise<DownloadOutcome> {
    const outcome = await withinLimit(request, async (socket, limit): Promise<DownloadOutcome> => {
      const idle = new AbortController();
      const watch = setTimeout(() => idle.abort(), this.idleTimeoutMs);
      const signal = AbortSignal.any([limit, idle.signal]);
      try {
        const response = await send(request, socket, signal, { responseType: 'stream', maxContentLength: -1 });
        return await store(request, response, signal, () => watch.refresh());
      } catch (error) {
        await unlink(request.target).catch(() => undefined);
        if (limit.aborted) return { kind: 'failed', reason: `not complete within ${request.timeoutMs} ms` };
        return { kind: 'failed', reason: idle.signal.aborted ? `no byte for ${this.idleTimeoutMs} ms` : nameOfFailure(error) };
      } finally {
        clearTimeout(watch);
      }
    });
    return outcome.kind === 'not-sent' ? { kind: 'failed', reason: outcome.reason } : outcome;
  }
}

async function store(request: DownloadRequest, response: AxiosResponse<unknown>, signal: AbortSignal, onBytes: () => void): Promise<DownloadOutcome> {
  const body = response.data;
  if (!(body instanceof Readable)) return { kind: 'failed', reason: 'the answer has no readable body' };
  if (response.status !== 200) {
    body.destroy();
    return { kind: 'refused', status: response.status, reason: `HTTP status ${response.status}` };
  }
  const digest = new Digest(request.maxBytes, onBytes);
  await pipeline(body, digest, createWriteStream(request.target, { mode: 0o600 }), { signal });
  return { kind: 'stored', ...digest.result(), contentType: plainHeaders(response)['content-type'] ?? '' };
}

/** Opens the connection, gives it to the work, and ends both at the request's deadline. */
async function withinLimit<T>(
  request: { readonly url: string; readonly timeoutMs: number },
  work: (socket: Socket, signal: AbortSignal) => Promise<T>,
): Promise<T | { readonly kind: 'not-sent'; readonly reason: string }> {
  const url = parseUrl(request.url);
  if (url === undefined) return { kind: 'not-sent', reason: 'the address is not an http or https URL' };
  const startedAt = performance.now();
  const connection = await openConnection(url, request.timeoutMs);
  if (connection.kind === 'failed') return { kind: 'not-sent', reason: connection.reason };
  const abort = new AbortController();
  const remainingMs = Math.max(1, request.timeoutMs - (performance.now() - startedAt));
  const timer = setTimeout(() => abort.abort(), remainingMs);
  try {
    return await work(connection.socket, abort.signal);
  } finally {
    clearTimeout(timer);
    connection.socket.destroy();
  }
}

function parseUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

/** The connection is there already: an agent that hands out this one socket, and no other, sends the request over it. */
class OneHttpSocket extends HttpAgent {
  constructor(private readonly socket: Socket) {
    super({ keepAlive: false, maxSockets: 1 });
  }
  override createConnection(): Socket {
    return this.socket;
  }
}
class OneHttpsSocket extends HttpsAgent {
  constructor(private readonly socket: Socket) {
    super({ keepAlive: false, maxSockets: 1 });
  }
  override createConnection(): Socket {
    return this.socket;
  }
}

function send(
  request: Omit<HttpRequest, 'maxAnswerBytes'>,
  socket: Socket,
  signal: AbortSignal,
  answer: { readonly responseType: 'arraybuffer' | 'stream'; readonly maxContentLength: number },
): Promise<AxiosResponse<unknown>> {
  return axios.request<unknown>({
    ...answer,
    signal,
    method: request.method,
    url: request.url,
    headers: { Accept: '*/*', 'User-Agent': 'cc', ...request.headers, 'Accept-Encoding': 'identity', Connection: 'close' },
    ...(request.body === undefined ? {} : { data: Buffer.from(request.body) }),
    adapter: 'http',
    httpAgent: new OneHttpSocket(socket),
    httpsAgent: new OneHttpsSocket(socket),
    maxRedirects: 0,
    maxBodyLength: Infinity,
    proxy: false,
    validateStatus: null,
    transformRequest: [(data: unknown) => data],
    transformResponse: [(data: unknown) => data],
  });
}

function plainHeaders(response: AxiosResponse<unknown>): Record<string, string> {
  const entries = Object.entries(response.headers).map(([name, value]): [string, string] => [name.toLowerCase(), String(value)]);
  return Object.fromEntries(entries);
}

class DownloadTooLarge extends Error {
  override readonly name = 'larger than allowed';
}

/** Passes the bytes on, measures them, and fails at the first byte over the limit. */
class Digest extends Transform {
  private readonly sha256 = createHash('sha256');
  private readonly md5 = createHash('md5');
  private firstBytes = Buffer.alloc(0);
  private sizeBytes = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly onBytes: () => void,
  ) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: Error | null, chunk?: Buffer) => void): void {
    this.onBytes();
    this.sizeBytes += chunk.length;
    if (this.sizeBytes > this.maxBytes) return done(new DownloadTooLarge());
    if (this.firstBytes.length < FIRST_BYTES) this.firstBytes = Buffer.concat([this.firstBytes, chunk]).subarray(0, FIRST_BYTES);
    this.sha256.update(chunk);
    this.md5.update(chunk);
    done(null, chunk);
  }

  result(): { sizeBytes: number; sha256: string; md5: string; firstBytes: Buffer } {
    return { sizeBytes: this.sizeBytes, sha256: this.sha256.digest('hex'), md5: this.md5.digest('hex'), firstBytes: this.firstBytes };
  }
}
