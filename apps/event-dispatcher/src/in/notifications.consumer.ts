import { decodeChannelNotification, topics, type ChannelNotification } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { subjectOf } from '../domain/subject';
import { PgCorrelation, type Quarantined } from '../out/pg-correlation';
import { Dispatcher, Namings, type Correlated } from './dispatcher';
import { SeatCalls } from './seat-calls';

interface Addressed {
  readonly subject: string;
  readonly notification: ChannelNotification;
}

/** Vendor messages in, call events out. A message whose attempt is not known yet waits for it, in order. */
@Controller()
export class NotificationsConsumer {
  constructor(
    private readonly correlation: PgCorrelation,
    private readonly dispatcher: Dispatcher,
    private readonly seatCalls: SeatCalls,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.channelNotifications.name)
  async dispatch(@Payload() { tx, ...batch }: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch({ tx, ...batch }, decodeChannelNotification, this.metrics);
    const { addressed, useless } = sorted(messages.map(({ message }) => message));
    const nowMs = this.dispatcher.nowMs();
    const subjects = await this.correlation.lock(tx, addressed.map(({ subject }) => subject), nowMs);
    const [ofSeats, others] = [addressed.filter(({ notification }) => notification.seat !== undefined), addressed.filter(({ notification }) => notification.seat === undefined)];
    const known: Correlated[] = [];
    const waiting: Addressed[] = [];
    const namings = new Namings();
    for (const entry of others) {
      const state = subjects.get(entry.subject);
      if (state?.attempt === undefined) {
        waiting.push(entry);
        continue;
      }
      known.push({ notification: entry.notification, attempt: state.attempt, namesVendorCall: namings.isNews(entry.subject, entry.notification, state.namedAt) });
    }
    await this.correlation.hold(tx, waiting, nowMs);
    await this.correlation.markNamed(tx, namings.told);
    const { events, unusable } = await this.seatCalls.notified(tx, ofSeats.map(({ notification }) => notification));
    await this.dispatcher.dispatch(tx, known, { events, unusable: [...useless, ...unusable] });
    return { kind: 'handled', parked };
  }
}

/** What names whom it is about; the rest is put aside, and so is what its vendor has not sent, whomever it names. */
function sorted(notifications: readonly ChannelNotification[]): { readonly addressed: readonly Addressed[]; readonly useless: readonly Quarantined[] } {
  const addressed: Addressed[] = [];
  const useless: Quarantined[] = [];
  for (const notification of notifications) {
    const subject = subjectOf(notification);
    if (notification.verdict === 'forged') useless.push({ notification, reason: `forged: ${notification.verdictReason ?? 'its verification failed'}` });
    else if (subject === undefined) useless.push({ notification, reason: 'it names neither our attempt nor a vendor call' });
    else addressed.push({ subject, notification });
  }
  return { addressed, useless };
}
