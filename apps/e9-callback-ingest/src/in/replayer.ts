import { encodeChannelNotification, topics, verdictFields, type CallbackVerdict, type WireRecord } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { Log, Metrics, Sealer } from '@cc/kernel';
import { WorkLoop } from '@cc/platform';
import { Channels, sealNotification, type RawNotification } from '@cc/vendors';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { ReceivedCallback } from '../domain/received-callback';
import { CallbackStore } from '../out/callback-store';
import type { SpoolPosition } from '../out/spool';
import { messagesOf } from './callback-messages';
import { verdictOn } from './callback-verdict';

const BATCH = 500;
const IDLE_MS = 500;

/** Counts and reports what the replay meets. */
@Injectable()
export class ReplayWatch {
  constructor(
    readonly log: Log,
    private readonly metrics: Metrics,
  ) {}

  replayed(count: number): void {
    this.metrics.counter('cc_callbacks_replayed_total', 'Callbacks moved from the spool into the log').add(count);
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

/** Moves the spool into the log: append, then checkpoint. What a crash between the two sends twice has the same id twice. */
@Injectable()
export class Replayer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop: WorkLoop;
  private position: SpoolPosition | undefined;

  constructor(
    private readonly store: CallbackStore,
    private readonly channels: Channels,
    private readonly eventLog: EventLog,
    private readonly sealer: Sealer,
    private readonly watch: ReplayWatch,
  ) {
    this.loop = new WorkLoop({ name: 'spool replay', idleMs: IDLE_MS, log: watch.log, step: () => this.step() });
  }

  onApplicationBootstrap(): void {
    this.store.spool.onWritten(() => this.loop.wake());
    this.loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.loop.stop();
    await this.store.spool.close();
  }

  private async step(): Promise<boolean> {
    const { spool } = this.store;
    const at = (this.position ??= await spool.loadPosition());
    const segment = (await spool.segments()).find((number) => number >= at.segment);
    if (segment === undefined) return false;
    const finished = spool.isFinished(segment);
    const from = segment === at.segment ? at : { segment, offset: 0 };
    const { payloads, nextOffset, damaged } = await spool.read(from, BATCH);
    const callbacks = payloads.flatMap((payload) => this.understood(payload));
    if (damaged > 0 || callbacks.length < payloads.length) await spool.keepDamaged(segment);
    if (damaged > 0) this.watch.damaged(segment, damaged);
    await this.forward(callbacks);
    if (nextOffset > from.offset) {
      await this.moveTo({ segment, offset: nextOffset });
      return true;
    }
    if (!finished) return false;
    await this.moveTo({ segment: segment + 1, offset: 0 });
    return true;
  }

  /** A position that cannot be saved counts all the same: what is in the log already must not go there again and again. */
  private async moveTo(position: SpoolPosition): Promise<void> {
    const { spool } = this.store;
    this.position = position;
    await spool.savePosition(position);
    for (const segment of await spool.segments()) if (segment < position.segment) await spool.remove(segment);
  }

  /** One append per key order: all records of a batch go in one call. */
  private async forward(callbacks: readonly ReceivedCallback[]): Promise<void> {
    if (callbacks.length === 0) return;
    await this.eventLog.append(topics.channelNotifications.name, callbacks.flatMap((callback) => this.toNotifications(callback)));
    this.watch.replayed(callbacks.length);
  }

  private understood(payload: Buffer): ReceivedCallback[] {
    try {
      return [this.store.open(payload)];
    } catch (error) {
      this.watch.unreadable(error);
      return [];
    }
  }

  /** One for each call that the callback is about; the same ids each time, so that a repeated replay has no further effect. */
  private toNotifications(callback: ReceivedCallback): WireRecord[] {
    const raw: RawNotification = { kind: 'callback', headers: callback.headers, body: Buffer.from(callback.body, 'base64'), receivedAt: callback.receivedAt };
    const open = this.channels.find(callback.channel);
    const verdict = verdictOn(open, raw, callback.sourceAddress);
    this.watch.judged(callback, verdict);
    const { messages, error } = messagesOf(open?.adapter, raw);
    if (error !== undefined) this.watch.strange(callback, error);
    return messages.map(({ message, subject }, index) => {
      const id = index === 0 ? callback.id : `${callback.id}.${index}`;
      const header = { id, channel: callback.channel, kind: message.kind, receivedAt: message.receivedAt, ...subject, ...verdictFields(verdict) };
      return encodeChannelNotification({ ...header, sealed: sealNotification(message, id, this.sealer) }, 'e9-callback-ingest');
    });
  }
}
