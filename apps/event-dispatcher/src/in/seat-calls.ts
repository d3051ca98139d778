import type { CallEvent, ChannelNotification } from '@cc/contracts';
import { Metrics } from '@cc/kernel';
import type { Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { chooseAttempt, type SeatAttempt } from '../domain/seat-call';
import { attemptOf, subjectOf, subjectOfSeat } from '../domain/subject';
import type { Quarantined } from '../domain/quarantine';
import { PgCorrelation } from '../out/pg-correlation';
import { PgSeatAttempts } from '../out/pg-seat-attempts';
import { Dispatcher, type Outgoing } from './dispatcher';
import { Translator } from './translator';

interface Waiting {
  readonly subject: string;
  readonly notification: ChannelNotification;
}

type Settled = Outgoing & { readonly waiting: readonly Waiting[]; readonly used: readonly string[] };

/** Messages that name a seat and not always a call: which attempt they belong to, and how far its call had come when each was told. */
@Injectable()
export class SeatCalls {
  constructor(
    private readonly attempts: PgSeatAttempts,
    private readonly correlation: PgCorrelation,
    private readonly dispatcher: Dispatcher,
    private readonly translator: Translator,
    private readonly metrics: Metrics,
  ) {}

  /** What seats told, in order. What may belong to an attempt that is not known yet waits. The seats are locked. */
  async notified(tx: Tx, notifications: readonly ChannelNotification[]): Promise<Outgoing> {
    if (notifications.length === 0) return { events: [], unusable: [] };
    const entries = notifications.map((notification) => ({ subject: subjectOf(notification) ?? '', notification }));
    const settled = await this.settle(tx, entries, await this.correlation.subjectsWithPending(tx, entries.map(({ subject }) => subject)));
    await this.correlation.hold(tx, settled.waiting, this.dispatcher.nowMs());
    return settled;
  }

  /** The seats that these events are about. */
  async subjectsOf(tx: Tx, events: readonly CallEvent[]): Promise<string[]> {
    const others = events.filter((event) => event.type !== 'cc.call.attempt-started.v1');
    return [...startedOf(events).map(({ subject }) => subject), ...(await this.attempts.subjectsOf(tx, others.flatMap((event) => attemptIdOf(event) ?? [])))];
  }

  /** Learns of attempts of seats, and hands on what has waited for them. @param subjects as {@link subjectsOf} gave them; they are locked. */
  async learn(tx: Tx, events: readonly CallEvent[], subjects: readonly string[]): Promise<Outgoing> {
    if (subjects.length === 0) return { events: [], unusable: [] };
    const started = startedOf(events);
    const begun = started.map(({ subject }) => subject);
    if (started.length > 0) await this.attempts.add(tx, started);
    await this.note(tx, subjects, events.filter((event) => event.type !== 'cc.call.attempt-started.v1'));
    const pending = await this.correlation.pendingOf(tx, begun);
    const settled = await this.settle(tx, pending.map((notification) => ({ subject: subjectOf(notification) ?? '', notification })), new Set(begun));
    await this.correlation.endWaiting(tx, settled.used);
    return settled;
  }

  /** What others say of attempts: the vendor's name of the call, and that it is over. */
  private async note(tx: Tx, subjects: readonly string[], events: readonly CallEvent[]): Promise<void> {
    const known = new Map((await this.attempts.of(tx, subjects)).map((one) => [one.attempt.attemptId, one]));
    const changed = new Set<SeatAttempt>();
    for (const event of events) {
      const one = known.get(attemptIdOf(event) ?? '');
      if (one === undefined) continue;
      if (event.type === 'cc.call.attempt-accepted.v1') one.vendorCallId ??= event.vendorCallId;
      // The reaper gives up waiting; what the seat tells later is still of this call.
      else if (event.source !== 'reaper') one.over = true;
      changed.add(one);
    }
    await this.attempts.keep(tx, [...changed]);
  }

  private async settle(tx: Tx, entries: readonly Waiting[], pendingAt: ReadonlySet<string>): Promise<Settled> {
    const known = await this.attempts.of(tx, entries.map(({ subject }) => subject));
    const queued = new Set(pendingAt);
    const events: CallEvent[] = [];
    const [unusable, waiting, used, changed]: [Quarantined[], Waiting[], string[], Set<SeatAttempt>] = [[], [], [], new Set()];
    for (const entry of entries) {
      const { subject, notification } = entry;
      const choice = chooseAttempt(known.filter((one) => one.subject === subject), notification);
      if (choice.kind === 'wait' && (queued.has(subject) || !this.translator.isSilent(notification))) {
        queued.add(subject);
        waiting.push(entry);
        continue;
      }
      used.push(notification.id);
      if (choice.kind === 'foreign') unusable.push({ notification, reason: choice.reason });
      else if (choice.kind === 'wait') this.metrics.counter('cc_seat_messages_of_no_call_total', 'Messages of seats that say nothing of any call of ours', ['channel']).add(1, { channel: notification.channel });
      else {
        const told = this.tell(notification, choice.of);
        events.push(...told.events);
        unusable.push(...told.unusable);
        changed.add(choice.of);
      }
    }
    await this.attempts.keep(tx, [...changed]);
    return { events, unusable, waiting, used };
  }

  private tell(notification: ChannelNotification, of: SeatAttempt): Outgoing {
    const translated = this.translator.translate(notification, of.attempt, of.progress);
    if (translated.kind === 'unusable') return { events: [], unusable: [{ notification, reason: translated.reason }] };
    // Each that names the call, though one would do: whether the router's word of it comes before or after must make no difference.
    const names = notification.vendorCallId !== undefined && translated.events.length > 0;
    if (names) of.vendorCallId ??= notification.vendorCallId;
    of.progress = translated.progress;
    of.over ||= of.progress === 'ended';
    return { events: [...(names ? this.dispatcher.acceptanceBy(notification, of.attempt) : []), ...translated.events], unusable: [] };
  }
}

function startedOf(events: readonly CallEvent[]): Pick<SeatAttempt, 'attempt' | 'subject' | 'startedAt'>[] {
  return events.flatMap((event) => (event.type === 'cc.call.attempt-started.v1' && event.seat !== undefined ? [{ attempt: attemptOf(event), subject: subjectOfSeat(event.channel, event.seat), startedAt: event.occurredAt }] : []));
}

function attemptIdOf(event: CallEvent): string | undefined {
  return 'attemptId' in event ? event.attemptId : undefined;
}
