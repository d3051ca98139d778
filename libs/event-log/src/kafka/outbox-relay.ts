import { describeError } from '@cc/kernel';
import type { Tx } from '@cc/postgres';
import type { AppendQueue } from '../append-queue';
import type { Batch, Outcome } from '../event-log';
import { PostgresSubscription, type SubscriptionParts } from '../postgres/postgres-subscription';
import { formatOrigin, ORIGIN_HEADER } from './outbox-origin';

/** The relay's group in the database's log. */
export const RELAY_GROUP = 'cc-outbox-relay';

/**
 * Moves what transactions have appended to the outbox over to the same partitions of Kafka, in order; every process runs one, and the
 * cursor's lock makes it one per partition. A record that is sent twice carries the same origin, by which consumers pass it over.
 */
export class OutboxRelay {
  private readonly subscription: PostgresSubscription;
  private outbox: string | undefined;

  constructor(
    parts: SubscriptionParts,
    topics: readonly string[],
    private readonly queue: AppendQueue,
  ) {
    this.subscription = new PostgresSubscription(parts, { group: RELAY_GROUP, topics, handle: (batch) => this.relay(batch) });
  }

  async stop(): Promise<void> {
    await this.subscription.stop();
  }

  private async relay({ tx, topic, partition, records }: Batch): Promise<Outcome> {
    const origin = (this.outbox ??= await outboxId(tx));
    try {
      await this.queue.add(
        topic,
        records.map(({ key, value, headers, offset }) => ({ key, value, headers: { ...headers, [ORIGIN_HEADER]: formatOrigin({ origin, offset }) }, partition })),
      );
    } catch (error) {
      return { kind: 'retry', reason: describeError(error) };
    }
    // Not from the beginning: that would walk over the index entries of everything that was relayed before.
    await tx.query(`DELETE FROM log_record WHERE topic = $1 AND part = $2 AND off BETWEEN $3 AND $4`, [topic, partition, records[0]?.offset ?? 0, records.at(-1)?.offset ?? -1]);
    return { kind: 'handled' };
  }
}

async function outboxId(tx: Tx): Promise<string> {
  const [row] = await tx.query<{ id: string }>(`SELECT id FROM log_identity`);
  if (row === undefined) throw new Error('The database has no log identity: its migrations are incomplete');
  return row.id;
}
