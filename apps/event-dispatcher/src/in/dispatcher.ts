import { distinctEvents, encodeCallEvent, topics, type CallEvent, type ChannelNotification, type QuarantineCause } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { Clock, Log, Metrics } from '@cc/kernel';
import type { Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { toCallEvent, type KnownAttempt } from '../domain/normalise';
import type { Quarantined } from '../domain/quarantine';
import { PgQuarantine } from '../out/pg-quarantine';
import { Translator } from './translator';

const SERVICE = 'event-dispatcher';

/** A notification whose attempt is known. */
export interface Correlated {
  readonly notification: ChannelNotification;
  readonly attempt: KnownAttempt;
  /** By which it found its attempt. */
  readonly subject: string;
  /** When the earliest message under its subject was received that has told the vendor's call id, by what was known before the batch. */
  readonly namedAt: number | undefined;
}

/** Which of a subject's messages tell what the vendor calls its call: one that was received before all of those that told it. */
class Namings {
  /** Of subjects that have told it by this: when the earliest message was received that did. */
  readonly told = new Map<string, number>();

  /** @param namedAt what is known of the subject by earlier batches. */
  isNews(subject: string, { vendorCallId, receivedAt }: ChannelNotification, namedAt: number | undefined): boolean {
    const before = this.told.get(subject) ?? namedAt;
    if (vendorCallId === undefined || (before !== undefined && before <= receivedAt)) return false;
    this.told.set(subject, receivedAt);
    return true;
  }
}

/** What leaves the dispatcher. */
export interface Outgoing {
  readonly events: readonly CallEvent[];
  readonly unusable: readonly Quarantined[];
}

/** Counts and reports what could not be used. */
@Injectable()
export class DispatchWatch {
  constructor(
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  quarantined(kept: readonly Quarantined[]): void {
    const told = new Set<string>();
    for (const { notification: { id, channel }, reason, cause = 'unusable' } of kept) {
      this.count(1, channel, cause);
      // One line for all that are alike: who forges many fills no log.
      if (!told.has(`${channel} ${reason}`)) this.log.warn('notifications quarantined', { channel, cause, reason, count: kept.filter((other) => other.notification.channel === channel && other.reason === reason).length, notificationId: id });
      told.add(`${channel} ${reason}`);
    }
  }

  /** @param channels of each notification that waited in vain. */
  expired(channels: readonly string[]): void {
    if (channels.length === 0) return;
    for (const channel of channels) this.count(1, channel, 'orphaned');
    this.log.warn('notifications belong to no known attempt', { count: channels.length });
  }

  private count(amount: number, channel: string, cause: QuarantineCause): void {
    this.metrics.counter('cc_notifications_quarantined_total', 'Vendor messages put aside because they could not be used', ['channel', 'cause']).add(amount, { channel, cause });
  }
}

/** Writes the events that notifications lead to, and puts aside what leads to none. */
@Injectable()
export class Dispatcher {
  constructor(
    private readonly quarantine: PgQuarantine,
    private readonly translator: Translator,
    private readonly eventLog: EventLog,
    private readonly clock: Clock,
    private readonly watch: DispatchWatch,
  ) {}

  nowMs(): number {
    return this.clock.nowMs();
  }

  /** @param more what goes out together with it. Resolves to the subjects under which the vendor's call id was told, with when the message was received that did. */
  async dispatch(tx: Tx, correlated: readonly Correlated[], more: Outgoing = { events: [], unusable: [] }): Promise<ReadonlyMap<string, number>> {
    const quarantined: Quarantined[] = [...more.unusable];
    const events: CallEvent[] = [...more.events];
    const namings = new Namings();
    for (const { notification, attempt, subject, namedAt } of correlated) {
      const translated = this.translator.translate(notification, attempt);
      if (translated.kind === 'unusable') quarantined.push({ notification, reason: translated.reason });
      else events.push(...(namings.isNews(subject, notification, namedAt) ? this.acceptanceBy(notification, attempt) : []), ...translated.events);
    }
    await this.publish(tx, { events, unusable: quarantined });
    return namings.told;
  }

  async publish(tx: Tx, { events, unusable }: Outgoing): Promise<void> {
    await this.quarantine.keep(tx, unusable, this.nowMs());
    this.watch.quarantined(unusable);
    await this.eventLog.appendInTransaction(tx, topics.callEvents.name, distinctEvents(events).map((event) => encodeCallEvent(event, SERVICE)));
  }

  /**
   * A message that carries the vendor's call id proves the acceptance, whatever became of the dial's answer. It is told whether or not the
   * router has told it before: what events a call has must not depend on who was faster.
   */
  acceptanceBy(notification: ChannelNotification, attempt: KnownAttempt): CallEvent[] {
    const { vendorCallId } = notification;
    return vendorCallId === undefined ? [] : [toCallEvent({ type: 'cc.call.attempt-accepted.v1', derived: true, vendorCallId }, attempt, notification)];
  }
}
