import { decoderOfCallEvents, topics, type CallEventOf, type ChannelNotification } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import type { Tx } from '@cc/postgres';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { attemptOf, subjectOf, subjectOfAttempt, subjectOfVendorCall } from '../domain/subject';
import type { KnownAttempt } from '../domain/normalise';
import { PgCorrelation } from '../out/pg-correlation';
import { Dispatcher } from './dispatcher';
import { SeatCalls } from './seat-calls';

const decode = decoderOfCallEvents('cc.call.attempt-started.v1', 'cc.call.attempt-accepted.v1', 'cc.call.attempt-refused.v1', 'cc.call.attempt-resolved.v1', 'cc.call.ended.v1');

interface Introduction {
  readonly subject: string;
  readonly attempt: KnownAttempt;
}

/** Learns which attempts there are and what the vendors call them, and hands on what has waited for them. */
@Controller()
export class CallEventsConsumer {
  constructor(
    private readonly correlation: PgCorrelation,
    private readonly dispatcher: Dispatcher,
    private readonly seatCalls: SeatCalls,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.callEvents.name)
  async learn(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decode, this.metrics);
    const events = messages.map(({ message }) => message);
    const started = events.flatMap((event) => (event.type === 'cc.call.attempt-started.v1' ? [attemptOf(event)] : []));
    await this.introduceAttempts(batch.tx, started.map((attempt) => ({ subject: subjectOfAttempt(attempt.channel, attempt.attemptId), attempt })));
    await this.introduceVendorCalls(batch.tx, events.flatMap((event) => (event.type === 'cc.call.attempt-accepted.v1' ? [event] : [])));
    await this.dispatcher.publish(batch.tx, await this.seatCalls.learn(batch.tx, events));
    return { kind: 'handled', parked };
  }

  /** What waited for an attempt may be the first to name its vendor's call. */
  private async introduceAttempts(tx: Tx, entries: readonly Introduction[]): Promise<void> {
    const named = new Set<string>();
    await this.introduce(tx, entries, ({ vendorCallId }, subject) => {
      const news = vendorCallId !== undefined && !named.has(subject);
      if (news) named.add(subject);
      return news;
    });
    await this.correlation.markNamed(tx, [...named]);
  }

  private async introduceVendorCalls(tx: Tx, accepted: readonly CallEventOf<'cc.call.attempt-accepted.v1'>[]): Promise<void> {
    const own = accepted.map((event) => subjectOfAttempt(event.channel, event.attemptId));
    const known = await this.correlation.touch(tx, own, this.dispatcher.nowMs());
    const entries = accepted.flatMap((event) => {
      const attempt = known.get(subjectOfAttempt(event.channel, event.attemptId))?.attempt;
      return attempt === undefined ? [] : [{ subject: subjectOfVendorCall(event.channel, event.vendorCallId), attempt }];
    });
    await this.introduce(tx, entries, () => false);
    await this.correlation.markNamed(tx, [...own, ...entries.map(({ subject }) => subject)]);
  }

  private async introduce(tx: Tx, entries: readonly Introduction[], namesVendorCall: (notification: ChannelNotification, subject: string) => boolean): Promise<void> {
    await this.correlation.learn(tx, entries, this.dispatcher.nowMs());
    const attempts = new Map(entries.map(({ subject, attempt }) => [subject, attempt]));
    const waited = await this.correlation.release(tx, [...attempts.keys()]);
    await this.dispatcher.dispatch(tx, waited.flatMap((notification) => {
      const subject = subjectOf(notification) ?? '';
      const attempt = attempts.get(subject);
      return attempt === undefined ? [] : [{ notification, attempt, namesVendorCall: namesVendorCall(notification, subject) }];
    }));
  }
}
