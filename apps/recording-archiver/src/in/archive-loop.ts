import { encodeCallEvent, topics } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { Clock, Log, Metrics } from '@cc/kernel';
import { ObjectStore } from '@cc/object-store';
import { WorkInFlight, WorkLoop } from '@cc/platform';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { conclude, type ArchiveTask } from '../domain/archive-task';
import { PgArchiveTasks } from '../out/pg-archive-tasks';
import { RecordingTransfer } from '../out/recording-transfer';
import { RecordingArchiverSettings } from '../recording-archiver.config';

const SERVICE = 'recording-archiver';
const IDLE_MS = 250;
/** Renewed for as long as a try takes; after a crash the task is due again so soon. */
const LEASE_MS = 30_000;

/** What the archive loop reads of its surroundings. */
@Injectable()
export class ArchiveAmbience {
  constructor(
    readonly settings: RecordingArchiverSettings,
    readonly clock: Clock,
    readonly metrics: Metrics,
    readonly log: Log,
  ) {}
}

/** Works the archive tasks off: fetch, store, and tell in the same transaction that finishes the task. */
@Injectable()
export class ArchiveLoop implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop: WorkLoop;
  private readonly inFlight: WorkInFlight;
  private unlisten: (() => Promise<void>) | undefined;

  constructor(
    private readonly tasks: PgArchiveTasks,
    private readonly transfer: RecordingTransfer,
    private readonly objects: ObjectStore,
    private readonly eventLog: EventLog,
    private readonly ambience: ArchiveAmbience,
  ) {
    this.inFlight = new WorkInFlight(ambience.settings.values.downloadsAtOnce);
    this.loop = new WorkLoop({ name: 'archiving', idleMs: IDLE_MS, log: ambience.log, step: () => this.step() });
  }

  async onApplicationBootstrap(): Promise<void> {
    this.unlisten = await this.tasks.onWork(() => this.loop.wake());
    this.loop.start();
    void this.objects.ensureBucket().catch((error: unknown) => this.ambience.log.warn('the bucket cannot be checked yet', { error }));
  }

  async onModuleDestroy(): Promise<void> {
    await this.unlisten?.();
    await this.loop.stop();
    await this.inFlight.drained();
  }

  private async step(): Promise<boolean> {
    const room = await this.inFlight.room();
    const nowMs = this.ambience.clock.nowMs();
    const tasks = await this.tasks.take(nowMs, LEASE_MS, room);
    for (const task of tasks) this.inFlight.begin(this.archive(task, nowMs + LEASE_MS));
    return tasks.length === room;
  }

  /** Keeps the task from being taken a second time while it is worked on. */
  private async held<T>(task: ArchiveTask, leasedUntilMs: number, work: () => Promise<T>): Promise<T> {
    let until = leasedUntilMs;
    const renew = (): void => {
      const next = this.ambience.clock.nowMs() + LEASE_MS;
      void this.tasks.renew(task, until, next).then(() => (until = next), (error: unknown) => this.ambience.log.warn('a lease could not be renewed', { callId: task.callId, error }));
    };
    const renewal = setInterval(renew, LEASE_MS / 3);
    try {
      return await work();
    } finally {
      clearInterval(renewal);
    }
  }

  /** Never rejects: a task whose outcome could not be stored is due again when its lease ends. */
  private async archive(task: ArchiveTask, leasedUntilMs: number): Promise<void> {
    const { clock, log, metrics, settings } = this.ambience;
    try {
      const outcome = await this.held(task, leasedUntilMs, () => this.transfer.attempt(task));
      const nowMs = clock.nowMs();
      const conclusion = conclude(task, outcome, nowMs, settings.values.retrySeconds * 1000);
      if (conclusion.kind === 'again') {
        log.info('recording not there yet', { callId: task.callId, channel: task.channel, tries: task.tries + 1, againInMs: conclusion.inMs, reason: conclusion.reason });
        return await this.tasks.postpone(task, conclusion.reason, nowMs + conclusion.inMs);
      }
      await this.tasks.transaction(async (tx) => {
        if (await this.tasks.finish(tx, task)) await this.eventLog.appendInTransaction(tx, topics.callEvents.name, [encodeCallEvent(conclusion.event, SERVICE)]);
      });
      metrics.counter('cc_recordings_concluded_total', 'Recordings archived or given up', ['channel', 'outcome']).add(1, { channel: task.channel, outcome: outcome.kind });
      if (conclusion.event.type === 'cc.call.recording-failed.v1') log.error('recording given up', { callId: task.callId, channel: task.channel, reason: conclusion.event.reason });
    } catch (error) {
      log.warn('the outcome of a recording could not be stored', { callId: task.callId, attemptId: task.attemptId, error });
    }
  }
}
