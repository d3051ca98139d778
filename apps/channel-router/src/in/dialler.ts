import { encodeCallEvent, topics, type CallEvent, type PlaceCall } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { Clock, Log, describeError } from '@cc/kernel';
import { WorkInFlight } from '@cc/platform';
import type { Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { ChannelRouterSettings } from '../channel-router.config';
import { attemptIdOf, closedUndialled, settle, startedEvent, watchOf, type Attempt, type AttemptState, type DialResult, type Watch } from '../domain/attempt';
import { chooseChannel } from '../domain/choose-channel';
import { ChannelBook } from '../out/channel-book';
import { PgCalls, type QueuedCall } from '../out/pg-calls';

const SERVICE = 'channel-router';

/** An attempt committed as SENDING: its dial may now leave, once. */
interface PlannedDial {
  readonly attempt: Attempt;
  readonly command: PlaceCall;
}

/** What a dialler reads of its surroundings. */
@Injectable()
export class DiallerAmbience {
  constructor(
    readonly settings: ChannelRouterSettings,
    readonly log: Log,
  ) {}
}

/** Takes queued calls, commits their attempts, dials, and commits what came of it. */
@Injectable()
export class Dialler {
  private readonly inFlight: WorkInFlight;

  constructor(
    private readonly calls: PgCalls,
    private readonly channels: ChannelBook,
    private readonly eventLog: EventLog,
    private readonly clock: Clock,
    private readonly ambience: DiallerAmbience,
  ) {
    this.inFlight = new WorkInFlight(ambience.settings.values.dialsAtOnce);
  }

  /** One look at the queue. Resolves to whether there may be more; the dials go on by themselves. */
  async step(): Promise<boolean> {
    const room = await this.inFlight.room();
    const { dials, looked } = await this.calls.transaction((tx) => this.plan(tx, room));
    for (const dial of dials) this.inFlight.begin(this.dial(dial));
    return looked === room;
  }

  /** Resolves when the dials in flight have their outcomes. */
  async drained(): Promise<void> {
    await this.inFlight.drained();
  }

  private async plan(tx: Tx, limit: number): Promise<{ dials: PlannedDial[]; looked: number }> {
    const nowMs = this.clock.nowMs();
    const due = await this.calls.due(tx, nowMs, limit);
    const dials: PlannedDial[] = [];
    const events: CallEvent[] = [];
    for (const call of due) {
      const planned = await this.planOne(tx, call, nowMs);
      events.push(...planned.events);
      if (planned.attempt !== undefined) dials.push({ attempt: planned.attempt, command: call.command });
    }
    await this.publish(tx, events);
    return { dials, looked: due.length };
  }

  private async planOne(tx: Tx, { command, cancelled }: QueuedCall, nowMs: number): Promise<{ attempt?: Attempt; events: CallEvent[] }> {
    const close = async (event: CallEvent): Promise<{ events: CallEvent[] }> => {
      await this.calls.close(tx, [command.callId]);
      return { events: [event] };
    };
    if (cancelled) return await close(closedUndialled(command, 255, 'application', 'cancelled before it was dialled', nowMs));
    if (nowMs > command.notAfter) return await close(closedUndialled(command, 255, 'cc', 'too late: it was not dialled before its notAfter', nowMs));
    const route = chooseChannel(command, this.channels.candidates(nowMs));
    const open = route.channel === undefined ? undefined : this.channels.find(route.channel);
    if (open === undefined) {
      const why = route.considered.map(({ channel, excluded }) => `${channel}: ${excluded ?? 'unknown'}`).join('; ');
      return await close(closedUndialled(command, 6, 'cc', `no channel can take the call (${why})`, nowMs));
    }
    const attempt: Attempt = { attemptId: attemptIdOf(command.callId, 1), callId: command.callId, tenant: command.tenant, number: 1, channel: open.channel.id, vendor: open.channel.vendor };
    const line = this.channels.lineRefOf(open, attempt.attemptId, command);
    if (line.kind === 'unreadable') return await close(closedUndialled(command, 6, 'cc', line.reason, nowMs));
    const begun = await this.calls.begin(tx, attempt, line.ref, nowMs, this.watch('sending', command, nowMs));
    return begun ? { attempt, events: [startedEvent(attempt, command.record, nowMs)] } : { events: [] };
  }

  /** The only place from which a dial leaves; its attempt is committed as SENDING. */
  private async dial({ attempt, command }: PlannedDial): Promise<void> {
    const result = await this.channels.dial(attempt, command).catch((error: unknown): DialResult => ({ kind: 'unknown', reason: `the dial failed: ${describeError(error)}` }));
    this.ambience.log.info('dialled', { callId: attempt.callId, attemptId: attempt.attemptId, channel: attempt.channel, outcome: result.kind, ...(result.kind === 'accepted' ? {} : { reason: result.reason }) });
    if (result.kind !== 'unfit') this.channels.note(attempt.channel, result.kind === 'accepted', this.clock.nowMs());
    try {
      await this.settle(attempt, command, result);
    } catch (error) {
      // The attempt stays SENDING in the database; once overdue it is in doubt, and is never dialled again.
      this.ambience.log.error('the outcome of a dial could not be stored', { attemptId: attempt.attemptId, outcome: result.kind, error });
    }
  }

  private async settle(attempt: Attempt, command: PlaceCall, result: DialResult): Promise<void> {
    const nowMs = this.clock.nowMs();
    const { state, events } = settle(attempt, result, nowMs);
    await this.calls.transaction(async (tx) => {
      const moved = await this.calls.settle(tx, attempt.attemptId, state, result.kind === 'accepted' ? result.vendorCallId : undefined, this.watch(state, command, nowMs));
      if (moved && state === 'refused') await this.calls.close(tx, [attempt.callId]);
      // A callback may have been faster; then only what names the vendor's call is still news.
      if (moved || result.kind === 'accepted') await this.publish(tx, events);
      if (state === 'refused') await this.calls.wake(tx);
    });
  }

  private watch(state: AttemptState, command: PlaceCall, nowMs: number): Watch {
    return watchOf(state, command.maxDurationSeconds ?? 0, nowMs, this.ambience.settings.values);
  }

  private async publish(tx: Tx, events: readonly CallEvent[]): Promise<void> {
    if (events.length > 0) await this.eventLog.appendInTransaction(tx, topics.callEvents.name, events.map((event) => encodeCallEvent(event, SERVICE)));
  }
}
