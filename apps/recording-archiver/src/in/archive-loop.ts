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
/** Beyond the download: the vendor's address, the upload and its repetitions. */
const LEASE_MARGIN_MS = 30_000;

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
    const tasks = await this.tasks.take(this.ambience.clock.nowMs(), this.ambience.settings.values.downloadSeconds * 1000 + LEASE_MARGIN_MS, room);
    for (const task of tasks) this.inFlight.begin(this.archive(task));
    return tasks.length === room;
  }

  /** Never rejects: a task whose outcome could not be stored is due again when its lease ends. */
  private async archive(task: ArchiveTask): Promise<void> {
    const { clock, log, metrics, settings } = this.ambience;
    try {
      const outcome = await this.transfer.attempt(task);
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
