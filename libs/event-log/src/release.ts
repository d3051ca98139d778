import { describeError } from '@cc/kernel';
import { isTransient, type Tx } from '@cc/postgres';
import type { Batch, Outcome, Parked } from './event-log';
import type { ParkedRecord } from './parking';

/** What a handler made of one parked record: `waits`, and it is as it was, where the handler's world is not ready. */
export type Delivery = { readonly kind: 'applied' } | { readonly kind: 'failed' | 'waits'; readonly reason: string };

/** Thrown to undo what the handler wrote. */
class NotApplied extends Error {}

/**
 * Delivers one parked record inside `tx`. Unless it is applied, nothing of what the handler wrote is left.
 * Rejects with what is wrong with the database alone: then the whole transaction is to be tried again.
 */
export async function deliverParked(tx: Tx, handle: (batch: Batch) => Promise<Outcome>, { record }: ParkedRecord): Promise<Delivery> {
  await tx.query('SAVEPOINT parked_record');
  try {
    const outcome = await handle({ topic: record.topic, partition: record.partition, records: [record], tx });
    if (outcome.kind === 'retry') throw new NotApplied(outcome.reason);
    await tx.query('RELEASE SAVEPOINT parked_record');
    const again = parkedAgain(outcome.parked, record.offset);
    return again === undefined ? { kind: 'applied' } : { kind: 'failed', reason: again.reason };
  } catch (error) {
    if (isTransient(error)) throw error;
    await tx.query('ROLLBACK TO SAVEPOINT parked_record');
    return error instanceof NotApplied ? { kind: 'waits', reason: error.message } : { kind: 'failed', reason: describeError(error) };
  }
}

function parkedAgain(parked: readonly Parked[] | undefined, offset: number): Parked | undefined {
  return parked?.find(({ record }) => record.offset === offset);
}
