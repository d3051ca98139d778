import { encodeCallEvent, topics } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { Clock, Metrics } from '@cc/kernel';
import { WorkLoop } from '@cc/platform';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { isGivenUp, reapedEvent, settle, watchOf } from '../domain/attempt';
import { ChannelBook } from '../out/channel-book';
import { PgCalls, type LiveAttempt } from '../out/pg-calls';
import { Dialler, DiallerAmbience } from './dialler';

const SERVICE = 'channel-router';
const QUEUE_IDLE_MS = 500;
const WATCH_IDLE_MS = 1000;
/** Vendors limit their queries; what is left over comes with the next look. */
const LOOKS_AT_ONCE = 5;
const CANCELS_AT_ONCE = 20;

/** The backends that the loops use. */
@Injectable()
export class RouterBackends {
  constructor(
    readonly eventLog: EventLog,
    readonly clock: Clock,
    readonly metrics: Metrics,
  ) {}
}

/** The router's own work: dial what is queued, pass cancellations on, settle what is in doubt, and end what nobody ends. */
@Injectable()
export class RouterLoops implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loops: readonly [queue: WorkLoop, cancellations: WorkLoop, watch: WorkLoop];
  private unlisten: (() => Promise<void>) | undefined;

  constructor(
    private readonly calls: PgCalls,
    private readonly channels: ChannelBook,
    private readonly dialler: Dialler,
    private readonly backends: RouterBackends,
    private readonly ambience: DiallerAmbience,
  ) {
    const { log } = ambience;
    this.loops = [
      new WorkLoop({ name: 'dial queue', idleMs: QUEUE_IDLE_MS, log, step: () => this.dialler.step() }),
      new WorkLoop({ name: 'cancellations', idleMs: QUEUE_IDLE_MS, log, step: () => this.passCancellations() }),
      new WorkLoop({ name: 'overdue attempts', idleMs: WATCH_IDLE_MS, log, step: () => this.watch() }),
    ];
  }

  async onApplicationBootstrap(): Promise<void> {
    const { topic, records } = this.channels.announcement(this.backends.clock.nowMs());
    await this.backends.eventLog.append(topic, records);
    this.unlisten = await this.calls.onWork(() => {
      this.loops[0].wake();
      this.loops[1].wake();
    });
    for (const loop of this.loops) loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.unlisten?.();
    await Promise.all(this.loops.map((loop) => loop.stop()));
    await this.dialler.drained();
  }

  private async passCancellations(): Promise<boolean> {
    const attempts = await this.calls.takeCancelled(CANCELS_AT_ONCE);
    await Promise.all(attempts.map(async (attempt) => {
      const result = await this.channels.cancel(attempt);
      const { callId, attemptId, channel } = attempt;
      this.ambience.log.info('cancellation passed on', { callId, attemptId, channel, outcome: result.kind, ...(result.kind === 'accepted' ? {} : { reason: result.reason }) });
      if (result.kind === 'unknown') await this.calls.cancelAgain(callId);
    }));
    return attempts.length === CANCELS_AT_ONCE;
  }

  private async watch(): Promise<boolean> {
    const { clock, eventLog, metrics } = this.backends;
    const { sendingSeconds, graceSeconds } = this.ambience.settings.values;
    const nowMs = clock.nowMs();
    await this.calls.transaction(async (tx) => {
      for (const attempt of await this.calls.overdueSending(tx, nowMs - sendingSeconds * 1000)) {
        const { state, events } = settle(attempt, { kind: 'unknown', reason: 'the outcome of the dial was lost' }, nowMs);
        await this.calls.settle(tx, attempt.attemptId, state, undefined, watchOf(state, 0, nowMs, this.ambience.settings.values));
        await eventLog.appendInTransaction(tx, topics.callEvents.name, events.map((event) => encodeCallEvent(event, SERVICE)));
        metrics.counter('cc_dial_outcomes_lost_total', 'Dials whose outcome was lost, most often by a crash', ['channel']).add(1, { channel: attempt.channel });
      }
    });
    for (const attempt of await this.calls.takeOverdue(nowMs, nowMs + graceSeconds * 1000, LOOKS_AT_ONCE)) await this.lookAfter(attempt);
    return false;
  }

  /** The vendor is asked what became of the call. Past its last limit, with the vendor asked in vain, the call is closed as 255. */
  private async lookAfter(attempt: LiveAttempt): Promise<void> {
    const { clock, eventLog } = this.backends;
    const answer = await this.channels.query(attempt);
    const { graceSeconds, querySeconds } = this.ambience.settings.values;
    if (answer !== undefined) {
      await eventLog.append(topics.channelNotifications.name, [answer]);
      await this.calls.queried(attempt.attemptId, clock.nowMs() + 1000 * (clock.nowMs() >= attempt.reapAt ? graceSeconds : querySeconds));
    }
    if (isGivenUp({ ...attempt, canBeAsked: this.channels.canBeAsked(attempt), answered: answer !== undefined }, clock.nowMs(), graceSeconds * 1000)) await this.reap(attempt);
  }

  private async reap(attempt: LiveAttempt): Promise<void> {
    const { clock, eventLog, metrics } = this.backends;
    metrics.counter('cc_calls_reaped_total', 'Calls closed as 255 because no end was heard of', ['channel']).add(1, { channel: attempt.channel });
    this.ambience.log.warn('call closed without a known end', { callId: attempt.callId, attemptId: attempt.attemptId, channel: attempt.channel });
    await this.calls.transaction(async (tx) => {
      await this.calls.end(tx, [attempt.attemptId]);
      await eventLog.appendInTransaction(tx, topics.callEvents.name, [encodeCallEvent(reapedEvent(attempt, clock.nowMs()), SERVICE)]);
    });
  }
}
