import { encodeChannelNotification, topics, type WireRecord } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { Sealer, describeError, newId } from '@cc/kernel';
import { WorkInFlight, WorkLoop } from '@cc/platform';
import { Channels, sealNotification, type PollAnswer, type PollFollowUp, type RawNotification } from '@cc/vendors';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { nextStep, type PollTask } from '../domain/poll-task';
import { PgPollTasks } from '../out/pg-poll-tasks';
import { PollAmbience } from './poll-ambience';

const IDLE_MS = 100;
const TIDY_EVERY_MS = 60_000;

/** Polls what is due; an answer that tells something new goes into the log in the same transaction as the task's next step. */
@Injectable()
export class PollLoop implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly polling: WorkLoop;
  private readonly tidying: WorkLoop;
  private readonly inFlight: WorkInFlight;
  private unlisten: (() => Promise<void>) | undefined;

  constructor(
    private readonly tasks: PgPollTasks,
    private readonly channels: Channels,
    private readonly eventLog: EventLog,
    private readonly sealer: Sealer,
    private readonly ambience: PollAmbience,
  ) {
    const { log, settings } = ambience;
    this.inFlight = new WorkInFlight(settings.values.pollsAtOnce);
    this.polling = new WorkLoop({ name: 'polling', idleMs: IDLE_MS, log, step: () => this.step() });
    this.tidying = new WorkLoop({ name: 'tidying of poll tasks', idleMs: TIDY_EVERY_MS, log, step: () => this.tidy() });
  }

  async onApplicationBootstrap(): Promise<void> {
    this.unlisten = await this.tasks.onWork(() => this.polling.wake());
    this.polling.start();
    this.tidying.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.unlisten?.();
    await Promise.all([this.polling.stop(), this.tidying.stop()]);
    await this.inFlight.drained();
  }

  private async step(): Promise<boolean> {
    const room = await this.inFlight.room();
    const tasks = await this.tasks.take(this.ambience.clock.nowMs(), this.ambience.settings.values.leaseSeconds * 1000, room);
    for (const task of tasks) this.inFlight.begin(this.follow(task));
    return tasks.length === room;
  }

  /** Never rejects: a task that could not be stored is due again when its lease ends. */
  private async follow(task: PollTask): Promise<void> {
    try {
      const followUp = this.channels.find(task.channel)?.adapter.polling;
      if (followUp === undefined) throw new Error(`channel ${task.channel} is not polled here`);
      await this.record(task, followUp, await this.poll(task, followUp));
    } catch (error) {
      this.ambience.log.warn('a poll could not be completed', { attemptId: task.attemptId, channel: task.channel, error });
    }
  }

  private async poll(task: PollTask, followUp: PollFollowUp): Promise<PollAnswer> {
    const answer = await followUp.poll(task.vendorCallId).catch((error: unknown): PollAnswer => ({ notifications: [], state: 'failed', reason: describeError(error) }));
    this.ambience.metrics.counter('cc_polls_total', 'Polls of live calls', ['channel', 'state']).add(1, { channel: task.channel, state: answer.state });
    if (answer.state === 'failed') this.ambience.log.warn('the vendor gave no usable answer to a poll', { attemptId: task.attemptId, channel: task.channel, failures: task.failures + 1, reason: answer.reason });
    return answer;
  }

  private async record(task: PollTask, followUp: PollFollowUp, answer: PollAnswer): Promise<void> {
    const step = nextStep(task, { state: answer.state, bodies: answer.notifications.map(({ body }) => body) }, followUp.intervalMs);
    const records = step.news ? answer.notifications.map((raw) => this.toRecord(task, raw)) : [];
    await this.tasks.transaction(async (tx) => {
      await this.tasks.advance(tx, task, step, this.ambience.clock.nowMs());
      if (records.length > 0) await this.eventLog.appendInTransaction(tx, topics.channelNotifications.name, records);
    });
  }

  private toRecord(task: PollTask, raw: RawNotification): WireRecord {
    const id = newId('ntf');
    const header = { id, channel: task.channel, kind: raw.kind, receivedAt: raw.receivedAt, attemptId: task.attemptId, vendorCallId: task.vendorCallId };
    return encodeChannelNotification({ ...header, sealed: sealNotification(raw, id, this.sealer) }, 'hw-poller');
  }

  private async tidy(): Promise<boolean> {
    const givenUp = await this.tasks.tidy(this.ambience.clock.nowMs(), this.ambience.settings.values.followSeconds * 1000);
    if (givenUp > 0) this.ambience.log.warn('calls are no longer polled, their limit is over', { count: givenUp });
    return false;
  }
}
