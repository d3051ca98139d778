import { decodeCallEvent, decodeChannelHealth, decodeRouteSimulation, topics, type CallEvent, type ChannelHealth, type WireRecord } from '@cc/contracts';
import { createEventLog, eventLogMigrations, type EventLog } from '@cc/event-log';
import { NoMetrics, SilentLog } from '@cc/kernel';
import { runMigrations, TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { z } from 'zod';
import { closedUnplaced } from '../src/domain/attempt';
import { channelRouterMigrations } from '../src/out/migrations';
import { PgLedger } from '../src/out/pg-ledger';
import { accepted, attemptFor, command, Desk, NOW } from './ledger-desk';
import { ledgerConformance } from './ledger.conformance';

const Headers = z.record(z.string(), z.string());
const TABLES = 'router_call, router_attempt, router_channel, router_channel_contact, router_account, router_override, router_binding, router_seat, log_record';
const health: ChannelHealth = {
  channel: 'e9-main', vendor: 'e9', protocol: 'callback', enabled: true, weight: 1, state: 'up', score: 1, reason: 'no evidence against it', since: NOW,
  capabilities: { cancel: true, query: true, recording: true, displayNumbers: true, maxDuration: true, ivrText: false, probe: false, followUp: 'callbacks' },
};

async function connect(fresh: FreshDatabase): Promise<TypeOrmDatabase> {
  return await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 20, applicationName: 'pg-ledger' });
}

