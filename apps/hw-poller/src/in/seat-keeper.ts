import { withDeadline } from '@cc/kernel';
import { WorkLoop } from '@cc/platform';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { fairShare, nameOfSeat } from '../domain/seat-hold';
import { PgSeats } from '../out/pg-seats';
import { SeatWatches } from './seat-watches';

/** So often within one lease: a lease survives two lost looks. */
const LOOKS_PER_LEASE = 3;
/** A poll may be held by the vendor for longer than a stop may take. */
const STOP_LIMIT_MS = 5000;

/** Shares the seats among the replicas: renews this one's leases, takes what is free up to its share, gives back what is above. */
@Injectable()
export class SeatKeeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop: WorkLoop;
  private readonly leaseMs: number;
  private readonly holder: string;
  private introduced = '';

  constructor(
    private readonly seats: PgSeats,
    private readonly watches: SeatWatches,
  ) {
    const { log, settings } = watches.ambience;
    this.holder = watches.sessions.holder;
    this.leaseMs = settings.values.seatLeaseSeconds * 1000;
    this.loop = new WorkLoop({ name: 'seats', idleMs: this.leaseMs / LOOKS_PER_LEASE, log, step: () => this.step() });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  /** A seat whose poll does not end in time is given back all the same: the poll's connection ends with the process. */
  async onModuleDestroy(): Promise<void> {
    await this.loop.stop();
    await withDeadline(this.watches.stop(), STOP_LIMIT_MS, 'The polls of seats').catch(() => undefined);
    const { log } = this.watches.ambience;
    await this.seats.release(this.holder, [...this.watches.takeEnded(), ...this.watches.names()]).catch((error: unknown) => log.warn('seats could not be given back; their leases run out', { error }));
    await this.seats.leave(this.holder).catch(() => undefined);
  }

  private async step(): Promise<boolean> {
    const names = new Set(this.watches.configured().map(nameOfSeat));
    if (names.size === 0 && this.watches.names().length === 0) return false;
    await this.seats.release(this.holder, this.watches.takeEnded());
    const validUntil = performance.now() + this.leaseMs;
    this.watches.renew(await this.seats.renew(this.holder, this.leaseMs, this.watches.names()), validUntil);
    const share = fairShare(names.size, await this.seats.announce(this.holder, this.leaseMs));
    await this.introduce([...names].join('\n'));
    this.watches.giveBack(this.watches.held - share, names);
    if (this.watches.held < share) this.watches.begin(await this.seats.take(this.holder, this.leaseMs, this.watches.unattended(), share - this.watches.held));
    this.watches.ambience.metrics.gauge('cc_seats_held', 'Seats that this replica polls').set(this.watches.held);
    return false;
  }

  private async introduce(list: string): Promise<void> {
    if (list === this.introduced) return;
    await this.seats.introduce(this.watches.configured());
    this.introduced = list;
  }
}
