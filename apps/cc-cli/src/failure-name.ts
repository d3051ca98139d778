import { types } from 'node:util';

/** The cause's code (ECONNREFUSED), else its text. Node's own errors may come from another realm. */
export function nameOfFailure(error: unknown): string {
  if (!types.isNativeError(error)) return 'unknown failure';
  const { cause } = error;
  if (!types.isNativeError(cause)) return error.name;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
