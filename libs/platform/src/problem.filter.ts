import { CcError, DeadlineExceeded, Log, type ErrorKind } from '@cc/kernel';
import { isTransient } from '@cc/postgres';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** One fault of a request's body or query: `pointer` is a JSON pointer into it. */
export interface FieldFault {
  readonly pointer: string;
  readonly detail: string;
}

/** Bad input, with all its faults. */
export class InvalidRequest extends CcError {
  constructor(readonly faults: readonly FieldFault[]) {
    super('input', 'invalid-request', `The request has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}: ${faults.map((fault) => `${fault.pointer || '/'} ${fault.detail}`).join('; ')}`);
  }
}

/** An error whose problem tells programs more, in members of its own (RFC 9457, section 3.2). */
export class DetailedError extends CcError {
  constructor(
    kind: ErrorKind,
    code: string,
    message: string,
    readonly members: Readonly<Record<string, unknown>>,
  ) {
    super(kind, code, message);
  }
}

/** An RFC 9457 problem. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  readonly retriable: boolean;
  readonly errors?: readonly FieldFault[];
}

const RETRY_AFTER_SECONDS = 2;

const statusOf: Readonly<Record<ErrorKind, number>> = { input: 422, conflict: 409, missing: 404, unavailable: 503, fault: 500 };
const codeOfStatus: Readonly<Record<number, string>> = {
  400: 'malformed-request', 401: 'unauthorized', 403: 'forbidden', 404: 'not-found', 405: 'method-not-allowed',
  406: 'not-acceptable', 408: 'request-timeout', 413: 'body-too-large', 414: 'address-too-long', 415: 'unsupported-media-type', 422: 'invalid-request', 429: 'too-many-requests', 503: 'unavailable',
};

type Answer = Pick<Problem, 'status' | 'code' | 'detail' | 'errors'> & { readonly members?: Readonly<Record<string, unknown>> };

/** Every error becomes an RFC 9457 problem; what is our own defect is logged with its request id and tells the user nothing else. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const answer = answerTo(error);
    const fields = { requestId: request.id, method: request.method, route: request.routeOptions?.url, status: answer.status, error };
    if (answer.status === 503) this.log.warn('request refused for now', fields);
    else if (answer.status >= 500) this.log.error('request failed', fields);
    if (reply.sent) return;
    sendProblem(reply, answer, request.id);
  }
}

/** What Fastify refuses before any route is found: a broken or overlong address. */
export function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(reply, answerTo(error), request.id);
}

function sendProblem(reply: FastifyReply, answer: Answer, requestId: string): void {
  const { members, ...told } = answer;
  const { status } = told;
  const problem: Problem = { ...members, type: 'about:blank', title: titleOf(told.code), ...told, requestId, retriable: status === 503 || status === 429 || status === 408 };
  if (status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS);
  void reply.status(status).header('content-type', 'application/problem+json; charset=utf-8').send(JSON.stringify(problem));
}

const FAULT = 'An unexpected fault; it was recorded under the request id';

/** Of a fault only the code is told, whatever else the error has. */
function answerToOurs(error: CcError): Answer {
  const { code } = error;
  const status = statusOf[error.kind];
  if (error.kind === 'fault') return { status, code, detail: FAULT };
  return { status, code, detail: error.message, ...(error instanceof DetailedError ? { members: error.members } : {}) };
}

function answerTo(error: unknown): Answer {
  if (error instanceof InvalidRequest) return { status: 422, code: error.code, detail: error.message, errors: error.faults };
  if (error instanceof CcError) return answerToOurs(error);
  if (error instanceof HttpException) return fromStatus(error.getStatus(), error.message);
  if (error instanceof DeadlineExceeded || isTransient(error)) return { status: 503, code: 'unavailable', detail: 'A backend does not answer just now; nothing was changed, or the change can be repeated with the same Idempotency-Key' };
  const status = statusInside(error);
  return status === undefined ? { status: 500, code: 'fault', detail: FAULT } : fromStatus(status, error instanceof Error ? error.message : 'The request was refused');
}

/** In place of what the framework says, which names no remedy or repeats the whole input. */
const detailOfStatus: Readonly<Record<number, string>> = {
  413: 'The body is larger than this service takes',
  414: 'A part of the address is longer than any id of this API',
  415: 'Send the body as application/json',
};

const fromStatus = (status: number, detail: string): Answer => ({ status, code: codeOfStatus[status] ?? (status < 500 ? 'refused' : 'fault'), detail: detailOfStatus[status] ?? detail });

/** Fastify's own refusals (broken JSON, a body too large) carry their 4xx status. */
function statusInside(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}

const titleOf = (code: string): string => {
  const words = code.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};
