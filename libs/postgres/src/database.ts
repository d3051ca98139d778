/** A value that node-postgres can send: arrays for UNNEST, buffers for bytea. */
export type SqlValue = string | number | bigint | boolean | null | Date | Buffer | readonly (string | number | boolean | null | Buffer)[];

/** An open transaction: everything done through it is committed together or not at all. */
export interface Tx {
  /** The rows of one statement. `Row` names its columns as the statement selects them. */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly SqlValue[]): Promise<Row[]>;
}

/**
 * PostgreSQL as a service sees it. bigint columns arrive as numbers (all of ours stay below 2^53), json columns parsed.
 * Errors are node-postgres' own; {@link isTransient} tells the ones that a later try can cure.
 */
export abstract class Database implements Tx {
  /** One statement in its own transaction. */
  abstract query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly SqlValue[]): Promise<Row[]>;
  /** Runs the work in one READ COMMITTED transaction; commits when it resolves, rolls back and rethrows when it rejects. */
  abstract transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Calls back after each commit that did `pg_notify(channel, …)`, and after each reconnection, when some may have been missed. Returns the function that stops it. */
  abstract listen(channel: string, heard: () => void): Promise<() => Promise<void>>;
  abstract close(): Promise<void>;
}

/** The database's own say: a constraint, by name, was violated. */
export interface ConstraintViolation {
  readonly kind: 'unique' | 'check' | 'foreign-key' | 'partition';
  readonly constraint: string;
}
