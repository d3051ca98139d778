import { allTopics, seatKey, topics } from '@cc/contracts';
import { createEventLog, eventLogMigrations, type EventLog } from '@cc/event-log';
import { AxiosHttpExchange } from '@cc/http';
import { NoMetrics, SealKeys, Sealer, SilentLog, SystemClock, type Log } from '@cc/kernel';
import { TypeOrmDatabase, runMigrations } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { Secret, vendorOf, type VendorChannel } from '@cc/vendors';
import { SeatHold } from '../src/domain/seat-hold';
import { PollAmbience } from '../src/in/poll-ambience';
import { SeatSessions } from '../src/in/seat-sessions';
import { SeatWatch } from '../src/in/seat-watch';
import { pollerMigrations } from '../src/out/migrations';
import { PgSeats } from '../src/out/pg-seats';
import { PollerSettings } from '../src/poller.config';
import { SeatVendor } from './seat-vendor';

const LONG_MS = 60_000;

class WarningsOnly extends SilentLog {
  readonly warnings: string[] = [];
  override warn(message?: string): void {
    this.warnings.push(message ?? '');
  }
}

describe('the task of a seat', () => {
  let vendor: SeatVendor;
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let eventLog: EventLog;
  let adapter: VendorChannel;
  let sessions: SeatSessions;
  let seats: PgSeats;
  const tasks: SeatWatch[] = [];

  beforeAll(async () => {
    vendor = await SeatVendor.start();
    fresh = await freshDatabase();
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    await runMigrations(database, 'event-log', eventLogMigrations);
    await runMigrations(database, 'hw-poller', pollerMigrations);
    eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
    await eventLog.ensureTopics(allTopics);
    const lines = ['20001', '20002', '20003'].map((id) => ({ id, agentId: Number(id), password: new Secret('pass'), phone: '40038' }));
    const configured = vendorOf('hw', 'agentGateway')?.configure({ settings: { endpoint: vendor.endpoint, pauseMs: 200 }, lines, callsBack: false });
    if (configured?.ok !== true) throw new Error(JSON.stringify(configured));
    adapter = configured.open({ http: new AxiosHttpExchange(), clock: new SystemClock() });
    seats = new PgSeats(database);
    sessions = new SeatSessions(seats, eventLog, new Sealer(Buffer.alloc(32, 7), 'notifications'), new SystemClock());
    await seats.introduce([{ channel: 'c', seat: '20001' }, { channel: 'c', seat: '20002' }, { channel: 'c', seat: '20003' }]);
  }, 60_000);
  afterAll(async () => {
    for (const task of tasks) task.stop();
    await Promise.all(tasks.map(({ ended }) => ended));
    await eventLog.close();
    await database.close();
    await fresh.drop();
    await vendor.stop();
  });

  /** A task whose lease ends when the test says so. */
  async function watch(seat: string, monotonicMs: () => number, log: Log = new SilentLog(), beforeIt: () => Promise<unknown> = () => Promise.resolve()): Promise<SeatWatch> {
    const [taken] = await seats.take(sessions.holder, LONG_MS, [{ channel: 'c', seat }], 1);
    if (taken === undefined || adapter.seats === undefined) throw new Error('Nothing was taken');
    const settings = new PollerSettings({ channelsFile: '', encryptionKey: new SealKeys([Buffer.alloc(32)]), pollsAtOnce: 1, leaseSeconds: 1, followSeconds: 60, seatLeaseSeconds: 1 });
    const ambience = new PollAmbience(settings, new SystemClock(), new NoMetrics(), log);
    await beforeIt();
    const task = new SeatWatch(new SeatHold(taken.name, taken.epoch, taken.kept, 10, monotonicMs), adapter, adapter.seats, { eventLog, sealer: new Sealer(Buffer.alloc(32, 7), 'notifications'), sessions, ambience });
    tasks.push(task);
    return task;
  }
  async function polledMore(seat: string, times: number): Promise<void> {
    const before = vendor.pollsOf(seat);
    await eventually(() => vendor.pollsOf(seat) >= before + times);
  }

  it('polls nothing while its lease may be over, goes on once it is renewed, and ends when it is lost', async () => {
    let now = 0;
    const [steady, other] = [await watch('20001', () => 0), await watch('20002', () => now)];
    await Promise.all([polledMore('20001', 2), polledMore('20002', 2)]);
    now = 10;
    // One poll may have been on its way.
    await polledMore('20001', 2);
    const polls = vendor.pollsOf('20002');
    await polledMore('20001', 4);
    expect(vendor.pollsOf('20002')).toBe(polls);
    other.hold.renew(20);
    await polledMore('20002', 2);
    other.hold.end();
    await other.ended;
    steady.stop();
    await steady.ended;
  }, 30_000);

  it('ends, and publishes nothing, when another has taken the seat and its session is over', async () => {
    const lost = await watchAgain();
    await database.query(`UPDATE poller_seat SET holder = 'another', epoch = epoch + 1`);
    const published = await publishedOf('20001');
    vendor.signOut('20001');
    await lost.ended;
    expect(lost.hold.isOver).toBe(true);
    expect(published).toBeGreaterThan(0);
    expect(await publishedOf('20001')).toBe(published);
    expect(await database.query(`SELECT state FROM poller_seat WHERE seat = '20001'`)).toEqual([{ state: 'signed-in' }]);
  }, 30_000);

  it('that has signed in keeps its session while that cannot be told, and tells it once it can: it signs in no second time', async () => {
    const log = new WarningsOnly();
    const task = await watch('20003', () => 0, log, () => database.query('ALTER TABLE poller_seat RENAME TO poller_seat_away'));
    await eventually(() => log.warnings.filter((message) => message === 'a seat could not be followed, trying again').length >= 3);
    expect([vendor.signIns, vendor.forced].map((all) => all.filter((agent) => agent === '20003').length)).toEqual([1, 0]);
    await database.query('ALTER TABLE poller_seat_away RENAME TO poller_seat');
    await polledMore('20003', 1);
    expect([vendor.signIns, vendor.forced].map((all) => all.filter((agent) => agent === '20003').length)).toEqual([1, 0]);
    expect(await publishedOf('20003')).toBe(1);
    task.stop();
    await task.ended;
  }, 30_000);

  /** How often the session of a seat was told. */
  async function publishedOf(seat: string): Promise<number> {
    const [row] = await database.query<{ count: number }>(`SELECT count(*)::int AS count FROM log_record WHERE topic = $1 AND key = $2`, [topics.seatSessions.name, seatKey('c', seat)]);
    return row?.count ?? 0;
  }

  async function watchAgain(): Promise<SeatWatch> {
    await seats.release(sessions.holder, [{ channel: 'c', seat: '20001' }]);
    const task = await watch('20001', () => 0);
    await polledMore('20001', 1);
    return task;
  }
});
