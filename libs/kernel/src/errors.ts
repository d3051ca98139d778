import { types } from 'node:util';

/**
 * What the reader of an error should do:
 * `input` correct the request, `conflict` it contradicts the present state, `missing` there is no such thing,
 * `unavailable` try again later, `fault` a defect of ours.
 */
export type ErrorKind = 'input' | 'conflict' | 'missing' | 'unavailable' | 'fault';

/** An error with a stable `code` for programs, and a `kind` that decides behaviour. HTTP statuses are chosen in `in/`. */
export class CcError extends Error {
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'CcError';
  }
}

/** One line that says what went wrong, with the causes behind it; never a stack trace. */
export function describeError(error: unknown): string {
  if (!isError(error)) return typeof error === 'string' ? error : JSON.stringify(error) ?? 'an unknown error';
  const own = error.message === '' && error instanceof AggregateError ? error.errors.map(describeError).join('; ') : error.message;
  const text = own === '' ? error.name : own;
  return error.cause === undefined ? text : `${text}: ${describeError(error.cause)}`;
}

/** Also an error of another realm, such as Node's own inside a test runner. */
function isError(error: unknown): error is Error {
  return error instanceof Error || types.isNativeError(error);
}
