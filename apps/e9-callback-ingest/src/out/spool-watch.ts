import type { CallbackVerdict } from '@cc/contracts';
import { Log, Metrics } from '@cc/kernel';
import { Injectable } from '@nestjs/common';
import type { ReceivedCallback } from '../domain/received-callback';

/** Why a callback is not taken: no room on the disk, too much waiting for the disk or for the log, or a disk that has failed. */
export type RefusalReason = 'no-room' | 'overloaded' | 'backlog' | 'broken';

const SYNC_BUCKETS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** How the spool stands. */
export interface SpoolFigures {
  readonly backlogBytes: number;
  /** Since the oldest callback came that the log does not have, 0 where it has all. */
  readonly backlogAgeSeconds: number;
  readonly freeBytes: number;
  /** Since the checkpoint moved, 0 where the log has all. */
  readonly checkpointAgeSeconds: number;
}

/** A callback of the spool that has come into the log. */
export interface ReplayedCallback {
  readonly channel: string;
  /** Epoch ms. */
  readonly receivedAt: number;
  readonly verdict: CallbackVerdict;
}

/** Counts and reports what the spool and its replay meet. */
@Injectable()
export class SpoolWatch {
  private readonly listeners = new Set<(callbacks: readonly ReplayedCallback[]) => void>();

  constructor(
    readonly log: Log,
    private readonly metrics: Metrics,
  ) {}

  /** Calls back after callbacks have come into the log. */
  onReplayed(heard: (callbacks: readonly ReplayedCallback[]) => void): void {
    this.listeners.add(heard);
  }

  /** In the order in which they were stored. */
  replayed(callbacks: readonly ReplayedCallback[]): void {
    this.metrics.counter('cc_callbacks_replayed_total', 'Callbacks moved from the spool into the log').add(callbacks.length);
    for (const { channel, verdict } of callbacks) {
      if (verdict.kind === 'forged') this.metrics.counter('cc_callbacks_forged_total', 'Callbacks of which a check failed; they go to quarantine', ['channel', 'check']).add(1, { channel, check: verdict.failedCheck });
    }
    for (const heard of this.listeners) heard(callbacks);
  }

  /** Logged at the end of a batch only: what is refused at the door comes a thousand times a second. */
  refused(reason: RefusalReason, count: number, cause?: unknown): void {
    this.metrics.counter('cc_spool_refused_total', 'Callbacks that the spool did not take (503)', ['reason']).add(count, { reason });
    if (cause !== undefined && count > 0) this.log.error('callbacks could not be stored; their senders were told to come again', { reason, count, error: cause });
  }

  synced(seconds: number): void {
    this.metrics.histogram('cc_spool_fdatasync_seconds', 'How long each fdatasync of the spool took', [], SYNC_BUCKETS_SECONDS).observe(seconds);
  }

  stands({ backlogBytes, backlogAgeSeconds, freeBytes, checkpointAgeSeconds }: SpoolFigures): void {
    this.metrics.gauge('cc_spool_backlog_bytes', 'Bytes in the spool that the log does not have').set(backlogBytes);
    this.metrics.gauge('cc_spool_backlog_age_seconds', 'Since the oldest callback came that the log does not have').set(backlogAgeSeconds);
    this.metrics.gauge('cc_spool_free_bytes', 'Bytes that are free on the disk of the spool').set(freeBytes);
    this.metrics.gauge('cc_spool_checkpoint_age_seconds', 'Since the checkpoint of the replay moved, while something waits').set(checkpointAgeSeconds);
  }

  missing(segment: number): void {
    this.log.error('a segment of the spool is gone that was not removed by the service', { segment });
  }

  checkpointLost(): void {
    this.log.error('the checkpoint of the spool cannot be read; the replay begins anew, and repeats what the log has already');
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

  unreadable(error: unknown): void {
    this.metrics.counter('cc_spool_unreadable_total', 'Spooled callbacks that could not be opened').add();
    this.log.error('a spooled callback cannot be opened; its segment is kept as .damaged', { error });
  }
}
