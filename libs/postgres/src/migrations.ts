import { CcError, pause } from '@cc/kernel';
import type { Database, Tx } from './database';

/** One step of a service's schema: never edited once released. */
export interface Migration {
  /** `0001-what-it-does`; recorded under this name. */
  readonly name: string;
  /** Runs in its own transaction, together with its record. */
  readonly up: (tx: Tx) => Promise<void>;
}

/** Any number that nobody else locks: one migration at a time in a database, whoever's it is. */
const LOCK_KEY = 7_220_418_311;
const LOCK_RETRY_MS = 50;

const CREATE_TABLE = `create table if not exists schema_migration (
  service text not null,
  name text not null,
  applied_at timestamptz not null default now(),
  primary key (service, name)
)`;

/**
 * Brings the service's tables up to its list, in the list's order; returns the names that this call applied.
 * Several processes may call it at once: each migration runs once, and all return when all are done.
 * Fails when the database knows a migration that the list lacks: an older program must not work on a newer schema.
 */
export async function runMigrations(db: Database, service: string, migrations: readonly Migration[]): Promise<string[]> {
  const twice = migrations.find(({ name }, index) => migrations.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new CcError('fault', 'migration-listed-twice', `Migration ${twice.name} of ${service} is listed twice`);
  const applied: string[] = [];
  for (;;) {
    const step = await db.transaction((tx) => nextStep(tx, service, migrations));
    if (step === 'done') return applied;
    if (step === 'busy') await pause(LOCK_RETRY_MS);
    else applied.push(step.applied);
  }
}

async function nextStep(tx: Tx, service: string, migrations: readonly Migration[]): Promise<'done' | 'busy' | { readonly applied: string }> {
  // Trying, not waiting: a wait would end at the lock timeout while another process runs a long migration.
  const [lock] = await tx.query<{ had: boolean }>('select pg_try_advisory_xact_lock($1) as had', [LOCK_KEY]);
  if (lock?.had !== true) return 'busy';
  await tx.query(CREATE_TABLE);
  const rows = await tx.query<{ name: string }>('select name from schema_migration where service = $1', [service]);
  const recorded = new Set(rows.map(({ name }) => name));
  const unknown = [...recorded].filter((name) => !migrations.some((migration) => migration.name === name));
  if (unknown.length > 0) {
    throw new CcError('fault', 'migration-unknown', `The database has migrations of ${service} that this program does not know: ${unknown.join(', ')}`);
  }
  const next = migrations.find(({ name }) => !recorded.has(name));
  if (next === undefined) return 'done';
  // It may rewrite a large table; a limit would begin it anew for ever, with everybody locked out each time.
  await tx.query('set local statement_timeout = 0');
  await next.up(tx);
  await tx.query('insert into schema_migration (service, name) values ($1, $2)', [service, next.name]);
  return { applied: next.name };
}
