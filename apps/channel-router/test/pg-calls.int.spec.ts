import type { PlaceCall } from '@cc/contracts';
import { newId } from '@cc/kernel';
import { runMigrations, TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { attemptIdOf, type Attempt, type AttemptState } from '../src/domain/attempt';
import { channelRouterMigrations } from '../src/out/migrations';
import { PgCalls } from '../src/out/pg-calls';

const NOW = 1_790_000_000_000;
const WATCH = { lookAt: NOW + 1000, reapAt: NOW + 9000 };
const number = { masked: '****', ref: 'ref', sealed: 'sealed' };

function command(): PlaceCall {
  const callId = newId('call');
  return { type: 'cc.call.place.v1', id: `${callId}/place`, callId, tenant: 'acme', issuedAt: NOW, caller: number, called: number, record: false, notAfter: NOW + 60_000, bizData: { nested: ['x'] } };
}

const attemptFor = (callId: string, attemptNumber = 1): Attempt => ({ attemptId: attemptIdOf(callId, attemptNumber), callId, tenant: 'acme', number: attemptNumber, channel: 'e9-main', vendor: 'e9' });

describe('calls and attempts in PostgreSQL', () => {
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let calls: PgCalls;

  beforeAll(async () => {
    fresh = await freshDatabase();
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 10, applicationName: 'pg-calls' });
    await runMigrations(database, 'channel-router', channelRouterMigrations);
    calls = new PgCalls(database);
  });
  afterEach(() => database.query('TRUNCATE router_call, router_attempt'));
  afterAll(async () => {
    await database.close();
    await fresh.drop();
  });

  async function queue(...commands: readonly PlaceCall[]): Promise<void> {
    await calls.transaction((tx) => calls.enqueue(tx, commands, NOW));
  }
  const begin = (attempt: Attempt, line: string): Promise<boolean> => calls.transaction((tx) => calls.begin(tx, attempt, line, NOW, WATCH));
  const settle = (attemptId: string, state: AttemptState, vendorCallId?: string): Promise<boolean> => calls.transaction((tx) => calls.settle(tx, attemptId, state, vendorCallId, WATCH));
  const due = (nowMs = NOW, limit = 100): Promise<string[]> => calls.transaction(async (tx) => (await calls.due(tx, nowMs, limit)).map((call) => call.command.callId));
  async function live(line: string): Promise<Attempt> {
    const placed = command();
    await queue(placed);
    const attempt = attemptFor(placed.callId);
    expect(await begin(attempt, line)).toBe(true);
    return attempt;
  }
  const stateOf = async (attemptId: string): Promise<string | undefined> => (await database.query<{ state: string }>('SELECT state FROM router_attempt WHERE attempt_id = $1', [attemptId]))[0]?.state;
  const callOf = async (callId: string): Promise<object | undefined> => (await database.query('SELECT state, cancel, command IS NULL AS forgotten FROM router_call WHERE call_id = $1', [callId]))[0];

  it('queues a call once, in its order, and gives it back as it was', async () => {
    const [first, second] = [command(), command()];
    await queue(first);
    await calls.transaction((tx) => calls.enqueue(tx, [second, { ...first, tenant: 'other' }], NOW + 1));
    await calls.transaction(async (tx) => {
      expect(await calls.due(tx, NOW + 1, 10)).toEqual([{ command: first, cancelled: false }, { command: second, cancelled: false }]);
    });
    expect(await due(NOW, 10)).toEqual([first.callId]);
    expect(await due(NOW + 1, 1)).toEqual([first.callId]);
  });

  it('hands a queued call to one planner at a time', async () => {
    await queue(command(), command());
    await calls.transaction(async (tx) => {
      expect(await calls.due(tx, NOW, 1)).toHaveLength(1);
      expect(await due()).toHaveLength(1);
    });
    expect(await due()).toHaveLength(2);
  });

  it('begins one attempt of a call, however many planners begin it at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const placed = command();
      await queue(placed);
      const begun = await Promise.all(Array.from({ length: 20 }, (_, index) => begin(attemptFor(placed.callId, 1 + (index % 4)), `line ${index} of round ${round}`)));
      expect(begun.filter(Boolean)).toHaveLength(1);
    }
    expect(await database.query('SELECT count(*)::int AS n FROM router_attempt')).toEqual([{ n: 5 }]);
  });

  it('begins one call of a line, however many are begun at once; the others stay queued for later', async () => {
    for (let round = 0; round < 5; round += 1) {
      const commands = Array.from({ length: 20 }, command);
      await queue(...commands);
      const begun = await Promise.all(commands.map(({ callId }) => begin(attemptFor(callId), `line ${round}`)));
      expect(begun.filter(Boolean)).toHaveLength(1);
    }
    expect(await due()).toEqual([]);
    expect(await due(NOW + 500)).toHaveLength(5 * 19);
  });

  it('has constraints that forbid a second live attempt, whatever the code does', async () => {
    const attempt = await live('line');
    const insert = (attemptNumber: number, callId: string, line: string): Promise<unknown> => database.query(
      `INSERT INTO router_attempt (attempt_id, call_id, tenant, number, channel, vendor, line_ref, state, sent_at, look_at, reap_at) VALUES ($1, $2, 'acme', $3, 'e9', 'e9', $4, 'sending', 1, 1, 1)`, [newId('x'), callId, attemptNumber, line]);
    const other = command();
    await queue(other);
    await expect(insert(2, attempt.callId, 'another line')).rejects.toMatchObject({ constraint: 'router_attempt_one_per_call' });
    await expect(insert(1, other.callId, 'line')).rejects.toMatchObject({ constraint: 'router_attempt_one_per_line' });
  });

  it('settles an attempt once: from SENDING or in doubt, never from an outcome and never back', async () => {
    const final = ['accepted', 'refused', 'ended'] as const;
    for (const from of ['sending', 'unknown', ...final] as const) {
      for (const to of ['unknown', ...final] as const) {
        const { attemptId } = await live(`${from} ${to}`);
        await database.query('UPDATE router_attempt SET state = $2 WHERE attempt_id = $1', [attemptId, from]);
        const moves = from === 'sending' || from === 'unknown';
        expect(await settle(attemptId, to, 'v-1')).toBe(moves);
        expect(await stateOf(attemptId)).toBe(moves ? to : from);
      }
    }
    expect(await settle('call-none-1', 'accepted')).toBe(false);
  });

  it('frees the line of a refused attempt and keeps that of one in doubt', async () => {
    const [refused, unknown] = [await live('line r'), await live('line u')];
    await settle(refused.attemptId, 'refused');
    await settle(unknown.attemptId, 'unknown');
    const [one, two] = [command(), command()];
    await queue(one, two);
    expect(await begin(attemptFor(one.callId), 'line r')).toBe(true);
    expect(await begin(attemptFor(two.callId), 'line u')).toBe(false);
  });

  it('believes the vendor that an attempt was placed, and keeps the first name it gave the call', async () => {
    const [sending, unknown, ended] = [await live('1'), await live('2'), await live('3')];
    await settle(unknown.attemptId, 'unknown');
    await settle(ended.attemptId, 'ended');
    const confirm = (vendorCallId?: string): Promise<void> => calls.transaction((tx) => calls.confirm(tx, [sending, unknown, ended].flatMap(({ attemptId }) => [{ attemptId, ...(vendorCallId === undefined ? {} : { vendorCallId }) }, { attemptId }]), { lookAt: NOW + 5, reapAt: NOW + 6 }));
    await confirm();
    await confirm('v-1');
    await confirm('v-2');
    expect(await Promise.all([sending, unknown, ended].map(({ attemptId }) => stateOf(attemptId)))).toEqual(['accepted', 'accepted', 'ended']);
    expect((await calls.takeOverdue(NOW + 5, NOW + 50, 10)).map(({ vendorCallId, state, reapAt }) => ({ vendorCallId, state, reapAt }))).toEqual(Array.from({ length: 2 }, () => ({ vendorCallId: 'v-1', state: 'accepted', reapAt: NOW + 6 })));
    expect(await settle(sending.attemptId, 'refused')).toBe(false);
  });

  it('ends an attempt once: its line is free, its call closed and its numbers forgotten, and who waited is tried at once', async () => {
    const attempt = await live('line');
    const waiting = command();
    await queue(waiting);
    expect(await begin(attemptFor(waiting.callId), 'line')).toBe(false);
    expect(await due()).toEqual([]);
    await calls.transaction((tx) => calls.end(tx, [attempt.attemptId, 'call-none-1']));
    expect(await callOf(attempt.callId)).toEqual({ state: 'closed', cancel: 'none', forgotten: true });
    expect(await due()).toEqual([waiting.callId]);
    expect(await begin(attemptFor(waiting.callId), 'line')).toBe(true);
    await calls.transaction((tx) => calls.end(tx, [attempt.attemptId]));
    expect(await callOf(waiting.callId)).toMatchObject({ state: 'live' });
    expect(await begin(attempt, 'a line that is free')).toBe(false);
  });

  it('hands a cancellation out once, and not before the vendor can be told which call it is', async () => {
    const attempt = await live('line');
    const cancel = (): Promise<void> => calls.transaction((tx) => calls.requestCancel(tx, [attempt.callId]));
    await cancel();
    expect(await calls.takeCancelled(5)).toEqual([]);
    await settle(attempt.attemptId, 'accepted', 'v-1');
    const taken = await Promise.all(Array.from({ length: 10 }, () => calls.takeCancelled(5)));
    expect(taken.flat()).toMatchObject([{ attemptId: attempt.attemptId, vendorCallId: 'v-1', channel: 'e9-main' }]);
    expect(await calls.takeCancelled(5)).toEqual([]);
  });

  it('hands a cancellation out again when it is asked for again, or when the vendor\'s answer was lost', async () => {
    const attempt = await live('line');
    await settle(attempt.attemptId, 'accepted', 'v-1');
    for (const again of [() => calls.transaction((tx) => calls.requestCancel(tx, [attempt.callId])), () => calls.cancelAgain(attempt.callId), () => calls.transaction((tx) => calls.requestCancel(tx, [attempt.callId]))]) {
      await again();
      expect(await calls.takeCancelled(5)).toMatchObject([{ attemptId: attempt.attemptId }]);
      expect(await calls.takeCancelled(5)).toEqual([]);
    }
    await calls.transaction((tx) => calls.end(tx, [attempt.attemptId]));
    await calls.cancelAgain(attempt.callId);
    expect(await calls.takeCancelled(5)).toEqual([]);
  });

  it('hands out no more cancellations than there is room for', async () => {
    const attempts = [await live('a'), await live('b'), await live('c')];
    for (const { attemptId } of attempts) await settle(attemptId, 'accepted', `v-${attemptId}`);
    await calls.transaction((tx) => calls.requestCancel(tx, attempts.map(({ callId }) => callId)));
    expect([await calls.takeCancelled(2), await calls.takeCancelled(2)].map((taken) => taken.length)).toEqual([2, 1]);
  });

  it('tells the planner of a queued call that was cancelled, and leaves a closed one alone', async () => {
    const [queued, closed] = [command(), command()];
    await queue(queued, closed);
    await calls.transaction(async (tx) => {
      await calls.close(tx, [closed.callId]);
      await calls.requestCancel(tx, [queued.callId, closed.callId]);
    });
    await calls.transaction(async (tx) => expect(await calls.due(tx, NOW, 10)).toEqual([{ command: queued, cancelled: true }]));
    expect(await callOf(closed.callId)).toMatchObject({ state: 'closed', cancel: 'none' });
  });

  it('finds what has been SENDING for too long, and only that', async () => {
    const [lost, settled] = [await live('1'), await live('2')];
    await settle(settled.attemptId, 'accepted', 'v-1');
    const overdue = (beforeMs: number): Promise<string[]> => calls.transaction(async (tx) => (await calls.overdueSending(tx, beforeMs)).map(({ attemptId }) => attemptId));
    expect(await overdue(NOW)).toEqual([]);
    expect(await overdue(NOW + 1)).toEqual([lost.attemptId]);
  });

  it('takes each overdue attempt once until its next look; one that is SENDING is not asked about', async () => {
    const attempts = await Promise.all(Array.from({ length: 6 }, (_, index) => live(`line ${index}`)));
    await Promise.all(attempts.slice(1).map(({ attemptId }) => settle(attemptId, 'unknown')));
    expect(await calls.takeOverdue(NOW + 999, NOW + 5000, 10)).toEqual([]);
    const taken = (await Promise.all(Array.from({ length: 8 }, () => calls.takeOverdue(NOW + 1000, NOW + 5000, 2)))).flat().map(({ attemptId }) => attemptId);
    expect(new Set(taken).size).toBe(taken.length);
    while (taken.length < 5) {
      const more = await calls.takeOverdue(NOW + 1000, NOW + 5000, 2);
      expect(more.length).toBeGreaterThan(0);
      taken.push(...more.map(({ attemptId }) => attemptId));
    }
    expect([...taken].sort()).toEqual(attempts.slice(1).map(({ attemptId }) => attemptId).sort());
    await calls.queried(taken[0] ?? '', NOW + 3000);
    expect(await calls.takeOverdue(NOW + 4999, NOW + 9000, 10)).toMatchObject([{ attemptId: taken[0], queried: true }]);
  });

  it('wakes every router after the commit, and not after a rollback', async () => {
    let heard = 0;
    const stop = await calls.onWork(() => (heard += 1));
    const before = heard;
    await expect(calls.transaction(async (tx) => {
      await calls.wake(tx);
      throw new Error('rolled back');
    })).rejects.toThrow('rolled back');
    await calls.transaction((tx) => calls.wake(tx));
    await eventually(() => heard > before);
    expect(heard).toBe(before + 1);
    await stop();
  });
});
