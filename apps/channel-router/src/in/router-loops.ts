import { Log, pause } from '@cc/kernel';
import { WorkInFlight, WorkLoop } from '@cc/platform';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ChannelRouterSettings } from '../channel-router.config';
import { Router } from '../domain/router';
import type { DueAccount } from '../domain/accounts';
import type { PlannedDial } from '../domain/planner';
import { PgLedger } from '../out/pg-ledger';

const QUEUE_IDLE_MS = 500;
const WATCH_IDLE_MS = 1000;
const DROP_IDLE_MS = 60_000;
const RECONCILE_IDLE_MS = 10_000;
/** Another router is planning; it is done in a moment. */
const OTHER_PLANS_MS = 15;
const LOST_AT_ONCE = 50;
const HANG_UPS_AT_ONCE = 20;

/** The router's own work: dial what is queued, end what is to be ended, settle what is in doubt, judge the channels. */
@Injectable()
export class RouterLoops implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly queue: WorkLoop;
  private readonly hangUps: WorkLoop;
  private readonly loops: readonly WorkLoop[];
  private readonly dialsInFlight: WorkInFlight;
  private readonly hangUpsInFlight = new WorkInFlight(HANG_UPS_AT_ONCE);
  /** Of each account one at a time, so that a slow vendor holds up nobody else's calls. */
  private readonly lookedAfter = new WorkInFlight(Number.POSITIVE_INFINITY);
  private readonly probed = new WorkInFlight(Number.POSITIVE_INFINITY);
  private unlisten: (() => Promise<void>) | undefined;
  private stopping = false;

  constructor(
    private readonly ledger: PgLedger,
    private readonly router: Router,
    { values }: ChannelRouterSettings,
    private readonly log: Log,
  ) {
    this.dialsInFlight = new WorkInFlight(values.dialsAtOnce);
    const loop = (name: string, idleMs: number, step: () => Promise<boolean>): WorkLoop => new WorkLoop({ name, idleMs, log, step });
    this.queue = loop('dial queue', QUEUE_IDLE_MS, () => this.dialQueued());
    this.hangUps = loop('calls to end', QUEUE_IDLE_MS, () => this.hangUpDue());
    this.loops = [
      this.queue,
      this.hangUps,
      loop('lost dials', WATCH_IDLE_MS, () => router.dialling.giveUpLost(LOST_AT_ONCE)),
      loop('calls long over', DROP_IDLE_MS, () => router.dropOld()),
      loop('overdue attempts', WATCH_IDLE_MS, () => this.lookAfterOverdue()),
      loop('reconciliation', RECONCILE_IDLE_MS, async () => {
        await router.reconciliations.begin();
        await router.reconciliations.tell();
        return false;
      }),
      loop('health of channels', WATCH_IDLE_MS, async () => {
        await router.health.judge();
        return false;
      }),
      loop('probes', WATCH_IDLE_MS, () => this.probeDue()),
    ];
  }

  async onApplicationBootstrap(): Promise<void> {
    // Before anybody counts on this router: applications are refused channels that were never announced.
    await this.router.health.judge().catch((error: unknown) => this.log.warn('the channels could not be announced yet', { error }));
    this.unlisten = await this.ledger.onWork(() => {
      this.queue.wake();
      this.hangUps.wake();
    });
    for (const loop of this.loops) loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    await this.unlisten?.();
    await Promise.all(this.loops.map((loop) => loop.stop()));
    await Promise.all([this.dialsInFlight, this.hangUpsInFlight, this.lookedAfter, this.probed].map((work) => work.drained()));
  }

  /** One look at the queue. Resolves to whether there may be more; the dials go on by themselves. */
  private async dialQueued(): Promise<boolean> {
    const room = await this.dialsInFlight.room();
    const planned = await this.router.planner.plan(room);
    if (planned === undefined) {
      await pause(OTHER_PLANS_MS);
      return true;
    }
    for (const dial of planned.dials) this.dialsInFlight.begin(this.dial(dial));
    return planned.looked === room || planned.again;
  }

  private async hangUpDue(): Promise<boolean> {
    const room = await this.hangUpsInFlight.room();
    const attempts = await this.router.takeHangUps(room);
    for (const attempt of attempts) this.hangUpsInFlight.begin(this.router.hangUp(attempt).catch((error: unknown) => this.log.warn('a hang-up failed; it is due again', { attemptId: attempt.attemptId, error })));
    return attempts.length === room;
  }

  private async lookAfterOverdue(): Promise<boolean> {
    for (const due of await this.router.followUp.due()) {
      if (!this.lookedAfter.isOn(due.account)) this.lookedAfter.begin(this.lookAfter(due), due.account);
    }
    return false;
  }

  private async lookAfter(due: DueAccount): Promise<void> {
    try {
      while (!this.stopping && (await this.router.followUp.lookAfter(due)));
    } catch (error) {
      this.log.warn('overdue attempts could not be looked at; they are due again', { channels: due.channels, error });
    }
  }

  private async probeDue(): Promise<boolean> {
    for (const channel of await this.router.health.takeProbes()) {
      if (!this.probed.isOn(channel)) this.probed.begin(this.probe(channel), channel);
    }
    return false;
  }

  private async probe(channel: string): Promise<void> {
    await this.router.health.probe(channel).catch((error: unknown) => this.log.warn('what a probe said could not be stored', { channel, error }));
  }

  private async dial(planned: PlannedDial): Promise<void> {
    try {
      await this.router.dialling.dial(planned);
    } catch (error) {
      this.log.error('the outcome of a dial could not be stored; it is in doubt', { attemptId: planned.attempt.attemptId, error });
    }
  }
}
