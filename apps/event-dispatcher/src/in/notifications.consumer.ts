import { decodeChannelNotification, topics, type ChannelNotification } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { subjectOf } from '../domain/subject';
import { PgCorrelation, type Quarantined } from '../out/pg-correlation';
import { Dispatcher, type Correlated } from './dispatcher';
import { SeatCalls } from './seat-calls';

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
    const addressed: { subject: string; notification: ChannelNotification }[] = [];
    const anonymous: Quarantined[] = [];
    const [ofSeats, others] = [messages.filter(({ message }) => message.seat !== undefined), messages.filter(({ message }) => message.seat === undefined)];
    for (const { message } of others) {
      const subject = subjectOf(message);
      if (subject === undefined) anonymous.push({ notification: message, reason: 'it names neither our attempt nor a vendor call' });
      else addressed.push({ subject, notification: message });
    }
    const nowMs = this.dispatcher.nowMs();
    const subjects = await this.correlation.touch(tx, addressed.map(({ subject }) => subject), nowMs);
    const known: Correlated[] = [];
    const waiting: typeof addressed = [];
    const named = new Set<string>();
    for (const entry of addressed) {
      const state = subjects.get(entry.subject);
      if (state?.attempt === undefined) {
        waiting.push(entry);
        continue;
      }
      const news = !state.named && !named.has(entry.subject) && entry.notification.vendorCallId !== undefined;
      if (news) named.add(entry.subject);
      known.push({ notification: entry.notification, attempt: state.attempt, namesVendorCall: news });
    }
    await this.correlation.hold(tx, waiting, nowMs);
    await this.correlation.markNamed(tx, [...named]);
    const { events, unusable } = await this.seatCalls.notified(tx, ofSeats.map(({ message }) => message));
    await this.dispatcher.dispatch(tx, known, { events, unusable: [...anonymous, ...unusable] });
    return { kind: 'handled', parked };
  }
}
