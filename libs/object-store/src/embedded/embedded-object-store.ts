import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { Server } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Clock, type Log, SystemClock, describeError, pause } from '@cc/kernel';
import { type KeyPair, authenticate } from './authenticate';
import { OssError } from './oss-error';
import type { OssReply } from './oss-reply';
import { type OssRequest, readOssRequest } from './oss-request';
import { routeRequest } from './route-request';
import { StoreDirectory } from './store-directory';
import { xmlDocument } from './xml';

const largestObjectBytes = 5 * 1024 ** 3;
const silenceLimitMs = 60_000;
const requestLimitMs = 60 * 60_000;
const stopGraceMs = 2_000;

export interface EmbeddedObjectStoreSettings extends KeyPair {
  /** Made if need be; owned by this one process while it runs. */
  readonly dataDir: string;
  /** 0: any free one. */
  readonly port: number;
  /** A loopback address. */
  readonly host: string;
  /** Larger objects are refused; 5 GiB, as in OSS, unless told. */
  readonly maxObjectBytes?: number;
  readonly log: Log;
  /** Judges the dates of requests and stamps the objects; the system's unless given. */
  readonly clock?: Clock;
}

export interface EmbeddedObjectStore {
  /** For AliOssObjectStore with `pathStyle`: a name, as the client cannot do with an IP address. */
  readonly endpoint: string;
  readonly port: number;
  /** Lets what runs finish for two seconds; then nothing is left. */
  stop(): Promise<void>;
}

/**
 * Starts an object store that speaks the OSS protocol (path style, signatures V1 and V4, each verified) over files.
 * What it has answered with success survives `kill -9` and a power cut. Rejects when it cannot listen or has no place to write.
 */
export async function startEmbeddedObjectStore(settings: EmbeddedObjectStoreSettings): Promise<EmbeddedObjectStore> {
  const clock = settings.clock ?? new SystemClock();
  const store = await StoreDirectory.open(settings.dataDir, () => clock.nowMs());
  const server = createServer({ requestTimeout: requestLimitMs, headersTimeout: 10_000, keepAliveTimeout: 30_000 }, (message, response) => {
    void answer(store, { ...settings, clock }, message, response);
  });
  server.setTimeout(silenceLimitMs);
  server.maxHeadersCount = 100;
  server.maxConnections = 512;
  server.listen(settings.port, settings.host);
  await once(server, 'listening');
  const address = server.address();
  const port = address === null || typeof address === 'string' ? settings.port : address.port;
  return { endpoint: `http://localhost:${port}`, port, stop: () => stop(server) };
}

type ReadySettings = EmbeddedObjectStoreSettings & { readonly clock: Clock };

async function stop(server: Server): Promise<void> {
  const closed = new AbortController();
  server.close(() => closed.abort());
  server.closeIdleConnections();
  await pause(stopGraceMs, closed.signal);
  server.closeAllConnections();
}

async function answer(store: StoreDirectory, settings: ReadySettings, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const requestId = randomBytes(12).toString('hex').toUpperCase();
  response.setHeader('x-oss-request-id', requestId);
  response.setHeader('server', 'EmbeddedOSS');
  try {
    const request = readOssRequest(message);
    const reply = await replyTo(store, settings, request);
    await send(response, reply, message.method === 'HEAD');
  } catch (error) {
    const clientIsGone = response.destroyed || (message.destroyed && !message.complete);
    if (clientIsGone) settings.log.debug('object store client went away', { method: message.method, requestId });
    else await refuse(settings.log, message, response, requestId, error).catch(() => response.destroy());
  }
}

async function replyTo(store: StoreDirectory, settings: ReadySettings, request: OssRequest): Promise<OssReply> {
  authenticate(request, settings, settings.clock.nowMs());
  return routeRequest(store, request, settings.maxObjectBytes ?? largestObjectBytes);
}

async function send(response: ServerResponse, reply: OssReply, isHead: boolean): Promise<void> {
  const { body = '' } = reply;
  const headers = typeof body === 'string' && reply.status !== 204 && reply.status !== 304 ? { 'content-length': String(Buffer.byteLength(body)), ...reply.headers } : reply.headers;
  try {
    // Header bytes go out as Latin-1: this turns the UTF-8 text back into the bytes that the client sent.
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, Buffer.from(value, 'utf8').toString('latin1'));
  } catch {
    if (typeof body !== 'string') body.destroy();
    throw new OssError('InvalidArgument', 'A header of the answer would not be valid.');
  }
  response.statusCode = reply.status;
  if (typeof body === 'string') return void response.end(isHead ? '' : body);
  await pipeline(body, response);
}

async function refuse(log: Log, message: IncomingMessage, response: ServerResponse, requestId: string, error: unknown): Promise<void> {
  if (!(error instanceof OssError)) log.error('object store request failed', { method: message.method, requestId, error: describeError(error) });
  if (response.headersSent) return void response.destroy();
  const refusal = error instanceof OssError ? error : new OssError('InternalError', 'We encountered an internal error. Please try again.');
  const document = xmlDocument(['Error', [['Code', refusal.code], ['Message', refusal.message], ['RequestId', requestId], ['HostId', 'localhost']]]);
  for (const name of response.getHeaderNames().filter((name) => name !== 'x-oss-request-id')) response.removeHeader(name);
  const isHead = message.method === 'HEAD';
  const headers = { 'content-type': 'application/xml', ...refusal.headers, ...(isHead ? { 'x-oss-err': Buffer.from(document).toString('base64') } : {}) };
  await send(response, { status: refusal.status, headers, body: document }, isHead);
}
