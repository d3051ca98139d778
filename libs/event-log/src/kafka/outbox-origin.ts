import type { Tx } from '@cc/postgres';
import type { LogRecord } from '../event-log';
import type { PartitionName } from '../log-tables';

/** The header in which a relayed record carries where it lay in the outbox; handlers do not see it. */
export const ORIGIN_HEADER = 'cc_outbox';

/** A place in an outbox: the id of the database's log, and the offset in the partition of the same number. */
export interface Origin {
  readonly origin: string;
  readonly offset: number;
}

export function formatOrigin({ origin, offset }: Origin): string {
  return `${origin}/${offset}`;
}

/** Undefined for a record that did not come through an outbox. */
export function originOf({ headers }: Pick<LogRecord, 'headers'>): Origin | undefined {
  const [, origin, offset] = /^(.+)\/(\d{1,15})$/.exec(headers[ORIGIN_HEADER] ?? '') ?? [];
  return origin === undefined || offset === undefined ? undefined : { origin, offset: Number(offset) };
}

export function withoutOrigin(record: LogRecord): LogRecord {
  if (!(ORIGIN_HEADER in record.headers)) return record;
  const { [ORIGIN_HEADER]: _, ...headers } = record.headers;
  return { ...record, headers };
}

/** The highest outbox offsets that a group has seen in a partition, by outbox. */
export type SeenOrigins = ReadonlyMap<string, number>;

export async function readSeenOrigins(tx: Tx, group: string, { topic, partition }: PartitionName): Promise<SeenOrigins> {
  const rows = await tx.query<{ origin: string; off: number }>(`SELECT origin, off FROM log_origin WHERE grp = $1 AND topic = $2 AND part = $3`, [group, topic, partition]);
  return new Map(rows.map(({ origin, off }) => [origin, off]));
}

export async function writeSeenOrigins(tx: Tx, group: string, { topic, partition }: PartitionName, seen: SeenOrigins): Promise<void> {
  await tx.query(
    `INSERT INTO log_origin (grp, topic, part, origin, off) SELECT $1, $2, $3, o.origin, o.off FROM unnest($4::text[], $5::bigint[]) AS o (origin, off)
     ON CONFLICT (grp, topic, part, origin) DO UPDATE SET off = excluded.off`,
    [group, topic, partition, [...seen.keys()], [...seen.values()]],
  );
}

/** Leaves out what the relay has sent before, and tells what has been seen afterwards. Records in offset order. */
export function withoutRepetitions(records: readonly LogRecord[], before: SeenOrigins): { readonly fresh: LogRecord[]; readonly seen: SeenOrigins } {
  const seen = new Map(before);
  const fresh = records.filter((record) => {
    const origin = originOf(record);
    if (origin === undefined) return true;
    if (origin.offset <= (seen.get(origin.origin) ?? -1)) return false;
    seen.set(origin.origin, origin.offset);
    return true;
  });
  return { fresh, seen };
}
