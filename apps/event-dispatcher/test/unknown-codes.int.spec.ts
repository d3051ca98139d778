import type { ChannelNotification } from '@cc/contracts';
import { NoMetrics, SealKeys, SilentLog } from '@cc/kernel';
import { TypeOrmDatabase, runMigrations } from '@cc/postgres';
import { eventually, freshDatabase, SettableClock, type FreshDatabase } from '@cc/testing';
import { EventDispatcherSettings } from '../src/event-dispatcher.config';
import { UnknownCodes } from '../src/in/unknown-codes';
import { UnknownCodesUpkeep } from '../src/in/unknown-codes-upkeep';
import { eventDispatcherMigrations } from '../src/out/migrations';
import { PgUnknownCodes } from '../src/out/pg-unknown-codes';

const DAY_MS = 24 * 60 * 60 * 1000;
const message = (id: string, receivedAt: number, channel = 'e9-main'): ChannelNotification => ({ id, channel, kind: 'callback', receivedAt, sealed: Buffer.from(`sealed ${id}`) });

describe('unknown codes on PostgreSQL', () => {
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let kept: PgUnknownCodes;
  const clock = new SettableClock(100 * DAY_MS);
  const settings = new EventDispatcherSettings({ channelsFile: '', encryptionKey: SealKeys.of(Buffer.alloc(32)), pendingSeconds: 1, rememberDays: 1, quarantineRows: 1, quarantineDays: 30 });

  beforeEach(async () => {
    fresh = await freshDatabase();
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    await runMigrations(database, 'event-dispatcher', eventDispatcherMigrations);
    kept = new PgUnknownCodes(database);
  }, 30_000);
  afterEach(async () => {
    await database.close();
    await fresh.drop();
  });

  const running = (codes: UnknownCodes, log = new SilentLog()): UnknownCodesUpkeep => {
    const upkeep = new UnknownCodesUpkeep(codes, kept, settings, clock, log);
    upkeep.onApplicationBootstrap();
    return upkeep;
  };

  it('are counted by channel and code, over all processes, with a few messages that had them', async () => {
    const now = clock.nowMs();
    const [one, other] = [new UnknownCodes(new NoMetrics(), new SilentLog()), new UnknownCodes(new NoMetrics(), new SilentLog())];
    for (let index = 0; index < 5; index += 1) one.note(message(`a-${index}`, now + index), 'byeType 200', 'call-1');
    for (let index = 0; index < 5; index += 1) other.note(message(`b-${index}`, now - index), 'byeType 200', 'call-1');
    other.note(message('c', now, 'e9-second'), 'byeType 200', 'call-1');
    await Promise.all([running(one), running(other)].map((upkeep) => upkeep.onModuleDestroy()));
    expect((await kept.list()).map(({ samples, ...rest }) => ({ ...rest, samples: samples.length }))).toEqual([
      { channel: 'e9-main', code: 'byeType 200', seen: 10, firstSeen: now - 4, lastSeen: now + 4, samples: 3 },
      { channel: 'e9-second', code: 'byeType 200', seen: 1, firstSeen: now, lastSeen: now, samples: 1 },
    ]);
    const [row] = await database.query<{ sealed: Buffer }>(`SELECT sealed FROM dispatcher_unknown_code_sample WHERE notification_id = 'c'`);
    expect(row?.sealed.toString()).toBe('sealed c');
  });

  it('are written down later where the database was away', async () => {
    const codes = new UnknownCodes(new NoMetrics(), new SilentLog());
    codes.note(message('a', clock.nowMs()), 'event X', 'call-1');
    await database.query('ALTER TABLE dispatcher_unknown_code RENAME TO away');
    const log = new SilentLog();
    let failures = 0;
    log.warn = () => void (failures += 1);
    const upkeep = running(codes, log);
    await eventually(() => failures > 0);
    await database.query('ALTER TABLE away RENAME TO dispatcher_unknown_code');
    await eventually(async () => (await kept.list())[0]?.seen === 1);
    await upkeep.onModuleDestroy();
  });

  it('that a vendor makes up without end do not fill memory or table, and are counted all the same', async () => {
    const codes = new UnknownCodes(new NoMetrics(), new SilentLog());
    for (let index = 0; index < 2000; index += 1) codes.note(message(`a-${index}`, clock.nowMs()), `byeType ${index}\0`, 'call-1');
    await running(codes).onModuleDestroy();
    const listed = await kept.list();
    expect(listed.length).toBeLessThanOrEqual(501);
    expect(listed.reduce((sum, { seen }) => sum + seen, 0)).toBe(2000);
    expect(listed.find(({ code }) => code === 'other codes')?.seen).toBeGreaterThanOrEqual(1500);
  });

  it('keep their messages no longer than the quarantine does, and their count for ever', async () => {
    const codes = new UnknownCodes(new NoMetrics(), new SilentLog());
    codes.note(message('old', clock.nowMs() - 31 * DAY_MS), 'event X', 'call-1');
    codes.note(message('new', clock.nowMs() - 29 * DAY_MS), 'event X', 'call-1');
    await running(codes).onModuleDestroy();
    expect(await kept.list()).toMatchObject([{ seen: 2, samples: ['new'] }]);
  });
});
