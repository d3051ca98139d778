import { encodeSeatSession, topics, type SeatSession } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { Clock, Sealer, newId, defined } from '@cc/kernel';
import { openSession, sealSession } from '@cc/vendors';
import { Injectable } from '@nestjs/common';
import { nameOfSeat, type KeptSession, type SeatHold } from '../domain/seat-hold';
import { PgSeats, type SeatChange } from '../out/pg-seats';

/** What is new of a seat. */
export type SessionNews = { readonly state: 'signed-in'; readonly session: string } | { readonly state: 'signed-out'; readonly reason: string };

interface Waiting extends SeatChange {
  readonly told: SeatSession;
  readonly done: PromiseWithSettle;
}

interface PromiseWithSettle {
  readonly settled: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Keeps and publishes the sessions of the seats that this replica holds. What comes while a transaction runs goes
 * together into the next one, so that a thousand seats cost few transactions and no change waits for a timer.
 * A change under a holding that is over is neither kept nor published.
 */
@Injectable()
export class SeatSessions {
  readonly holder = newId('poller');
  private waiting: Waiting[] = [];
  private flushing: Promise<void> | undefined;
  private lastAt = 0;

  constructor(
    private readonly seats: PgSeats,
    private readonly eventLog: EventLog,
    private readonly sealer: Sealer,
    private readonly clock: Clock,
  ) {}

  /** The session that was kept by whoever held the seat before; `undefined` where there is none that can be opened. */
  sessionOf({ name, kept }: SeatHold): string | undefined {
    if (kept.sealed === undefined) return undefined;
    try {
      return openSession(kept.sealed, name.channel, name.seat, this.sealer);
    } catch {
      return undefined;
    }
  }

  /** Durable when it resolves; a hold that turns out to be over is ended. @returns what is kept from now on. */
  async tell(hold: SeatHold, before: KeptSession, news: SessionNews): Promise<KeptSession> {
    const { channel, seat } = hold.name;
    const nowMs = this.clock.nowMs();
    this.lastAt = Math.max(nowMs, this.lastAt + 1);
    const since = before.state === news.state ? (before.since ?? nowMs) : nowMs;
    const sealed = news.state === 'signed-in' ? sealSession(news.session, channel, seat, this.sealer) : undefined;
    const kept: KeptSession = { sealed, state: news.state, since };
    const told: SeatSession = {
      channel, seat, state: news.state, since, at: this.lastAt, ...defined({ sealed }), ...(news.state === 'signed-out' ? { reason: news.reason.slice(0, 200) } : {}),
    };
    const done = withSettle();
    this.waiting.push({ hold, kept, told, done });
    this.flushing ??= this.flush().finally(() => {
      this.flushing = undefined;
    });
    await done.settled;
    return kept;
  }

  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = [...new Map(this.waiting.map((change) => [nameOfSeat(change.hold.name), change])).values()];
      const all = this.waiting;
      this.waiting = [];
      try {
        await this.seats.transaction(async (tx) => {
          const current = new Set(await this.seats.keep(tx, this.holder, batch));
          for (const { hold } of batch.filter((change) => !current.has(change))) hold.end();
          await this.eventLog.appendInTransaction(tx, topics.seatSessions.name, batch.filter((change) => current.has(change)).map(({ told }) => encodeSeatSession(told)));
        });
        for (const { done } of all) done.resolve();
      } catch (error) {
        for (const { done } of all) done.reject(error);
      }
    }
  }
}

function withSettle(): PromiseWithSettle {
  let resolve = (): void => undefined;
  let reject = (_error: unknown): void => undefined;
  const settled = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { settled, resolve: () => resolve(), reject: (error) => reject(error) };
}
