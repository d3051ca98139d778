import { decoderOfCallEvents, topics, type CallEventOf } from '@cc/contracts';
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

const decode = decoderOfCallEvents('cc.call.attempt-started.v1', 'cc.call.attempt-accepted.v1');

/** Learns which attempts there are and what the vendors call them, and hands on what has waited for them. */
@Controller()
export class CallEventsConsumer {
  constructor(
    private readonly correlation: PgCorrelation,
    private readonly dispatcher: Dispatcher,
    private readonly metrics: Metrics,
  ) {}

  @EventPattern(topics.callEvents.name)
  async learn(@Payload() batch: Batch): Promise<Outcome> {
    const { messages, parked } = decodeBatch(batch, decode, this.metrics);
    const events = messages.map(({ message }) => message);
    const started = events.flatMap((event) => (event.type === 'cc.call.attempt-started.v1' ? [attemptOf(event)] : []));
    await this.introduce(batch.tx, started.map((attempt) => ({ subject: subjectOfAttempt(attempt.channel, attempt.attemptId), attempt })));
    const accepted = events.flatMap((event) => (event.type === 'cc.call.attempt-accepted.v1' && event.source === 'router' ? [event] : []));
    await this.introduce(batch.tx, await this.vendorNames(batch.tx, accepted));
    return { kind: 'handled', parked };
  }

  private async vendorNames(tx: Tx, accepted: readonly CallEventOf<'cc.call.attempt-accepted.v1'>[]): Promise<{ subject: string; attempt: KnownAttempt }[]> {
    const own = accepted.map((event) => subjectOfAttempt(event.channel, event.attemptId));
    const known = await this.correlation.touch(tx, own, this.dispatcher.nowMs());
    await this.correlation.markNamed(tx, own);
    return accepted.flatMap((event) => {
      const attempt = known.get(subjectOfAttempt(event.channel, event.attemptId))?.attempt;
      return attempt === undefined ? [] : [{ subject: subjectOfVendorCall(event.channel, event.vendorCallId), attempt }];
    });
  }

  private async introduce(tx: Tx, entries: readonly { subject: string; attempt: KnownAttempt }[]): Promise<void> {
    await this.correlation.learn(tx, entries, this.dispatcher.nowMs());
    const attempts = new Map(entries.map(({ subject, attempt }) => [subject, attempt]));
    const waited = await this.correlation.release(tx, [...attempts.keys()]);
    await this.dispatcher.dispatch(tx, waited.flatMap((notification) => {
      const attempt = attempts.get(subjectOf(notification) ?? '');
      return attempt === undefined ? [] : [{ notification, attempt, namesVendorCall: true }];
    }));
  }
}
