import { decoderOfCallEvents, topics, type CallEventOf } from '@cc/contracts';
import type { Batch, Outcome } from '@cc/event-log';
import { Metrics } from '@cc/kernel';
import { decodeBatch } from '@cc/platform';
import type { Tx } from '@cc/postgres';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { attemptOf, subjectOf, subjectOfAttempt, subjectOfVendorCall } from '../domain/subject';
import { PgCorrelation, type Introduced, type Subject } from '../out/pg-correlation';
import { Dispatcher } from './dispatcher';
import { SeatCalls } from './seat-calls';

const decode = decoderOfCallEvents('cc.call.attempt-started.v1', 'cc.call.attempt-accepted.v1', 'cc.call.attempt-refused.v1', 'cc.call.attempt-resolved.v1', 'cc.call.ended.v1');

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
    const accepted = events.flatMap((event) => (event.type === 'cc.call.attempt-accepted.v1' ? [event] : []));
    const seats = await this.seatCalls.subjectsOf(batch.tx, events);
    const introduced = started.map((attempt) => ({ subject: subjectOfAttempt(attempt.channel, attempt.attemptId), attempt }));
    const known = await this.correlation.lock(batch.tx, [...introduced.map(({ subject }) => subject), ...accepted.flatMap(bothSubjectsOf), ...seats], this.dispatcher.nowMs(), introduced);
    await this.introduce(batch.tx, introduced);
    await this.introduceVendorCalls(batch.tx, accepted, known);
    await this.dispatcher.publish(batch.tx, await this.seatCalls.learn(batch.tx, events, seats));
    return { kind: 'handled', parked };
  }

  private async introduceVendorCalls(tx: Tx, accepted: readonly CallEventOf<'cc.call.attempt-accepted.v1'>[], locked: ReadonlyMap<string, Subject>): Promise<void> {
    const entries = accepted.flatMap((event) => {
      const [own, ofVendor] = bothSubjectsOf(event);
      const attempt = locked.get(own)?.attempt;
      return attempt === undefined ? [] : [{ subject: ofVendor, attempt }];
    });
    await this.correlation.learn(tx, entries);
    await this.introduce(tx, entries);
    // Of those that came of the vendor's messages, no further one needs to be told.
    const derived = accepted.filter(({ source }) => source === 'derived');
    await this.correlation.markNamed(tx, new Map(derived.flatMap((event) => bothSubjectsOf(event).map((subject): [string, number] => [subject, event.recordedAt]))));
  }

  /** What waited for an attempt may be the first to name its vendor's call. */
  private async introduce(tx: Tx, entries: readonly Introduced[]): Promise<void> {
    const attempts = new Map(entries.map(({ subject, attempt }) => [subject, attempt]));
    const waited = await this.correlation.release(tx, [...attempts.keys()]);
    const named = await this.dispatcher.dispatch(tx, waited.flatMap((notification) => {
      const subject = subjectOf(notification) ?? '';
      const attempt = attempts.get(subject);
      return attempt === undefined ? [] : [{ notification, attempt, subject, namedAt: undefined }];
    }));
    await this.correlation.markNamed(tx, named);
  }
}

/** Of an accepted attempt: by our name of it, and by the vendor's. */
function bothSubjectsOf({ channel, attemptId, vendorCallId }: CallEventOf<'cc.call.attempt-accepted.v1'>): [own: string, ofVendor: string] {
  return [subjectOfAttempt(channel, attemptId), subjectOfVendorCall(channel, vendorCallId)];
}
