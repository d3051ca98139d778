import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { decodeChannelNotification, decodeSeatSession, topics, type ChannelNotification, type SeatSession } from '@cc/contracts';
import { createEventLog, handled, type EventLog } from '@cc/event-log';
import { NoMetrics, Sealer, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { Script, eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { openNotification, openSession } from '@cc/vendors';
import { poller } from '../src/service';
import { SeatVendor } from './seat-vendor';

const ROOT = resolve(__dirname, '../../..');
const KEY = Buffer.alloc(32, 7);
const LEASE_SECONDS = 2;
/** By when a seat whose poller has died is polled again. */
const MOVED_LIMIT_MS = (LEASE_SECONDS * 4) / 3 * 1000 + 1500;
const AGENTS = ['20001', '20002', '20003', '20004'];
jest.setTimeout(90_000);

const channelFile = (endpoint: string): string => JSON.stringify({ channels: [{
  id: 'hw-seats', vendor: 'hw', protocol: 'agentGateway', settings: { endpoint, pauseMs: 200 },
  lines: AGENTS.map((agent) => ({ id: `seat-${agent}`, agentId: Number(agent), password: { value: 'pass' }, phone: '40038' })),
}] });

describe('the seats on PostgreSQL', () => {
  let directory: string;
  let vendor: SeatVendor;
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let eventLog: EventLog;
  let env: Record<string, string>;
  const sealer = new Sealer(KEY, 'notifications');
  const sessions: SeatSession[] = [];
  const notified: ChannelNotification[] = [];
  const processes: Script[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cc-seats-'));
    vendor = await SeatVendor.start();
    const file = join(directory, 'channels.yaml');
    await writeFile(file, channelFile(vendor.endpoint));
    fresh = await freshDatabase();
    env = { CC_HW_POLLER_PORT: '0', CC_DATABASE_URL: fresh.url, CC_CHANNELS_FILE: file, CC_ENCRYPTION_KEY: KEY.toString('base64'), CC_HW_POLLER_SEAT_LEASE_SECONDS: String(LEASE_SECONDS) };
    // Makes the tables; its seats are gone with it.
    await (await startService(poller, loadServiceSettings(poller, env), new SilentLog(), () => undefined)).stop();
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
    await eventLog.subscribe({ group: 'test', topics: [topics.channelNotifications.name, topics.seatSessions.name], handle: (batch) => {
      for (const record of batch.records) {
        const [session, notification] = [decodeSeatSession(record), decodeChannelNotification(record)];
        if (session.kind === 'known') sessions.push(session.message);
        if (notification.kind === 'known') notified.push(notification.message);
      }
      return Promise.resolve(handled);
    } }).ready;
  });
  afterAll(async () => {
    await Promise.all(processes.map((each) => each.kill()));
    await eventLog.close();
    await database.close();
    await fresh.drop();
    await vendor.stop();
    await rm(directory, { recursive: true, force: true });
  });
  afterEach(() => expect(vendor.overlaps).toEqual([]));

  async function start(): Promise<Script> {
    const child = spawn(process.execPath, ['-r', join(ROOT, 'libs/testing/src/swc-register.cjs'), join(ROOT, 'apps/hw-poller/src/main.ts')], { cwd: ROOT, env: { PATH: process.env['PATH'], CC_TEST_DIES_WITH_STDIN: 'true', ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    const script = new Script(child);
    processes.push(script);
    await script.line(/"msg":"service ready"/, 60_000);
    return script;
  }

  /** How many seats each replica holds, the fullest first. */
  const shares = async (): Promise<number[]> => {
    const rows = await database.query<{ held: number }>(`SELECT count(*)::int AS held FROM poller_seat WHERE holder IS NOT NULL AND lease_until > (extract(epoch FROM clock_timestamp()) * 1000)::bigint GROUP BY holder ORDER BY 1 DESC`);
    return rows.map(({ held }) => held);
  };
  async function allPolledMore(times: number, limitMs = 20_000): Promise<void> {
    const before = AGENTS.map((agent) => vendor.pollsOf(agent));
    await eventually(() => AGENTS.every((agent, index) => vendor.pollsOf(agent) >= (before[index] ?? 0) + times), { limitMs });
  }
  const saidOf = (agent: string): SeatSession[] => sessions.filter(({ seat }) => seat === `seat-${agent}`);
  const lastSession = (agent: string): string | undefined => {
    const last = saidOf(agent).at(-1);
    return last?.sealed === undefined ? undefined : openSession(last.sealed, last.channel, last.seat, sealer);
  };

  let two: Script;

  it('signs each seat in once, polls it, and tells its session', async () => {
    await start();
    await allPolledMore(3);
    expect(await shares()).toEqual([4]);
    await eventually(() => AGENTS.every((agent) => lastSession(agent) !== undefined));
    expect([...new Set(AGENTS.map(lastSession))]).toHaveLength(4);
    expect(saidOf('20001')).toMatchObject([{ channel: 'hw-seats', state: 'signed-in' }]);
  });

  it('passes on what a seat is told under the seat\'s key, in order, and not the seat\'s own state', async () => {
    const told = ['AgentState_Busy', 'AgentOther_PhoneAlerting', 'AgentState_Ready', 'AgentOther_PhoneOffhook'];
    for (const event of told) vendor.tell('20002', event);
    await eventually(() => notified.length === 2);
    expect(notified.map((each) => openNotification(each.sealed, each, sealer).body.toString())).toEqual([expect.stringContaining('PhoneAlerting'), expect.stringContaining('PhoneOffhook')]);
    expect(notified[0]).toMatchObject({ channel: 'hw-seats', seat: 'seat-20002', kind: 'poll' });
  });

  it('shares the seats with another replica, and both go on with the sessions that there are', async () => {
    two = await start();
    await eventually(async () => expect(await shares()).toEqual([2, 2]), { limitMs: 30_000 });
    await allPolledMore(3);
    expect([vendor.signIns.length, vendor.forced.length]).toEqual([4, 0]);
  });

  it('lets another take over when one is killed, within the lease, with the same sessions', async () => {
    await two.kill();
    await allPolledMore(1, MOVED_LIMIT_MS);
    await eventually(async () => expect(await shares()).toEqual([4]));
    expect([vendor.signIns.length, vendor.forced.length]).toEqual([4, 0]);
  });

  it('does not poll a seat that it lost while it slept', async () => {
    two = await start();
    await eventually(async () => expect(await shares()).toEqual([2, 2]), { limitMs: 30_000 });
    // A poll that had begun when the process was put to sleep would leave when it wakes, and nothing of ours could hold it back.
    await allPolledMore(2);
    two.signal('SIGSTOP');
    await eventually(async () => expect(await shares()).toEqual([4]));
    await allPolledMore(2);
    two.signal('SIGCONT');
    await eventually(async () => expect(await shares()).toEqual([2, 2]), { limitMs: 30_000 });
    await allPolledMore(3);
    expect([vendor.signIns.length, vendor.forced.length]).toEqual([4, 0]);
  });

  it('gives its seats back when it stops', async () => {
    two.signal('SIGTERM');
    await two.ended(20_000);
    await eventually(async () => expect(await shares()).toEqual([4]));
    await allPolledMore(1);
    expect(vendor.forced).toEqual([]);
  });

  it('signs a seat in again whose session is over, tells both, and asks more and more slowly while it is refused', async () => {
    const before = lastSession('20003');
    vendor.refusesSignIns = true;
    vendor.signOut('20003');
    await eventually(() => saidOf('20003').at(-1)?.state === 'signed-out');
    expect(saidOf('20003').at(-1)?.reason).toContain('000-003');
    await eventually(() => vendor.refused.length > 0);
    await allPolledMoreBut('20003', 6);
    // Three seconds or more, in which whoever asks every tenth of a second has asked thirty times.
    expect(vendor.refused.length).toBeLessThanOrEqual(12);
    expect(new Set(vendor.refused)).toEqual(new Set(['20003']));
    vendor.refusesSignIns = false;
    await eventually(() => saidOf('20003').at(-1)?.state === 'signed-in', { limitMs: 120_000 });
    expect(lastSession('20003')).not.toBe(before);
    const polls = vendor.pollsOf('20003');
    await eventually(() => vendor.pollsOf('20003') > polls);
  }, 180_000);

  async function allPolledMoreBut(signedOut: string, times: number): Promise<void> {
    const others = AGENTS.filter((agent) => agent !== signedOut);
    const before = others.map((agent) => vendor.pollsOf(agent));
    await eventually(() => others.every((agent, index) => vendor.pollsOf(agent) > (before[index] ?? 0) + times));
  }
});