describe('the ledger in PostgreSQL', () => {
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let eventLog: EventLog;
  let ledger: PgLedger;
  let desk: Desk;
  let woken = 0;
  let heardAtStart = 0;
  let stopListening: () => Promise<void>;

  beforeAll(async () => {
    fresh = await freshDatabase();
    database = await connect(fresh);
    await runMigrations(database, 'event-log', eventLogMigrations);
    await runMigrations(database, 'channel-router', channelRouterMigrations);
    eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
    await eventLog.ensureTopics([topics.callEvents, topics.channelHealth, topics.routeSimulations]);
    ledger = new PgLedger(database, eventLog);
    desk = new Desk(ledger);
    stopListening = await ledger.onWork(() => (woken += 1));
  });
  beforeEach(async () => {
    await database.query(`TRUNCATE ${TABLES}`);
    heardAtStart = woken;
  });
  afterAll(async () => {
    await stopListening();
    await eventLog.close();
    await database.close();
    await fresh.drop();
  });

  const records = async (topic: string): Promise<WireRecord[]> => (await database.query<{ key: string; value: Buffer | null; headers: string }>(
    'SELECT key, value, headers FROM log_record WHERE topic = $1 ORDER BY part, off', [topic])).map(({ key, value, headers }) => ({ key, value, headers: Headers.parse(JSON.parse(headers)) }));
  const known = <T>(decoded: { readonly kind: string; readonly message?: T }): T[] => (decoded.message === undefined ? [] : [decoded.message]);
  const events = async (): Promise<CallEvent[]> => (await records(topics.callEvents.name)).flatMap((record) => known<CallEvent>(decodeCallEvent(record)));

  ledgerConformance(() => ({
    ledger,
    events,
    simulated: async () => (await records(topics.routeSimulations.name)).flatMap((record) => known(decodeRouteSimulation(record))).map(({ simulationId }) => simulationId),
    woken: () => woken - heardAtStart,
  }));

  it('hangs a call up whose cancellation came while the planner was beginning its attempt', async () => {
    const placed = command();
    await desk.enqueue([placed]);
    const attempt = attemptFor(placed.callId);
    let cancelled: Promise<unknown> = Promise.resolve();
    await ledger.exclusively('planning', async (unit) => {
      await unit.queue.due(NOW, 5);
      await unit.attempts.begin([attempt]);
      cancelled = desk.cancel(placed.callId);
      // It waits for the call, which this transaction holds.
      await eventually(async () => (await database.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).length > 0);
    });
    await cancelled;
    await desk.settle(attempt.attemptId, accepted());
    expect(await desk.hangUps(NOW + 99)).toEqual([attempt.attemptId]);
  });

  it('has constraints that forbid a second live attempt, whatever the code does', async () => {
    const attempt = await desk.live({ lineRef: 'line' });
    const other = command();
    await desk.enqueue([other]);
    const insert = (attemptNumber: number, callId: string, line: string, state = 'sending'): Promise<unknown> => database.query(
      `INSERT INTO router_attempt (attempt_id, call_id, tenant, number, channel, vendor, line_ref, state, sent_at, look_at, give_up_at) VALUES ($1, $2, 'acme', $3, 'e9', 'e9', $4, $5, 1, 1, 1)`,
      [`${callId}-${attemptNumber}-${line}`, callId, attemptNumber, line, state]);
    for (const state of ['sending', 'accepted', 'unknown']) {
      await expect(insert(2, attempt.callId, 'other', state)).rejects.toMatchObject({ constraint: 'router_attempt_one_per_call' });
      await expect(insert(1, other.callId, 'line', state)).rejects.toMatchObject({ constraint: 'router_attempt_one_per_line' });
    }
    await expect(insert(1, attempt.callId, 'other', 'ended')).rejects.toMatchObject({ constraint: 'router_attempt_call_id_number_key' });
    await expect(insert(1, other.callId, 'other', 'planned')).rejects.toMatchObject({ constraint: 'router_attempt_state_check' });
    await expect(insert(1, 'call-none', 'other')).rejects.toMatchObject({ constraint: 'router_attempt_call_id_fkey' });
    await insert(1, other.callId, 'line', 'ended');
  });

  it('hands a queued call to one planner at a time', async () => {
    const [first, second] = [command(), command()];
    await desk.enqueue([first, second]);
    await desk.in(async ({ queue }) => {
      expect((await queue.due(NOW, 1)).map((call) => call.command.callId)).toEqual([first.callId]);
      expect(await desk.due()).toEqual([second.callId]);
    });
    expect(await desk.due()).toEqual([first.callId, second.callId]);
  });

  it('leaves a call alone that a planner holds when its line gets free: neither waits for the other', async () => {
    const { attemptId } = await desk.live({ lineRef: 'l' });
    const waiting = command();
    await desk.enqueue([waiting]);
    await desk.in(({ queue }) => queue.postpone([{ callId: waiting.callId, nextTryMs: NOW + 100, waitsFor: 'l' }]));
    await desk.in(async (planning) => {
      await planning.queue.due(NOW + 100, 10);
      await desk.hear('ended', attemptId);
      expect(await planning.attempts.begin([attemptFor(waiting.callId, { lineRef: 'l' })])).toEqual(new Set([`${waiting.callId}-1`]));
    });
  });

  it('holds an attempt that was found: what a vendor says meanwhile comes after what is decided of it', async () => {
    const { attemptId } = await desk.inState('unknown');
    const heard = await desk.in(async ({ attempts }) => {
      await attempts.find(attemptId);
      const hearing = desk.hear('placed', attemptId);
      await eventually(async () => (await database.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).length === 1);
      expect(await attempts.resolve(attemptId, 'not-placed', NOW)).toBe(true);
      return { hearing };
    });
    expect(await heard.hearing).toMatchObject([{ attemptId, state: 'not-placed' }]);
  });

  it('takes lost dials once, however many look for them', async () => {
    const { attemptId } = await desk.live();
    await desk.in(async ({ attempts }) => {
      expect((await attempts.overdueSending(NOW + 1, 10)).map((attempt) => attempt.attemptId)).toEqual([attemptId]);
      expect(await desk.in((other) => other.attempts.overdueSending(NOW + 1, 10))).toEqual([]);
    });
  });

  it('takes each overdue attempt and each hang-up once, however many take at once', async () => {
    const attempts = [];
    for (let index = 0; index < 6; index += 1) attempts.push(await desk.inState('accepted'));
    for (const { callId } of attempts) await desk.cancel(callId, NOW);
    const ids = attempts.map(({ attemptId }) => attemptId).sort();
    const all = async (take: () => Promise<readonly string[]>): Promise<string[]> => {
      const taken: string[] = [];
      while (taken.length < ids.length) {
        const more = (await Promise.all(Array.from({ length: 8 }, take))).flat();
        expect(more.length).toBeGreaterThan(0);
        taken.push(...more);
      }
      return taken.sort();
    };
    expect(await all(() => desk.overdue(NOW + 900_000, NOW + 990_000, 2))).toEqual(ids);
    expect(await all(() => desk.hangUps(NOW, 2))).toEqual(ids);
  });

  it('lets one router be at an exclusive task, another at the other task, and the next one afterwards', async () => {
    const ran: string[] = [];
    const run = (name: string, task: 'planning' | 'health', work: () => Promise<unknown> = () => Promise.resolve()): Promise<true | undefined> => ledger.exclusively(task, async () => {
      ran.push(name);
      await work();
      return true as const;
    });
    await run('first', 'planning', async () => {
      expect(await run('second', 'planning')).toBeUndefined();
      expect(await run('health', 'health')).toBe(true);
    });
    expect(await run('third', 'planning')).toBe(true);
    expect(ran).toEqual(['first', 'health', 'third']);
  });

  it('throws a router out that stops in the middle of an exclusive task: nothing of it is kept, and another goes on', async () => {
    const placed = command();
    let goOn: (() => void) | undefined;
    const stopped = ledger.exclusively('planning', async ({ queue }) => {
      await queue.enqueue([placed], NOW);
      await new Promise<void>((resolve) => (goOn = resolve));
      await queue.due(NOW, 1);
    });
    const refusedLater = expect(stopped).rejects.toThrow();
    const { signal } = await eventually(() => (goOn === undefined ? false : { signal: goOn }));
    await eventually(async () => (await ledger.exclusively('planning', () => Promise.resolve('planned'))) === 'planned', { limitMs: 15_000, everyMs: 100 });
    signal();
    await refusedLater;
    expect(await desk.due()).toEqual([]);
    // What was set for that one transaction does not stay with the connection.
    expect(await database.query('SHOW idle_in_transaction_session_timeout')).not.toEqual([{ idle_in_transaction_session_timeout: '5s' }]);
  });

  it('announces states of channels, and has those forgotten that are gone', async () => {
    await desk.in(({ journal }) => journal.announce([health], ['gone'], NOW));
    const told = (await records(topics.channelHealth.name)).flatMap((record) => known(decodeChannelHealth(record)));
    expect(told).toHaveLength(2);
    expect(told).toEqual(expect.arrayContaining([{ kind: 'kept', value: health }, { kind: 'forgotten', key: 'gone' }]));
  });

  it('shows what is told to nobody else before the commit', async () => {
    const told = closedUnplaced({ callId: 'call-told', tenant: 'acme' }, { closeType: 255, endedBy: 'cc', reason: 'x' }, NOW);
    await desk.in(async ({ journal }) => {
      await journal.append([told]);
      expect(await events()).toEqual([]);
    });
    expect(await events()).toEqual([told]);
  });
});

