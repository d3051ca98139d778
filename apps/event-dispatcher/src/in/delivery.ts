import type { ChannelNotification } from '@cc/contracts';
import type { Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import type { Quarantined } from '../domain/quarantine';
import { subjectOf } from '../domain/subject';
import { PgCorrelation } from '../out/pg-correlation';
import { Dispatcher, type Correlated } from './dispatcher';
import { SeatCalls } from './seat-calls';

interface Addressed {
  readonly subject: string;
  readonly notification: ChannelNotification;
}

/** Brings notifications to their attempts. One whose attempt is not known yet waits for it, in order; what cannot be used is put aside. */
@Injectable()
export class Delivery {
  constructor(
    private readonly correlation: PgCorrelation,
    private readonly dispatcher: Dispatcher,
    private readonly seatCalls: SeatCalls,
  ) {}

  /** In the order in which they came. */
  async deliver(tx: Tx, notifications: readonly ChannelNotification[]): Promise<void> {
    const { addressed, useless } = sorted(notifications);
    const nowMs = this.dispatcher.nowMs();
    const subjects = await this.correlation.lock(tx, addressed.map(({ subject }) => subject), nowMs);
    const [ofSeats, others] = [addressed.filter(({ notification }) => notification.seat !== undefined), addressed.filter(({ notification }) => notification.seat === undefined)];
    const known: Correlated[] = [];
    const waiting: Addressed[] = [];
    for (const entry of others) {
      const state = subjects.get(entry.subject);
      if (state?.attempt === undefined) {
        waiting.push(entry);
        continue;
      }
      known.push({ notification: entry.notification, attempt: state.attempt, subject: entry.subject, namedAt: state.namedAt });
    }
    await this.correlation.hold(tx, waiting, nowMs);
    const { events, unusable } = await this.seatCalls.notified(tx, ofSeats.map(({ notification }) => notification));
    const named = await this.dispatcher.dispatch(tx, known, { events, unusable: [...useless, ...unusable] });
    await this.correlation.markNamed(tx, named);
  }

  /** What {@link deliver} locks first: who locks something else beside it, locks this before. */
  async lockFor(tx: Tx, notification: ChannelNotification): Promise<void> {
    const subject = subjectOf(notification);
    if (subject !== undefined) await this.correlation.lock(tx, [subject], this.dispatcher.nowMs());
  }

  /** Whether it waits for its attempt. */
  async waits(tx: Tx, notification: ChannelNotification): Promise<boolean> {
    return await this.correlation.isWaiting(tx, notification.id);
  }
}

/** What names whom it is about; the rest is put aside, and so is what its vendor has not sent, whomever it names. */
function sorted(notifications: readonly ChannelNotification[]): { readonly addressed: readonly Addressed[]; readonly useless: readonly Quarantined[] } {
  const addressed: Addressed[] = [];
  const useless: Quarantined[] = [];
  for (const notification of notifications) {
    const subject = subjectOf(notification);
    if (notification.verdict === 'forged') useless.push({ notification, cause: 'forged', reason: `forged: ${notification.verdictReason ?? 'its verification failed'}` });
    else if (subject === undefined) useless.push({ notification, cause: 'unaddressed', reason: 'it names neither our attempt nor a vendor call' });
    else addressed.push({ subject, notification });
  }
  return { addressed, useless };
}
