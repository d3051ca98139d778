import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeSeatSession, topics, type SeatSession } from '@cc/contracts';
import { createEventLog, handled } from '@cc/event-log';
import { NoMetrics, Sealer, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase } from '@cc/testing';
import { openSession } from '@cc/vendors';
import { poller } from '../src/service';
import { SeatVendor } from './seat-vendor';

const KEY = Buffer.alloc(32, 7);
const AGENT = '20001';

it('tells the session of each poll where the vendor changes it, and goes on with the last one after a restart', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cc-seats-'));
  const vendor = await SeatVendor.start(true);
  const fresh = await freshDatabase();
  const file = join(directory, 'channels.yaml');
  await writeFile(file, JSON.stringify({ channels: [{ id: 'hw-seats', vendor: 'hw', protocol: 'agentGateway', settings: { endpoint: vendor.endpoint, authMode: 'dynamic', pauseMs: 500 }, lines: [{ id: 'anna', agentId: Number(AGENT), password: { value: 'pass' }, phone: '40038' }] }] }));
  const start = (): Promise<RunningService> => startService(poller, loadServiceSettings(poller, { CC_HW_POLLER_PORT: '0', CC_DATABASE_URL: fresh.url, CC_CHANNELS_FILE: file, CC_ENCRYPTION_KEY: KEY.toString('base64') }), new SilentLog(), () => undefined);
  let service = await start();
  const database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
  const eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
  const told: SeatSession[] = [];
  await eventLog.subscribe({ group: 'test', topics: [topics.seatSessions.name], handle: ({ records }) => {
    for (const decoded of records.map(decodeSeatSession)) if (decoded.kind === 'known') told.push(decoded.message);
    return Promise.resolve(handled);
  } }).ready;
  const sessions = (): string[] => told.flatMap(({ sealed, channel, seat }) => (sealed === undefined ? [] : [openSession(sealed, channel, seat, new Sealer(KEY, 'notifications'))]));
  try {
    await eventually(() => new Set(sessions()).size >= 4);
    await eventually(() => sessions().at(-1) === vendor.guidOf(AGENT));
    expect(new Set(told.map(({ since }) => since)).size).toBe(1);
    await service.stop();
    service = await start();
    const before = new Set(sessions()).size;
    await eventually(() => new Set(sessions()).size >= before + 2);
    expect([vendor.signIns, vendor.forced]).toEqual([[AGENT], []]);
    expect(told.every(({ state }) => state === 'signed-in')).toBe(true);
    expect(vendor.overlaps).toEqual([]);
  } finally {
    await service.stop();
    await eventLog.close();
    await database.close();
    await fresh.drop();
    await vendor.stop();
    await rm(directory, { recursive: true, force: true });
  }
}, 60_000);
