import type { CallbackVerdict } from '@cc/contracts';
import { Log, Metrics } from '@cc/kernel';
import { Injectable } from '@nestjs/common';
import type { ReceivedCallback } from '../domain/received-callback';

/** Counts and reports what the spool and its replay meet. */
@Injectable()
export class SpoolWatch {
  constructor(
    readonly log: Log,
    private readonly metrics: Metrics,
  ) {}

  replayed(count: number): void {
    this.metrics.counter('cc_callbacks_replayed_total', 'Callbacks moved from the spool into the log').add(count);
  }

  torn(segment: number, bytes: number): void {
    this.metrics.counter('cc_spool_torn_tails_total', 'Unfinished, never acknowledged ends of the spool that were cut off at a start').add();
    this.log.warn('the spool ended within a frame that was never acknowledged; it was cut off', { segment, bytes });
  }

  damaged(segment: number, count: number): void {
    this.metrics.counter('cc_spool_damaged_total', 'Damaged stretches met in the spool').add(count);
    this.log.error('the spool is damaged; the segment is kept as .damaged', { segment, count });
  }

  strange({ id, channel }: ReceivedCallback, error: unknown): void {
    this.metrics.counter('cc_callbacks_strange_total', 'Callbacks that their adapter could not take apart; they go to quarantine', ['channel']).add(1, { channel });
    this.log.error('a callback cannot be taken apart; it goes to quarantine as it is', { notificationId: id, channel, error });
  }

  judged({ channel }: ReceivedCallback, verdict: CallbackVerdict): void {
    if (verdict.kind !== 'forged') return;
    this.metrics.counter('cc_callbacks_forged_total', 'Callbacks of which a check failed; they go to quarantine', ['channel', 'check']).add(1, { channel, check: verdict.failedCheck });
  }

  unreadable(error: unknown): void {
    this.metrics.counter('cc_spool_unreadable_total', 'Spooled callbacks that could not be opened').add();
    this.log.error('a spooled callback cannot be opened; its segment is kept as .damaged', { error });
  }
}
