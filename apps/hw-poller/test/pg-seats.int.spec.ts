import { TypeOrmDatabase, runMigrations } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { nameOfSeat, type KeptSession, type SeatHold } from '../src/domain/seat-hold';
import { pollerMigrations } from '../src/out/migrations';
import { PgSeats } from '../src/out/pg-seats';

const LONG_MS = 60_000;
const SEATS = ['1', '2', '3'].map((seat) => ({ channel: 'c', seat }));
const signedIn: KeptSession = { sealed: 'sealed', state: 'signed-in', since: 1 };

describe('who holds a seat, on PostgreSQL', () => {
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let seats: PgSeats;

  beforeEach(async () => {
    fresh = await freshDatabase();
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    await runMigrations(database, 'hw-poller', pollerMigrations);
    seats = new PgSeats(database);
    await seats.introduce(SEATS);
  }, 30_000);
  afterEach(async () => {
    await database.close();
    await fresh.drop();
  });

  const keep = (holder: string, hold: SeatHold): Promise<number> => seats.transaction(async (tx) => (await seats.keep(tx, holder, [{ hold, kept: signedIn }])).length);
  const namesOf = (holds: readonly SeatHold[]): string[] => holds.map(({ name }) => nameOfSeat(name)).sort();

  it('is one replica at a time, up to its limit and only of the seats that it knows', async () => {
    const taken = await Promise.all(['a', 'b', 'd'].map((holder) => seats.take(holder, LONG_MS, SEATS, 2)));
    expect(namesOf(taken.flat())).toEqual(['c/1', 'c/2', 'c/3']);
    expect(Math.max(...taken.map(({ length }) => length))).toBeLessThanOrEqual(2);
    expect(await seats.take('e', LONG_MS, SEATS, 3)).toEqual([]);
    await seats.introduce([{ channel: 'c', seat: '4' }]);
    expect(await seats.take('e', LONG_MS, SEATS, 3)).toEqual([]);
  });

  it('is another once the lease has run out, who finds what was kept; the first can keep nothing more', async () => {
    const [first] = await seats.take('a', 100, SEATS.slice(0, 1), 1);
    if (first === undefined) throw new Error('Nothing was taken');
    expect(await keep('a', first)).toBe(1);
    const [second] = await eventually(async () => {
      const taken = await seats.take('b', LONG_MS, SEATS.slice(0, 1), 1);
      return taken.length === 1 && taken;
    });
    expect(second).toMatchObject({ epoch: first.epoch + 1, kept: signedIn });
    expect(await keep('a', first)).toBe(0);
    expect((await seats.renew('a', LONG_MS, SEATS)).size).toBe(0);
    expect([...(await seats.renew('b', LONG_MS, SEATS))]).toEqual([['c/1', first.epoch + 1]]);
  });

  it('keeps nothing under an earlier holding of its own', async () => {
    const [first] = await seats.take('a', LONG_MS, SEATS.slice(0, 1), 1);
    if (first === undefined) throw new Error('Nothing was taken');
    await seats.release('a', SEATS);
    const [second] = await seats.take('a', LONG_MS, SEATS.slice(0, 1), 1);
    if (second === undefined) throw new Error('Nothing was taken');
    expect([await keep('a', first), await keep('a', second)]).toEqual([0, 1]);
  });

  it('gives back only its own, and for as long as it renews nobody else takes it', async () => {
    await seats.take('a', 300, SEATS, 3);
    await seats.renew('a', LONG_MS, SEATS);
    await seats.release('b', SEATS);
    await eventually(async () => (await database.query(`SELECT FROM poller_seat WHERE lease_until > (extract(epoch FROM clock_timestamp()) * 1000)::bigint + 50000`)).length === 3);
    expect(await seats.take('b', LONG_MS, SEATS, 3)).toEqual([]);
    await seats.release('a', SEATS.slice(1));
    expect(namesOf(await seats.take('b', LONG_MS, SEATS, 3))).toEqual(['c/2', 'c/3']);
  });

  it('counts the replicas that are alive', async () => {
    expect(await seats.announce('a', LONG_MS)).toBe(1);
    expect(await seats.announce('b', LONG_MS)).toBe(2);
    // Until a's word is older than that; the statements of b's own may take some of it.
    await eventually(async () => expect(await seats.announce('b', 500)).toBe(1));
    await seats.leave('b');
    expect(await seats.announce('a', LONG_MS)).toBe(1);
  });
});
