export { Database } from './database';
export type { ConstraintViolation, SqlValue, Tx } from './database';
