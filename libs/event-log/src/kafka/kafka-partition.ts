import type { Tx } from '@cc/postgres';
import type { PartitionSource, Taken } from '../batch-runner';
import type { Cursors } from '../cursors';
import type { LogRecord } from '../event-log';
import type { PartitionName } from '../log-tables';
import { readSeenOrigins, withoutOrigin, withoutRepetitions, writeSeenOrigins, type SeenOrigins } from './outbox-origin';

/**
 * An assigned partition of Kafka: records come from what was fetched, the position from the cursor in PostgreSQL. Who holds the cursor's
 * row is the partition's only consumer, whatever Kafka believes, and records at or below it are passed over.
 */
export class KafkaPartition implements PartitionSource {
  readonly log: string;
  /** The cursor that what is being fetched follows on. */
  position = -1;
  private fetched: readonly LogRecord[] = [];
  private origins: { readonly at: number; readonly seen: SeenOrigins } | undefined;
  private next: SeenOrigins = new Map();

  constructor(
    private readonly cursors: Cursors,
    readonly partition: PartitionName,
  ) {
    this.log = cursors.log;
  }

  /** The records to take from now on, in offset order. */
  offer(fetched: readonly LogRecord[]): void {
    this.fetched = fetched;
  }

  async take(tx: Tx, limit: number): Promise<Taken> {
    const cursor = await this.cursors.take(tx, this.partition);
    if (cursor === undefined) return { kind: 'busy' };
    // Somebody has set the cursor back: records are missing before the ones that were fetched.
    if (cursor.offset < this.position) return { kind: 'displaced' };
    const ahead = this.fetched.filter(({ offset }) => offset > cursor.offset).slice(0, limit);
    const upTo = ahead.at(-1)?.offset;
    if (upTo === undefined) return { kind: 'empty' };
    if (this.origins?.at !== cursor.offset) this.origins = { at: cursor.offset, seen: await readSeenOrigins(tx, this.cursors.group, this.partition) };
    const { fresh, seen } = withoutRepetitions(ahead, this.origins.seen);
    this.next = seen;
    return { kind: 'records', records: fresh.map(withoutOrigin), upTo, hasParked: cursor.hasParked };
  }

  async settle(tx: Tx, { upTo }: { readonly upTo: number }, hasParked: boolean): Promise<void> {
    await this.cursors.put(tx, this.partition, { offset: upTo, hasParked });
    const before = this.origins?.seen ?? new Map<string, number>();
    const changed = new Map([...this.next].filter(([origin, offset]) => before.get(origin) !== offset));
    if (changed.size > 0) await writeSeenOrigins(tx, this.cursors.group, this.partition, changed);
  }

  /** What was taken up to there is committed. */
  committed(upTo: number): void {
    this.position = upTo;
    this.origins = { at: upTo, seen: this.next };
  }
}
