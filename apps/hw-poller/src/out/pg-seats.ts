import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { SeatHold, nameOfSeat, type KeptSession, type SeatName } from '../domain/seat-hold';

/** The database's clock, epoch ms: leases of several replicas are told by one clock. */
const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';
/** A replica that was not seen for so many leases is forgotten. */
const FORGET_AFTER_LEASES = 100;

const HeldRow = z.object({ channel: z.string(), seat: z.string(), epoch: z.number() });
const TakenRow = HeldRow.extend({ session: z.string().nullable(), state: z.enum(['signed-in', 'signed-out']).nullable(), since: z.number().nullable() });

/** What a holding wants to be kept of its seat. */
export interface SeatChange {
  readonly hold: SeatHold;
  readonly kept: KeptSession;
}

/** Which replica polls which seat, by a lease that it renews, and the seats' sessions, so that who takes one over goes on with it. */
@Injectable()
export class PgSeats {
  constructor(private readonly database: Database) {}

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }

  /** Says that this replica is alive. Resolves to how many are. */
  async announce(holder: string, leaseMs: number): Promise<number> {
    await this.database.query(`INSERT INTO poller_replica (holder, seen) VALUES ($1, ${NOW}) ON CONFLICT (holder) DO UPDATE SET seen = excluded.seen`, [holder]);
    await this.database.query(`DELETE FROM poller_replica WHERE seen < ${NOW} - $1::bigint`, [leaseMs * FORGET_AFTER_LEASES]);
    const [row] = await this.database.query<{ alive: number }>(`SELECT count(*)::int AS alive FROM poller_replica WHERE seen > ${NOW} - $1::bigint`, [leaseMs]);
    return row?.alive ?? 1;
  }

  /** Makes rows for seats that are new in the channel file. */
  async introduce(seats: readonly SeatName[]): Promise<void> {
    await this.database.query(`INSERT INTO poller_seat (channel, seat) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`, namesOf(seats));
  }

  /** Lengthens the leases of the seats that are really polled here, by one statement: one that was taken without a watch runs out. Resolves to the seats that are still its own. */
  async renew(holder: string, leaseMs: number, polled: readonly SeatName[]): Promise<ReadonlyMap<string, number>> {
    if (polled.length === 0) return new Map();
    const rows = await this.database.query(
      `UPDATE poller_seat s SET lease_until = ${NOW} + $2::bigint FROM unnest($3::text[], $4::text[]) AS u(channel, seat)
       WHERE s.channel = u.channel AND s.seat = u.seat AND s.holder = $1 RETURNING s.channel, s.seat, s.epoch`, [holder, leaseMs, ...namesOf(polled)]);
    return new Map(HeldRow.array().parse(rows).map((row) => [nameOfSeat(row), row.epoch]));
  }

  /** Takes up to `limit` of these seats that nobody holds. */
  async take(holder: string, leaseMs: number, seats: readonly SeatName[], limit: number): Promise<SeatHold[]> {
    const validUntil = performance.now() + leaseMs;
    const rows = await this.database.query(
      `UPDATE poller_seat s SET holder = $1, epoch = s.epoch + 1, lease_until = ${NOW} + $2::bigint FROM (
         SELECT p.channel, p.seat FROM poller_seat p JOIN unnest($3::text[], $4::text[]) AS known(channel, seat) ON known.channel = p.channel AND known.seat = p.seat
         WHERE p.lease_until <= ${NOW} ORDER BY p.lease_until LIMIT $5 FOR UPDATE OF p SKIP LOCKED) free
       WHERE s.channel = free.channel AND s.seat = free.seat RETURNING s.channel, s.seat, s.epoch, s.session, s.state, s.since`, [holder, leaseMs, ...namesOf(seats), limit]);
    return TakenRow.array().parse(rows).map(({ channel, seat, epoch, session, state, since }) => new SeatHold({ channel, seat }, epoch, { sealed: session ?? undefined, state: state ?? undefined, since: since ?? undefined }, validUntil));
  }

  /** Gives seats back: whoever looks next takes them. */
  async release(holder: string, seats: readonly SeatName[]): Promise<void> {
    if (seats.length === 0) return;
    await this.database.query(
      `UPDATE poller_seat s SET holder = NULL, lease_until = 0 FROM unnest($2::text[], $3::text[]) AS u(channel, seat) WHERE s.channel = u.channel AND s.seat = u.seat AND s.holder = $1`, [holder, ...namesOf(seats)]);
  }

  /** The replica ends: the others need not wait to see it gone. */
  async leave(holder: string): Promise<void> {
    await this.database.query(`DELETE FROM poller_replica WHERE holder = $1`, [holder]);
  }

  /** Keeps what changed. Resolves to the changes whose holding is still the present one; the others are not kept. */
  async keep(tx: Tx, holder: string, changes: readonly SeatChange[]): Promise<SeatChange[]> {
    const rows = await tx.query<SeatName>(
      `UPDATE poller_seat s SET session = u.session, state = u.state, since = u.since
       FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[]) AS u(channel, seat, epoch, session, state, since)
       WHERE s.channel = u.channel AND s.seat = u.seat AND s.holder = $1 AND s.epoch = u.epoch RETURNING s.channel, s.seat`,
      [
        holder, ...namesOf(changes.map(({ hold }) => hold.name)), changes.map(({ hold }) => hold.epoch),
        changes.map(({ kept }) => kept.sealed ?? null), changes.map(({ kept }) => kept.state ?? null), changes.map(({ kept }) => kept.since ?? null),
      ]);
    const kept = new Set(rows.map(nameOfSeat));
    return changes.filter(({ hold }) => kept.has(nameOfSeat(hold.name)));
  }
}

const namesOf = (seats: readonly SeatName[]): [string[], string[]] => [seats.map(({ channel }) => channel), seats.map(({ seat }) => seat)];
