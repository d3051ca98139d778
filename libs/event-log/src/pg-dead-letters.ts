import { CcError } from '@cc/kernel';
import type { Tx } from '@cc/postgres';
import type { Cursors } from './cursors';
import { forgetOldHistory } from './dead-letter-history';
import type { DeadLetterMirror } from './dead-letter-mirror';
import { describeDeadLetter, keyOfDeadLetter, listDeadLetters } from './dead-letter-reading';
import { DeadLetters, type DeadLetterDetail, type DeadLetterFilter, type Order, type ParkedKey, type ParkedKeys, type Released } from './dead-letters';
import type { Batch, Outcome, Subscription } from './event-log';
import type { PartitionName } from './log-tables';
import { firstParked, forgetParked, hasParked, parkAnew, partitionOfParked, type ParkedRecord } from './parking';
import { deliverParked } from './release';

interface PgDeadLettersParts {
  readonly cursors: Cursors;
  readonly mirror: DeadLetterMirror;
  /** Those of this process. */
  readonly subscriptions: () => Iterable<Subscription>;
}

/** What one transaction delivers at most: the partition stands still meanwhile. */
const RECORDS_AT_ONCE = 200;
const LONGEST_MS = 2_000;

/** {@link DeadLetters} of a group whose positions and parked records lie in PostgreSQL, whichever driver carries the log. */
export class PgDeadLetters extends DeadLetters {
  constructor(private readonly parts: PgDeadLettersParts) {
    super();
  }

  list(tx: Tx, filter: DeadLetterFilter): Promise<ParkedKeys> {
    return listDeadLetters(tx, this.group, filter);
  }

  show(tx: Tx, id: number): Promise<DeadLetterDetail> {
    return describeDeadLetter(tx, this.group, id);
  }

  async release(tx: Tx, id: number, order: Order): Promise<Released> {
    const key = await keyOfDeadLetter(tx, this.group, id);
    return this.deliver(tx, key, order, false);
  }

  async drop(tx: Tx, id: number, order: Order): Promise<Released> {
    const key = await keyOfDeadLetter(tx, this.group, id);
    this.handlerOf(key.topic);
    await this.hold(tx, { topic: key.topic, partition: key.partition });
    const rows = await tx.query(`SELECT 1 FROM dead_letter WHERE seq = $1 AND grp = $2 FOR UPDATE`, [id, this.group]);
    if (rows.length === 0) throw new CcError('missing', 'not-parked', `The record ${id} is not parked any more: it was released or dropped`);
    await forgetParked(tx, id, 'dropped', order.operator, order.reason);
    return this.deliver(tx, key, order, true);
  }

  private get group(): string {
    return this.parts.cursors.group;
  }

  private async deliver(tx: Tx, key: ParkedKey, order: Order, onlyHeld: boolean): Promise<Released> {
    const handle = this.handlerOf(key.topic);
    const told = await this.deliverAll(tx, handle, key, order, onlyHeld);
    await forgetOldHistory(tx);
    const [row] = await tx.query<{ left: number }>(`SELECT count(*) AS left FROM dead_letter WHERE grp = $1 AND topic = $2 AND key = $3`, [this.group, key.topic, key.key]);
    return { ...told, left: row?.left ?? 0 };
  }

  private async deliverAll(tx: Tx, handle: Subscription['handle'], { topic, key, partition }: ParkedKey, order: Order, onlyHeld: boolean): Promise<Omit<Released, 'left'>> {
    const endAtMs = Date.now() + LONGEST_MS;
    await this.settle(tx, { topic, partition });
    for (let released = 0; ; released += 1) {
      const where = await partitionOfParked(tx, this.group, topic, key);
      if (where === undefined) return { outcome: 'done', released };
      if (released >= RECORDS_AT_ONCE || Date.now() > endAtMs) return { outcome: 'more', released };
      await this.hold(tx, where);
      const parked = await firstParked(tx, this.group, where, key);
      if (parked === undefined || (onlyHeld && !parked.held)) return { outcome: 'done', released };
      const delivery = await deliverParked(tx, handle, parked);
      if (delivery.kind === 'failed') await this.failed(tx, parked, delivery.reason, order);
      if (delivery.kind !== 'applied') return { outcome: delivery.kind, released, reason: delivery.reason };
      await forgetParked(tx, parked.seq, 'released', order.operator, order.reason);
      await this.settle(tx, where);
    }
  }

  /** A record that only waited so far has its copy and its reason from now on. */
  private async failed(tx: Tx, parked: ParkedRecord, reason: string, { operator }: Order): Promise<void> {
    await parkAnew(tx, parked, reason, operator);
    if (parked.held) await this.parts.mirror.copy(tx, this.group, [{ record: parked.record, reason }]);
  }

  /** Takes the partition from the group's members until the transaction ends. */
  private async hold(tx: Tx, partition: PartitionName): Promise<number> {
    const cursor = await this.parts.cursors.await(tx, partition);
    if (cursor === undefined) throw new CcError('conflict', 'group-not-running', `The group ${this.group} has never read partition ${partition.partition} of ${partition.topic} in this log`);
    return cursor.offset;
  }

  /** New records of the key pass by again when none of the partition is parked any more. */
  private async settle(tx: Tx, partition: PartitionName): Promise<void> {
    const offset = await this.hold(tx, partition);
    await this.parts.cursors.put(tx, partition, { offset, hasParked: await hasParked(tx, this.group, partition) });
  }

  private handlerOf(topic: string): (batch: Batch) => Promise<Outcome> {
    for (const { group, topics, handle } of this.parts.subscriptions()) if (group === this.group && topics.includes(topic)) return handle;
    throw new CcError('conflict', 'group-not-running', `The group ${this.group} does not read ${topic} in this process`);
  }
}
