export { Database } from './database';
export type { ConstraintViolation, SqlValue, Tx } from './database';
export { constraintViolation, isTransient } from './database-errors';
export { runMigrations } from './migrations';
export type { Migration } from './migrations';
export { TypeOrmDatabase } from './typeorm-database';
export type { DatabaseOptions, EntityClass } from './typeorm-database';
export { removeEmbeddedPostgres, startEmbeddedPostgres } from './embedded/embedded-postgres';
export type { EmbeddedPostgres, EmbeddedPostgresOptions } from './embedded/embedded-postgres';
