import { EventLog } from '@cc/event-log';
import { Sealer } from '@cc/kernel';
import { Channels } from '@cc/vendors';
import { Injectable } from '@nestjs/common';
import { nameOfSeat, type SeatHold, type SeatName } from '../domain/seat-hold';
import { PollAmbience } from './poll-ambience';
import { SeatSessions } from './seat-sessions';
import { SeatWatch, type SeatTools } from './seat-watch';

/** The seats of the channel file, and the tasks of those that this replica holds. */
@Injectable()
export class SeatWatches {
  private readonly running = new Map<string, SeatWatch>();
  private readonly over: SeatName[] = [];
  private readonly tools: SeatTools;

  constructor(
    private readonly channels: Channels,
    readonly sessions: SeatSessions,
    readonly ambience: PollAmbience,
    eventLog: EventLog,
    sealer: Sealer,
  ) {
    this.tools = { eventLog, sealer, sessions, ambience };
  }

  /** Every seat of every channel; also of one that takes no new calls, for its running ones. */
  configured(): SeatName[] {
    return this.channels.all().flatMap(({ channel, adapter }) => (adapter.seats?.seats ?? []).map((seat) => ({ channel: channel.id, seat })));
  }

  /** Those of them that no task of this replica is busy with: a seat that was lost and is free again waits for the end of its last poll. */
  unattended(): SeatName[] {
    return this.configured().filter((name) => !this.running.has(nameOfSeat(name)));
  }

  /** How many are held and not being given back. */
  get held(): number {
    return [...this.running.values()].filter(({ goesOn }) => goesOn).length;
  }

  begin(holds: readonly SeatHold[]): void {
    for (const hold of holds) {
      const adapter = this.channels.find(hold.name.channel)?.adapter;
      if (adapter?.seats === undefined) continue;
      const watch = new SeatWatch(hold, adapter, adapter.seats, this.tools);
      this.running.set(nameOfSeat(hold.name), watch);
      void watch.ended.then(() => {
        this.running.delete(nameOfSeat(hold.name));
        this.over.push(hold.name);
      });
    }
  }

  /** Lengthens what is still held, by seat and epoch; what is not ends at once. */
  renew(stillHeld: ReadonlyMap<string, number>, validUntil: number): void {
    for (const [name, { hold }] of this.running) {
      if (stillHeld.get(name) === hold.epoch) hold.renew(validUntil);
      else hold.end();
    }
  }

  /** Begins to give back so many seats, and those that the channel file has no longer or otherwise. */
  giveBack(surplus: number, configured: ReadonlySet<string>): void {
    let left = surplus;
    for (const [name, watch] of this.running) {
      if (!watch.goesOn) continue;
      if (configured.has(name) && watch.adapter === this.channels.find(watch.hold.name.channel)?.adapter && left <= 0) continue;
      watch.stop();
      left -= 1;
    }
  }

  /** Those whose tasks have ended since the last time: nothing of them is on its way any more. */
  takeEnded(): SeatName[] {
    return this.over.splice(0);
  }

  /** Resolves when every task has ended. */
  async stop(): Promise<void> {
    for (const watch of this.running.values()) watch.stop();
    await Promise.all([...this.running.values()].map(({ ended }) => ended));
  }

  names(): SeatName[] {
    return [...this.running.values()].map(({ hold }) => hold.name);
  }
}
