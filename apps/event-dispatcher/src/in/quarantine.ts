import type { ChannelNotification } from '@cc/contracts';
import { Log, Metrics, Sealer } from '@cc/kernel';
import type { Tx } from '@cc/postgres';
import { Channels, openNotification } from '@cc/vendors';
import { Injectable } from '@nestjs/common';
import { subjectOf } from '../domain/subject';
import { PgQuarantine, type QuarantineCount, type QuarantineEntry, type QuarantineFilter } from '../out/pg-quarantine';
import { Delivery } from './delivery';

export type ReleaseOutcome =
  /** It has become events, as far as it says anything. */
  | { readonly kind: 'delivered' }
  /** It waits for the attempt that it belongs to. */
  | { readonly kind: 'waits' }
  /** It cannot be used now either, and lies here again. */
  | { readonly kind: 'kept'; readonly reason: string }
  /** It lies here no more: it was released or dropped before, or its time was over. */
  | { readonly kind: 'gone' };

/** Counts what leaves the quarantine otherwise than by being used. */
@Injectable()
export class QuarantineWatch {
  constructor(
    private readonly metrics: Metrics,
    readonly log: Log,
  ) {}

  dropped(why: 'age' | 'rows' | 'operator', counts: readonly QuarantineCount[]): void {
    for (const { channel, cause, count } of counts) {
      this.metrics.counter('cc_quarantine_dropped_total', 'Vendor messages dropped from quarantine: too old, forged and too many, or by an operator', ['channel', 'cause', 'why']).add(count, { channel, cause, why });
      this.log.warn('notifications dropped from quarantine', { channel, cause, why, count });
    }
  }

  released(notificationId: string, operator: string, outcome: ReleaseOutcome): void {
    this.metrics.counter('cc_quarantine_released_total', 'Vendor messages that an operator had delivered again, by what became of them', ['outcome']).add(1, { outcome: outcome.kind });
    this.log.info('notification released from quarantine', { notificationId, operator, outcome: outcome.kind });
  }
}

/** What an operator can do with messages that were put aside. Everything is done in the given transaction, and may be repeated. */
@Injectable()
export class Quarantine {
  constructor(
    private readonly rows: PgQuarantine,
    private readonly delivery: Delivery,
    private readonly channels: Channels,
    private readonly sealer: Sealer,
    private readonly watch: QuarantineWatch,
  ) {}

  /** The oldest first. @param page `after`: the position of the last entry of the page before; `limit`: entries. */
  async list(tx: Tx, filter: QuarantineFilter, page: { readonly after?: number; readonly limit: number }): Promise<QuarantineEntry[]> {
    return await this.rows.list(tx, filter, page);
  }

  /**
   * Delivers a notification once more, on the operator's word that the vendor has sent it: a failed check is overruled, and whom
   * it is about is looked for anew. The same message gives the same events, so that a repetition has no further effect.
   */
  async release(tx: Tx, notificationId: string, operator: string): Promise<ReleaseOutcome> {
    const found = await this.rows.find(tx, notificationId);
    if (found === undefined) return { kind: 'gone' };
    const notification = this.readdressed(overruled(found.notification));
    await this.delivery.lockFor(tx, notification);
    if ((await this.rows.take(tx, notificationId)) === undefined) return { kind: 'gone' };
    await this.delivery.deliver(tx, [notification]);
    const outcome = await this.outcomeOf(tx, notification);
    this.watch.released(notificationId, operator, outcome);
    return outcome;
  }

  /** Forgets it. Resolves to whether it was there. */
  async drop(tx: Tx, notificationId: string): Promise<boolean> {
    const taken = await this.rows.take(tx, notificationId);
    if (taken === undefined) return false;
    const { notification: { channel }, cause = 'unusable' } = taken;
    this.watch.dropped('operator', [{ channel, cause, count: 1 }]);
    return true;
  }

  private async outcomeOf(tx: Tx, notification: ChannelNotification): Promise<ReleaseOutcome> {
    const again = await this.rows.find(tx, notification.id);
    if (again !== undefined) return { kind: 'kept', reason: again.reason };
    return { kind: (await this.delivery.waits(tx, notification)) ? 'waits' : 'delivered' };
  }

  /** An adapter that could not tell whom it is about when it came may be able to now. */
  private readdressed(notification: ChannelNotification): ChannelNotification {
    if (subjectOf(notification) !== undefined) return notification;
    try {
      const { none: _none, ...subject } = this.channels.find(notification.channel)?.adapter.subjectOf(openNotification(notification.sealed, notification, this.sealer)) ?? {};
      return { ...notification, ...subject };
    } catch {
      return notification;
    }
  }
}

function overruled(notification: ChannelNotification): ChannelNotification {
  const { verdict, failedCheck: _failedCheck, verdictReason: _verdictReason, ...rest } = notification;
  return verdict === undefined ? notification : { ...rest, verdict: verdict === 'forged' ? 'trusted' : verdict };
}
