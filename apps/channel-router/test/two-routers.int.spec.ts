import { allTopics, CallEvent } from '@cc/contracts';
import { createEventLog, eventLogMigrations, type EventLog } from '@cc/event-log';
import { NoMetrics, pause, SilentLog } from '@cc/kernel';
import { runMigrations, TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, SettableClock, type FreshDatabase } from '@cc/testing';
import type { PlannedDial } from '../src/domain/planner';
import { Router } from '../src/domain/router';
import { channelRouterMigrations } from '../src/out/migrations';
import { PgLedger } from '../src/out/pg-ledger';
import { callOn, facts, LIMITS, ScriptedCarriers, START, StateWatch } from './scripted-carriers';

const LINES = 10;
const CALLS = 60;

/** Two routers, each with connections of its own, on one database. */
describe('two routers', () => {
  let fresh: FreshDatabase;
  const databases: TypeOrmDatabase[] = [];
  const logs: EventLog[] = [];
  const clock = new SettableClock(START);
  const carriers = new ScriptedCarriers();
  const watch = new StateWatch();
  const routers: { readonly ledger: PgLedger; readonly router: Router }[] = [];

  beforeAll(async () => {
    fresh = await freshDatabase();
    for (let index = 0; index < 2; index += 1) {
      const database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 5, applicationName: `router-${index}` });
      await runMigrations(database, 'event-log', eventLogMigrations);
      await runMigrations(database, 'channel-router', channelRouterMigrations);
      const eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
      await eventLog.ensureTopics(allTopics);
      const ledger = new PgLedger(database, eventLog);
      databases.push(database);
      logs.push(eventLog);
      routers.push({ ledger, router: new Router(ledger, carriers, clock, LIMITS, watch) });
    }
  });
  afterAll(async () => {
    for (const log of logs) await log.close();
    for (const database of databases) await database.close();
    await fresh.drop();
  });

  const endedBy = async ({ ledger, router }: (typeof routers)[number], attemptId: string): Promise<void> => {
    const event = CallEvent.parse({ type: 'cc.call.ended.v1', id: `${attemptId}/ended`, callId: attemptId.replace(/-1$/, ''), tenant: 'acme', attemptId, channel: 'a', occurredAt: clock.now, recordedAt: clock.now, source: 'callback', closeType: 0 });
    await ledger.transaction((unit) => router.learn(unit, [event]));
  };

  it('dial each call once, one call of a line at a time, in the order in which they came', async () => {
    carriers.facts = [facts('a'), facts('b')];
    const live = new Map<string, string>();
    const collisions: string[] = [];
    const dialled: string[] = [];
    const lineOf = (callId: string): string => `line ${Number(callId.slice('call-'.length)) % LINES}`;
    const calls = Array.from({ length: CALLS }, (_, index) => callOn(`line ${index % LINES}`, `call-${index}`, clock.now));
    await routers[0]?.ledger.transaction(async (unit) => routers[0]?.router.obey(unit, calls));
    carriers.outcome = ({ attemptId, callId }) => {
      if (live.has(lineOf(callId))) collisions.push(`${callId} while ${live.get(lineOf(callId))}`);
      live.set(lineOf(callId), callId);
      dialled.push(callId);
      return { kind: 'accepted', vendorCallId: attemptId };
    };
    const talks: Promise<void>[] = [];
    /** Both routers go on planning while the call talks. */
    const talk = async (own: (typeof routers)[number], dial: PlannedDial): Promise<void> => {
      await own.router.dialling.dial(dial);
      await pause(10);
      live.delete(lineOf(dial.attempt.callId));
      await endedBy(own, dial.attempt.attemptId);
    };
    const work = async (own: (typeof routers)[number]): Promise<void> => {
      while (dialled.length < CALLS) {
        const planned = await own.router.planner.plan(7);
        talks.push(...(planned?.dials ?? []).map((dial) => talk(own, dial)));
        await pause(1);
      }
    };
    await Promise.all(routers.map(work));
    await Promise.all(talks);
    expect(collisions).toEqual([]);
    expect(new Set(dialled).size).toBe(CALLS);
    expect(dialled).toHaveLength(CALLS);
    for (let line = 0; line < LINES; line += 1) {
      const own = dialled.map((callId) => Number(callId.slice('call-'.length))).filter((call) => call % LINES === line);
      expect(own).toEqual([...own].sort((one, other) => one - other));
    }
    await eventually(async () => (await databases[0]?.query(`SELECT FROM router_attempt WHERE live`))?.length === 0);
  }, 60_000);

  it('let a later call wait while the first in the row of its line is held by somebody else', async () => {
    const [first] = routers;
    const [database] = databases;
    if (first === undefined || database === undefined) throw new Error('no router');
    carriers.outcome = ({ attemptId }) => ({ kind: 'accepted', vendorCallId: attemptId });
    const place = (callId: string): Promise<void> => first.ledger.transaction((unit) => first.router.obey(unit, [callOn('held line', callId, clock.now)]));
    const plan = async (): Promise<string[]> => {
      const planned = await first.router.planner.plan(5);
      for (const dial of planned?.dials ?? []) await first.router.dialling.dial(dial);
      return (planned?.dials ?? []).map(({ attempt }) => attempt.attemptId);
    };
    await place('row-1');
    await place('row-2');
    expect(await plan()).toEqual(['row-1-1']);
    await endedBy(first, 'row-1-1');
    await place('row-3');
    await database.transaction(async (tx) => {
      await tx.query(`SELECT FROM router_call WHERE call_id = 'row-2' FOR UPDATE`);
      expect(await plan()).toEqual([]);
    });
    expect(await plan()).toEqual(['row-2-1']);
  }, 30_000);

  it('ask a vendor no faster than its account may, with calls on two of its channels', async () => {
    const own = ['shared-1', 'shared-2'];
    carriers.facts = own.map((channel) => facts(channel, { account: 'one account', queriesPerMinute: 60 }));
    carriers.outcome = ({ attemptId }) => ({ kind: 'accepted', vendorCallId: attemptId });
    const [first] = routers;
    if (first === undefined) throw new Error('no router');
    await first.ledger.transaction((unit) => first.router.obey(unit, Array.from({ length: 12 }, (_, index) => callOn(`shared line ${index}`, `shared-${index}`, clock.now, { channel: own[index % 2] ?? '' }))));
    for (const dial of (await first.router.planner.plan(20))?.dials ?? []) await first.router.dialling.dial(dial);
    clock.now += 60_000;
    const askedAt: number[] = [];
    for (let second = 0; second < 16; second += 0.25) {
      const before = carriers.asked.length;
      await Promise.all(routers.flatMap(({ router }) => [router, router]).map(async ({ followUp }) => await Promise.all((await followUp.due()).filter(({ account }) => account === 'one account').map((due) => followUp.lookAfter(due)))));
      for (let asked = before; asked < carriers.asked.length; asked += 1) askedAt.push(clock.now);
      clock.now += 250;
    }
    expect(new Set(carriers.asked).size).toBe(12);
    expect(askedAt).toHaveLength(12);
    expect(Math.min(...askedAt.slice(1).map((at, index) => at - (askedAt[index] ?? 0)))).toBeGreaterThanOrEqual(1034);
  }, 30_000);

  it('judge a channel as one: each change is told once, whoever sees it first', async () => {
    carriers.facts = [facts('a')];
    carriers.outcome = () => ({ kind: 'unknown', reason: 'HTTP 500' });
    const [first] = routers;
    if (first === undefined) throw new Error('no router');
    const judge = async (): Promise<void> => void (await Promise.all(routers.flatMap(({ router }) => [router.health.judge(), router.health.judge(), router.health.judge()])));
    await judge();
    clock.now += 1000;
    watch.states.splice(0);
    await first.ledger.transaction((unit) => first.router.obey(unit, [0, 1, 2].map((index) => callOn(`other ${index}`, `failing-${index}`, clock.now))));
    const planned = await first.router.planner.plan(5);
    await Promise.all((planned?.dials ?? []).map((dial) => first.router.dialling.dial(dial)));
    for (let round = 0; round < 5; round += 1) {
      clock.now += 1000;
      await judge();
    }
    expect(watch.states).toEqual(['a down']);
    await first.ledger.transaction((unit) => first.router.obey(unit, [callOn('another', 'call-down', clock.now)]));
    const other = routers[1];
    expect((await other?.router.planner.plan(5))?.dials).toEqual([]);
    clock.now += 30_000;
    await judge();
    expect(watch.states).toEqual(['a down', 'a degraded, recovering']);
  }, 30_000);
});
