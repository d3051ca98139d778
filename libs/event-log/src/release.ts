import { backoffMs, CcError, describeError, pause } from '@cc/kernel';
import { isTransient, type Database, type Tx } from '@cc/postgres';
import type { Cursors } from './cursors';
import type { Batch, Outcome } from './event-log';
import type { PartitionName } from './log-tables';
import { firstParked, forgetParked, hasParked, parkAnew } from './parking';

const GIVE_UP_AFTER_MS = 30_000;
const FIRST_BACKOFF_MS = 20;
const MAX_BACKOFF_MS = 1_000;

type Released = 'one' | 'failed' | 'none' | 'busy';

/** Thrown to roll back what the handler wrote. */
class NotApplied extends Error {}

/**
 * Delivers the parked records of one key to `handle`, in order, each in its own transaction, until none is left or one fails, which stays
 * parked with its new reason and holds back the ones behind it. New records of the key join the end while it runs.
 * Rejects with `unavailable` when the partition or what the handler needs cannot be had for 30 s.
 */
export class Release {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
    private readonly handle: (batch: Batch) => Promise<Outcome>,
  ) {}

  async run(topic: string, key: string): Promise<number> {
    let released = 0;
    let waits = 0;
    const giveUpAtMs = Date.now() + GIVE_UP_AFTER_MS;
    for (;;) {
      const result = await this.next(topic, key);
      if (result === 'none' || result === 'failed') return released;
      if (result === 'one') {
        released += 1;
        waits = 0;
      } else if (Date.now() > giveUpAtMs) {
        throw new CcError('unavailable', 'release-waits', 'The parked records cannot be delivered now; the ones before were', { cause: `${released} released` });
      } else {
        await pause(backoffMs(waits, FIRST_BACKOFF_MS, MAX_BACKOFF_MS));
        waits += 1;
      }
    }
  }

  private async next(topic: string, key: string): Promise<Released> {
    const [row] = await this.database.query<{ part: number }>(
      `SELECT part FROM dead_letter WHERE grp = $1 AND topic = $2 AND key = $3 ORDER BY seq LIMIT 1`,
      [this.cursors.group, topic, key],
    );
    if (row === undefined) return 'none';
    const partition = { topic, partition: row.part };
    try {
      return await this.database.transaction((tx) => this.deliverFirst(tx, partition, key));
    } catch (error) {
      if (error instanceof NotApplied || isTransient(error)) return 'busy';
      return this.database.transaction((tx) => this.failed(tx, partition, key, describeError(error)));
    }
  }

  private async deliverFirst(tx: Tx, partition: PartitionName, key: string): Promise<Released> {
    const cursor = await this.cursors.take(tx, partition);
    if (cursor === undefined) return 'busy';
    const parked = await firstParked(tx, this.cursors.group, partition, key);
    if (parked === undefined) return 'none';
    const outcome = await this.handle({ ...partition, records: [parked.record], tx });
    if (outcome.kind === 'retry') throw new NotApplied(outcome.reason);
    const again = outcome.parked?.find(({ record }) => record.offset === parked.record.offset);
    if (again !== undefined) {
      await parkAnew(tx, parked.seq, again.reason);
      return 'failed';
    }
    await forgetParked(tx, parked.seq);
    await this.cursors.put(tx, partition, { offset: cursor.offset, hasParked: await hasParked(tx, this.cursors.group, partition) });
    return 'one';
  }

  private async failed(tx: Tx, partition: PartitionName, key: string, reason: string): Promise<Released> {
    const parked = await firstParked(tx, this.cursors.group, partition, key);
    if (parked !== undefined) await parkAnew(tx, parked.seq, reason);
    return 'failed';
  }
}
