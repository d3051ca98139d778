import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { newId, type Log } from '@cc/kernel';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { NestLog } from './pino-log';
import { ProblemFilter, refuse } from './problem.filter';
import type { Readiness } from './readiness';
import type { RefusalReason, RefusedRequests } from './refused-requests';
import type { HttpLimits } from './service-definition';

const DEFAULT_LIMITS: HttpLimits = { bodyBytes: 64 * 1024, headerBytes: 16 * 1024, headersSeconds: 10, requestSeconds: 15, connections: 10_000 };
/** A load balancer's idle time must stay below this. */
const KEEP_ALIVE_MS = 75_000;
/** How often Node looks for slow senders: by default only every 30 s, whatever the limits are. */
const SLOW_SENDERS_CHECKED_EVERY_MS = 500;
/** What Fastify takes for a content type; it refuses a body under any other. */
const CONTENT_TYPE = /^\s*[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(;|$)/;

export interface HttpParts {
  readonly log: Log;
  readonly readiness: Readiness;
  readonly refused: RefusedRequests;
  /** Absent: the limits of every service. */
  readonly limits?: HttpLimits;
  readonly rawBodies: boolean;
}

/** The HTTP side of a service: its limits, the bodies it takes, and problems for errors. */
export async function createHttpApplication(module: DynamicModule, { log, readiness, refused, limits = DEFAULT_LIMITS, rawBodies }: HttpParts): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: limits.bodyBytes,
    genReqId: () => newId('req'),
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: limits.requestSeconds * 1000,
    http: { headersTimeout: limits.headersSeconds * 1000, connectionsCheckingInterval: SLOW_SENDERS_CHECKED_EVERY_MS, maxHeaderSize: limits.headerBytes },
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: refuse,
    clientErrorHandler: (error, socket) => refuseOnSocket(error.code, socket, refused),
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, { abortOnError: false, logger: new NestLog(log), bodyParser: false });
  const server = app.getHttpServer();
  server.maxConnections = limits.connections;
  server.on('drop', () => refused.note('too-many-connections'));
  acceptBodies(app, rawBodies, refused);
  closeConnectionsOnceDraining(app, readiness);
  app.useGlobalFilters(new ProblemFilter(log));
  return app;
}

/** A connection that was busy when the stop began would else stay open, and hold the stop, for as long as its client keeps it alive. */
function closeConnectionsOnceDraining(app: NestFastifyApplication, readiness: Readiness): void {
  app.getHttpAdapter().getInstance().addHook('onSend', (_request, reply, _payload, done) => {
    if (readiness.isDraining) void reply.header('connection', 'close');
    done();
  });
}

/** What Node's parser refuses never becomes a request: the answer is written by hand, and the connection ends with it. */
function refuseOnSocket(code: string, socket: Socket, refused: RefusedRequests): void {
  if (code === 'ECONNRESET' || socket.destroyed) return;
  const [status, reason] = refusalOf(code);
  refused.note(reason);
  const title = STATUS_CODES[status] ?? 'Refused';
  const problem = JSON.stringify({ type: 'about:blank', title, status, code: reason, detail: title, requestId: newId('req'), retriable: status === 408 });
  if (!socket.writable) return void socket.destroy();
  socket.end(`HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(problem)}\r\nconnection: close\r\n\r\n${problem}`);
  // A sender that does not read, or goes on sending, is let go all the same.
  socket.once('finish', () => socket.destroy());
}

function refusalOf(code: string): readonly [status: number, reason: RefusalReason] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [408, 'timeout'];
  if (code === 'HPE_HEADER_OVERFLOW') return [431, 'headers-too-large'];
  return [400, 'malformed'];
}

/** Untouched bytes of any type, or JSON and nothing else: another type is refused with 415. Many clients name the type of a body that they do not send. */
function acceptBodies(app: NestFastifyApplication, raw: boolean, refused: RefusedRequests): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addHook('onError', (_request, _reply, error, done) => {
    if (error.statusCode === 413) refused.note('body-too-large');
    done();
  });
  if (raw) {
    // Whoever names no valid type is heard as well; `rawHeaders` have what was sent.
    fastify.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
      if (headers['content-type'] !== undefined && !CONTENT_TYPE.test(headers['content-type'])) headers['content-type'] = 'application/octet-stream';
      done();
    });
    fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  } else {
    const parse = fastify.getDefaultJsonParser('error', 'error');
    fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => (body === '' ? done(null, undefined) : parse(request, body, done)));
  }
}