describe('the tables of a version with calls under way', () => {
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let desk: Desk;
  const states = ['sending', 'accepted', 'unknown', 'refused', 'ended'] as const;
  const cancels = ['none', 'requested', 'sent'] as const;
  const queued = ['call-q3', 'call-q2', 'call-q1'];

  const insertCall = (callId: string, state: string, cancel: string, created: number): Promise<unknown> => database.query(
    `INSERT INTO router_call (call_id, tenant, state, command, not_after, next_try, cancel, created) VALUES ($1, 'acme', $2, $3, $4, $5, $6, $7)`,
    [callId, state, state === 'closed' ? null : JSON.stringify(command({ callId })), NOW + 60_000, NOW, cancel, created]);
  const insertAttempt = (callId: string, state: string): Promise<unknown> => database.query(
    `INSERT INTO router_attempt (attempt_id, call_id, tenant, number, channel, vendor, line_ref, state, vendor_call_id, sent_at, look_at, reap_at, queried)
     VALUES ($1, $2, 'acme', 1, 'e9-main', 'e9', $3, $4, 'v-1', $5, $6, $7, $8)`, [`${callId}-1`, callId, `line of ${callId}`, state, NOW, NOW + 1000, NOW + 9000, state === 'accepted']);

  beforeAll(async () => {
    fresh = await freshDatabase();
    database = await connect(fresh);
    await runMigrations(database, 'event-log', eventLogMigrations);
    await runMigrations(database, 'channel-router', channelRouterMigrations.slice(0, 1));
    for (const [index, callId] of queued.entries()) await insertCall(callId, 'queued', index === 1 ? 'requested' : 'none', NOW - index);
    for (const state of states) {
      for (const cancel of cancels) {
        const callId = `call-${state}-${cancel}`;
        await insertCall(callId, state === 'ended' ? 'closed' : 'live', cancel, NOW);
        await insertAttempt(callId, state);
      }
    }
    await runMigrations(database, 'channel-router', channelRouterMigrations);
    desk = new Desk(new PgLedger(database, createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() })));
  });
  afterAll(async () => {
    await database.close();
    await fresh.drop();
  });

  it('keeps the queue in the order in which the calls came, with what is to end', async () => {
    const due = await desk.in(({ queue }) => queue.due(NOW, 10));
    expect(due.map((call) => [call.command.callId, call.cancelled])).toEqual([['call-q1', false], ['call-q2', true], ['call-q3', false]]);
    const later = command();
    await desk.enqueue([later]);
    expect((await desk.due()).at(-1)).toBe(later.callId);
  });

  it('keeps attempts, lines and limits', async () => {
    for (const state of states) {
      const callId = `call-${state}-none`;
      expect(await desk.found(`${callId}-1`)).toMatchObject({ state, vendorCallId: 'v-1', giveUpAt: NOW + 9000, holdUntil: NOW + 9000, answered: state === 'accepted', callOpen: state !== 'ended', seat: undefined });
      expect((await desk.lines(`line of ${callId}`)).busy.size).toBe(['sending', 'accepted', 'unknown'].includes(state) ? 1 : 0);
    }
    expect(await desk.overdue(NOW + 1000)).toHaveLength(6);
    expect((await desk.survey({ callIds: ['call-refused-none'] })).refusals.get('call-refused-none')).toMatchObject([{ number: 1, kind: 'not-sent' }]);
  });

  it('hangs up what was to be hung up and was not yet', async () => {
    expect(await desk.hangUps(NOW)).toEqual(['call-accepted-requested-1']);
    await desk.settle('call-sending-requested-1', { state: 'accepted', outcome: 'well', kind: 'accepted', vendorCallId: 'v-1', at: NOW, lookAt: NOW });
    expect(await desk.hangUps(NOW)).toEqual(['call-sending-requested-1']);
  });
});
