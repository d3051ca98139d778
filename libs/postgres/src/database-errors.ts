import { types } from 'node:util';
import { DatabaseError } from 'pg';
import type { ConstraintViolation } from './database';

/**
 * SQLSTATE classes and codes (PostgreSQL manual, appendix A) that another try may cure: 08 connection, 53 resources,
 * 57 intervention of an operator (restart, statement timeout), 25006 a former primary, 25P03 an idle transaction was ended,
 * 40001 and 40P01 a clash with another transaction, 55P03 a lock was not had in time.
 */
const TRANSIENT_STATE = /^(08|53|57|25006|25P03|40001|40P01|55P03)/;

/** As FATAL it refuses a session: an operator has closed the database for now. In a statement it is a fault. */
const CLOSED_DATABASE = '55000';

const TRANSIENT_SOCKET = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EAI_AGAIN', 'ENOTFOUND',
]);

/** node-postgres and its pool give these no code. */
const TRANSIENT_TEXT = [
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Query read timeout',
];

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** TypeORM wraps what node-postgres threw; Node wraps the attempts at several addresses. */
function inner(error: Error): unknown[] {
  const several: readonly unknown[] = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  return ['driverError' in error ? error.driverError : undefined, error.cause, ...several];
}

/** True when the same work may succeed later, because the database was away, busy or in a clash; false for a fault in the work itself. */
export function isTransient(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const code = codeOf(error);
  if (error instanceof DatabaseError) return TRANSIENT_STATE.test(code) || (code === CLOSED_DATABASE && error.severity === 'FATAL');
  return TRANSIENT_SOCKET.has(code) || TRANSIENT_TEXT.some((text) => error.message.startsWith(text)) || inner(error).some(isTransient);
}

/** The constraint that a statement would have violated, or undefined for any other error. For `partition` the name is the table's. */
export function constraintViolation(error: unknown): ConstraintViolation | undefined {
  if (!types.isNativeError(error)) return undefined;
  if (!(error instanceof DatabaseError)) return inner(error).map(constraintViolation).find((found) => found !== undefined);
  switch (error.code) {
    case '23505':
      return { kind: 'unique', constraint: error.constraint ?? '' };
    case '23503':
      return { kind: 'foreign-key', constraint: error.constraint ?? '' };
    case '23514':
      // A row that no partition takes has the same code, and no constraint's name.
      return error.constraint === undefined ? { kind: 'partition', constraint: error.table ?? '' } : { kind: 'check', constraint: error.constraint };
    default:
      return undefined;
  }
}
