import { allTopics } from '@cc/contracts';
import { createEventLog, eventLogMigrations, type EventLog } from '@cc/event-log';
import { AxiosHttpExchange } from '@cc/http';
import { NoMetrics, Sealer, SilentLog, SystemClock } from '@cc/kernel';
import { TypeOrmDatabase, runMigrations } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { Secret, vendorOf, type VendorChannel } from '@cc/vendors';
import { SeatHold } from '../src/domain/seat-hold';
import { PollAmbience } from '../src/in/poll-loop';
import { SeatSessions } from '../src/in/seat-sessions';
import { SeatWatch } from '../src/in/seat-watch';
import { pollerMigrations } from '../src/out/migrations';
import { PgSeats } from '../src/out/pg-seats';
import { PollerSettings } from '../src/poller.config';
import { SeatVendor } from './seat-vendor';

const LONG_MS = 60_000;

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
    const lines = ['20001', '20002'].map((id) => ({ id, agentId: Number(id), password: new Secret('pass'), phone: '40038' }));
    const configured = vendorOf('hw', 'agentGateway')?.configure({ settings: { endpoint: vendor.endpoint, pauseMs: 200 }, lines, callsBack: false });
    if (configured?.ok !== true) throw new Error(JSON.stringify(configured));
    adapter = configured.open({ http: new AxiosHttpExchange(), clock: new SystemClock() });
    seats = new PgSeats(database);
    sessions = new SeatSessions(seats, eventLog, new Sealer(Buffer.alloc(32, 7), 'notifications'), new SystemClock());
    await seats.introduce([{ channel: 'c', seat: '20001' }, { channel: 'c', seat: '20002' }]);
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
  async function watch(seat: string, monotonicMs: () => number): Promise<SeatWatch> {
    const [taken] = await seats.take(sessions.holder, LONG_MS, [{ channel: 'c', seat }], 1);
    if (taken === undefined || adapter.seats === undefined) throw new Error('Nothing was taken');
    const settings = new PollerSettings({ channelsFile: '', encryptionKey: Buffer.alloc(32), pollsAtOnce: 1, leaseSeconds: 1, followSeconds: 60, seatLeaseSeconds: 1 });
    const ambience = new PollAmbience(settings, new SystemClock(), new NoMetrics(), new SilentLog());
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
    vendor.signOut('20001');
    await lost.ended;
    expect(lost.hold.isOver).toBe(true);
    expect(await database.query(`SELECT state FROM poller_seat WHERE seat = '20001'`)).toEqual([{ state: 'signed-in' }]);
  }, 30_000);

  async function watchAgain(): Promise<SeatWatch> {
    await seats.release(sessions.holder, [{ channel: 'c', seat: '20001' }]);
    const task = await watch('20001', () => 0);
    await polledMore('20001', 1);
    return task;
  }
});
