import { encodeChannelNotification, topics, verdictFields, type CallbackVerdict, type WireRecord } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { pause, Sealer } from '@cc/kernel';
import { WorkLoop } from '@cc/platform';
import { Channels, sealNotification, type RawNotification } from '@cc/vendors';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { SpoolPosition } from '../domain/checkpoint';
import type { ReceivedCallback } from '../domain/received-callback';
import { CallbackStore } from '../out/callback-store';
import { SpoolWatch } from '../out/spool-watch';
import { messagesOf } from './callback-messages';
import { verdictOn } from './callback-verdict';

const BATCH = 500;
const IDLE_MS = 500;
/** Between two steps while callbacks keep coming: each step has the price of an append and of a checkpoint, whatever it brings. */
const GATHER_MS = 20;

/** Moves the spool into the log: append, then checkpoint. What a crash between the two sends twice has the same id twice. */
@Injectable()
export class Replayer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop: WorkLoop;
  private oldest: number | undefined;

  constructor(
    private readonly store: CallbackStore,
    private readonly channels: Channels,
    private readonly eventLog: EventLog,
    private readonly sealer: Sealer,
    private readonly watch: SpoolWatch,
  ) {
    this.loop = new WorkLoop({ name: 'spool replay', idleMs: IDLE_MS, log: watch.log, step: () => this.step() });
  }

  onApplicationBootstrap(): void {
    this.store.spool.onWritten(() => this.loop.wake());
    this.loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.loop.stop();
    await this.store.spool.close();
  }

  /** When the oldest callback came that the log does not have, as far as the replay has looked, epoch ms; `undefined` where it has all. */
  get oldestWaitingAtMs(): number | undefined {
    return this.oldest;
  }

  private async step(): Promise<boolean> {
    const { spool } = this.store;
    const at = spool.position;
    const segment = spool.segments().find((number) => number >= at.segment);
    if (segment === undefined) return false;
    const finished = spool.isFinished(segment);
    const from = segment === at.segment ? at : { segment, offset: 0 };
    const { nextOffset, count } = await this.replay(from, finished);
    if (nextOffset === from.offset && !finished) return false;
    await spool.advance(nextOffset > from.offset ? { segment, offset: nextOffset } : { segment: segment + 1, offset: 0 });
    if (count < BATCH) await pause(GATHER_MS);
    return true;
  }

  /** What can be read from a position on is in the log when it resolves, to the offset behind it and how many callbacks it was. */
  private async replay(from: SpoolPosition, finished: boolean): Promise<{ readonly nextOffset: number; readonly count: number }> {
    const { spool } = this.store;
    const { payloads, nextOffset, damaged, rest } = await spool.read(from, BATCH);
    // A frame that was left unfinished by a crash or a failed write has been cut off: in a finished segment such an end is damage.
    const damage = finished && nextOffset === from.offset && rest > 0 ? damaged + 1 : damaged;
    const callbacks = payloads.flatMap((payload) => this.understood(payload));
    if (damage > 0 || callbacks.length < payloads.length) await spool.keepDamaged(from.segment);
    if (damage > 0) this.watch.damaged(from.segment, damage);
    this.oldest = callbacks[0]?.receivedAt;
    await this.forward(callbacks);
    return { nextOffset, count: callbacks.length };
  }

  /** One append per key order: all records of a batch go in one call. */
  private async forward(callbacks: readonly ReceivedCallback[]): Promise<void> {
    if (callbacks.length === 0) return;
    const judged = callbacks.map((callback) => ({ callback, verdict: verdictOn(this.channels.find(callback.channel), rawOf(callback), callback.sourceAddress) }));
    await this.eventLog.append(topics.channelNotifications.name, judged.flatMap(({ callback, verdict }) => this.toNotifications(callback, verdict)));
    this.watch.replayed(judged.map(({ callback: { channel, receivedAt }, verdict }) => ({ channel, receivedAt, verdict })));
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
  private toNotifications(callback: ReceivedCallback, verdict: CallbackVerdict): WireRecord[] {
    const { messages, error } = messagesOf(this.channels.find(callback.channel)?.adapter, rawOf(callback));
    if (error !== undefined) this.watch.strange(callback, error);
    return messages.map(({ message, subject }, index) => {
      const id = index === 0 ? callback.id : `${callback.id}.${index}`;
      const header = { id, channel: callback.channel, kind: message.kind, receivedAt: message.receivedAt, ...subject, ...verdictFields(verdict) };
      return encodeChannelNotification({ ...header, sealed: sealNotification(message, id, this.sealer) }, 'e9-callback-ingest');
    });
  }
}

function rawOf({ headers, body, receivedAt }: ReceivedCallback): RawNotification {
  return { kind: 'callback', headers, body: Buffer.from(body, 'base64'), receivedAt };
}
