import { CallEvent, type Binding, type CallEventOf, type PlaceCall, type ResolveAttempt } from '@cc/contracts';
import { SettableClock } from '@cc/testing';
import type { CarrierFacts } from '../src/domain/carriers';
import type { DialResult } from '../src/domain/attempt';
import { Router } from '../src/domain/router';
import { MemoryLedger } from './memory-ledger';
import { callOn, capabilities, facts, LIMITS, ScriptedCarriers, START, StateWatch } from './scripted-carriers';

describe('a router', () => {
  let clock: SettableClock;
  let ledger: MemoryLedger;
  let carriers: ScriptedCarriers;
  let watch: StateWatch;
  let router: Router;
  let placed = 0;

  beforeEach(() => {
    clock = new SettableClock(START);
    ledger = new MemoryLedger();
    carriers = new ScriptedCarriers();
    carriers.facts = [facts('a')];
    watch = new StateWatch();
    router = new Router(ledger, carriers, clock, LIMITS, watch);
    placed = 0;
  });

  const call = (from: string, more: Partial<PlaceCall> = {}): PlaceCall => {
    placed += 1;
    return callOn(from, `c${placed}`, clock.now, more);
  };
  const place = async (...calls: readonly PlaceCall[]): Promise<void> => ledger.transaction((unit) => router.obey(unit, calls));
  /** Plans and dials until nothing is due. */
  async function work(): Promise<void> {
    for (let round = 0; round < 20; round += 1) {
      const planned = await router.planner.plan(50);
      await Promise.all((planned?.dials ?? []).map((dial) => router.dialling.dial(dial)));
      if (planned?.looked === 0) return;
    }
    throw new Error('the queue does not get empty');
  }
  const hangUpAnswers = (): CallEvent[] => ledger.events.filter(({ type }) => type === 'cc.call.hang-up-answered.v1');
  const hangUp = async (): Promise<void> => {
    for (const attempt of await router.takeHangUps(10)) await router.hangUp(attempt);
  };
  const hear = async (type: 'a-ringing' | 'connected' | 'ended', attemptId: string): Promise<void> => {
    const event = CallEvent.parse({ type: `cc.call.${type}.v1`, id: `${attemptId}/${type}`, callId: attemptId.replace(/-\d+$/, ''), tenant: 'acme', attemptId, channel: 'a', occurredAt: clock.now, recordedAt: clock.now, source: 'callback', ...(type === 'ended' ? { closeType: 0 } : {}) });
    await ledger.transaction((unit) => router.learn(unit, [event]));
  };
  const endOf = (callId: string): CallEventOf<'cc.call.ended.v1'> | undefined => ledger.events.filter((event) => event.type === 'cc.call.ended.v1').find((event) => event.callId === callId);

  it('keeps the route with the call, and with a call that no channel can take', async () => {
    carriers.facts = [facts('a', { weight: 0 }), facts('b')];
    await place(call('x'), call('y', { channel: 'nowhere' }));
    await work();
    expect(ledger.events.find((event) => event.type === 'cc.call.attempt-started.v1')).toMatchObject({ channel: 'b', route: { basis: 'all', channel: 'b', candidates: [{ channel: 'b' }, { channel: 'a', excluded: { code: 'by-name-only' } }] } });
    expect(endOf('c2')).toMatchObject({ closeType: 6, endedBy: 'cc', reason: expect.stringContaining('a: the request names another channel'), route: { basis: 'named', candidates: [{ excluded: { code: 'not-named' } }, { excluded: { code: 'not-named' } }] } });
    for (const event of ledger.events) expect(CallEvent.safeParse(event).error).toBeUndefined();
  });

  it.each<[string, DialResult, number | undefined]>([
    ['not sent', { kind: 'not-sent', reason: 'refused' }, 7],
    ['rejected', { kind: 'rejected', vendorCode: '5', reason: 'no', blame: 'call' }, 6],
    ['unfit', { kind: 'unfit', reason: 'abroad' }, 6],
    ['in doubt', { kind: 'unknown', reason: 'timeout' }, undefined],
  ])('offers a call that is %s to the next channel only if nobody can have rung, and closes it when none is left', async (_name, result, closeType) => {
    carriers.facts = [facts('a'), facts('b')];
    carriers.outcome = () => result;
    await place(call('x'));
    await work();
    expect(carriers.dialled).toHaveLength(closeType === undefined ? 1 : 2);
    expect(new Set(carriers.dialled.map((dial) => dial.split(' ')[1])).size).toBe(carriers.dialled.length);
    expect(endOf('c1')?.closeType).toBe(closeType);
    expect(ledger.attempts.values().at(-1)?.state).toBe(closeType === undefined ? 'unknown' : 'refused');
  });

  it('withholds a dial that comes too late after its commit, and dials again on the same channel', async () => {
    await place(call('x'));
    const planned = await router.planner.plan(5);
    clock.now += 30_000;
    for (const dial of planned?.dials ?? []) await router.dialling.dial(dial);
    expect(carriers.dialled).toEqual([]);
    await work();
    expect(carriers.dialled).toEqual([]);
    clock.now += 1000;
    await work();
    expect(carriers.dialled).toEqual(['c1-2 a']);
    expect(endOf('c1')).toBeUndefined();
  });

  it('says of a call for a channel that has left the file that it is not there', async () => {
    await place(call('x', { channel: 'gone' }));
    await work();
    expect(endOf('c1')).toMatchObject({ closeType: 6, reason: 'no channel can take the call (gone: it is not in the channel file; a: the request names another channel)' });
  });

  it('tries a channel that keeps dials back again and again, ever a second later, but not for ever', async () => {
    carriers.outcome = () => ({ kind: 'withheld', reason: 'the seat signs in anew' });
    await place(call('x'));
    for (let second = 0; second < 20; second += 1) {
      await work();
      clock.now += 1000;
    }
    expect(carriers.dialled).toHaveLength(6);
    expect(endOf('c1')).toMatchObject({ closeType: 6, reason: 'the seat signs in anew' });
  });

  it('dials a call once more on the same channel, where its tenant wishes so, after the vendor has denied the first', async () => {
    router = new Router(ledger, carriers, clock, { ...LIMITS, redialTenants: ['acme'] }, watch);
    carriers.outcome = () => ({ kind: 'unknown', reason: 'timeout' });
    await place(call('x', { notAfter: clock.now + 3_600_000 }));
    const deny = async (attemptId: string): Promise<void> => {
      const word: ResolveAttempt = { type: 'cc.call.resolve-attempt.v1', id: `${attemptId}/resolve`, callId: 'c1', tenant: 'acme', issuedAt: clock.now, attemptId, resolution: 'not-placed', operator: 'ops', reason: 'asked them' };
      await ledger.transaction((unit) => router.obey(unit, [word]));
      await work();
    };
    await work();
    await deny('c1-1');
    expect(carriers.dialled).toEqual(['c1-1 a', 'c1-2 a']);
    expect(endOf('c1')).toBeUndefined();
    await deny('c1-2');
    expect(carriers.dialled).toHaveLength(2);
    expect(endOf('c1')).toMatchObject({ closeType: 7, endedBy: 'cc' });
  });

  it('answers a call for a busy line at once where the application wishes so, and keeps it else', async () => {
    await place(call('x'), call('x', { whenBusy: 'reject' }), call('x', { whenBusy: 'wait' }), call('y', { whenBusy: 'reject' }));
    await work();
    expect(carriers.dialled).toEqual(['c1-1 a', 'c4-1 a']);
    expect(endOf('c2')).toMatchObject({ closeType: 3, endedBy: 'cc', route: { lineBusy: true } });
    expect(endOf('c3')).toBeUndefined();
    clock.now += 61_000;
    await work();
    expect(endOf('c3')).toMatchObject({ closeType: 255, reason: expect.stringContaining('its line was taken'), route: { channel: 'a', lineBusy: true } });
  });

  it('serves who waits for a line in the order in which they came, whoever comes at the moment when it gets free', async () => {
    await place(call('x'), call('x'), call('x'));
    await work();
    clock.now += 1000;
    await hear('ended', 'c1-1');
    await place(call('x'));
    await work();
    expect(carriers.dialled).toEqual(['c1-1 a', 'c2-1 a']);
    await hear('ended', 'c2-1');
    await place(call('x'));
    // A planner that sees only the one that has come now, since another holds the rest.
    const planned = await router.planner.plan(1);
    expect(planned?.dials.map(({ attempt }) => attempt.attemptId)).toEqual(['c3-1']);
  });

  it('counts what it begins itself against the limits of a channel, and lets the others wait', async () => {
    carriers.facts = [facts('a', { limits: { concurrentCalls: 2 } })];
    await place(call('1'), call('2'), call('3'), call('4'));
    await work();
    expect(carriers.dialled).toHaveLength(2);
    await hear('ended', 'c1-1');
    clock.now += 250;
    await work();
    expect(carriers.dialled).toHaveLength(3);
    carriers.facts = [facts('a', { limits: { callsPerSecond: 1 } }), facts('b', { weight: 0 })];
    clock.now += 1000;
    await work();
    expect(carriers.dialled).toHaveLength(4);
    carriers.facts = [facts('a', { limits: { callsPerCallerPerMinute: 1 } })];
    await place(call('5'));
    await work();
    await hear('ended', 'c5-1');
    await place(call('5'));
    await work();
    expect(endOf('c6')).toMatchObject({ closeType: 6, route: { candidates: [{ excluded: { code: 'caller-limit' } }] } });
  });

  it('takes the channel and the seat of the user\'s binding, as soon as it is known', async () => {
    const seat: CarrierFacts['line'] = { kind: 'seat', names: new Set(['1001', '1002']) };
    carriers.facts = [facts('a'), facts('s', { line: seat })];
    const binding: Binding = { tenant: 'acme', user: 'u', agent: '1002', channel: 's', line: '1001', updatedAt: clock.now };
    await ledger.transaction(async (unit) => {
      await unit.directory.saveBindings([{ kind: 'kept', value: binding }]);
      await unit.directory.saveSessions([{ channel: 's', seat: '1001', state: 'signed-in', sealed: 'SESSION', since: clock.now, at: clock.now }]);
    });
    await place(call('x', { user: 'u' }), call('y'));
    await work();
    expect(carriers.dialled).toEqual(['c1-1 s', 'c2-1 a']);
    expect(ledger.attempts.rows.get('c1-1')).toMatchObject({ seat: '1001', lineRef: 's/1001' });
    await ledger.transaction((unit) => unit.directory.saveSessions([{ channel: 's', seat: '1001', state: 'signed-out', since: clock.now, at: clock.now + 1 }]));
    await place(call('z', { user: 'u' }));
    await work();
    expect(carriers.dialled.at(-1)).toBe('c3-1 a');
  });

  it('ends a call at every stage when it is cancelled', async () => {
    await place(call('x'), call('x'));
    await work();
    const cancel = (callId: string) => place2({ type: 'cc.call.cancel.v1', id: `${callId}/cancel`, callId, tenant: 'acme', issuedAt: clock.now });
    const place2 = (command: Parameters<Router['obey']>[1][number]): Promise<void> => ledger.transaction((unit) => router.obey(unit, [command]));
    await cancel('c2');
    await cancel('c1');
    await work();
    await hangUp();
    expect(endOf('c2')).toMatchObject({ closeType: 255, endedBy: 'application' });
    expect(carriers.hungUp).toEqual(['c1-1']);
    expect(hangUpAnswers()).toMatchObject([{ attemptId: 'c1-1', accepted: true }]);
    await hear('ended', 'c1-1');
    await cancel('c1');
    await hangUp();
    expect(carriers.hungUp).toEqual(['c1-1']);
  });

  it('asks ever more slowly to end a call while it is not certain that the vendor heard it', async () => {
    await place(call('x'));
    await work();
    await ledger.transaction((unit) => router.obey(unit, [{ type: 'cc.call.cancel.v1', id: 'c1/cancel', callId: 'c1', tenant: 'acme', issuedAt: clock.now }]));
    carriers.hangUpOutcome = { kind: 'unknown', reason: 'timeout' };
    const askedBefore = [10_000, 30_000, 600_000].map(() => 0);
    for (const [index, limitMs] of [10_000, 30_000, 600_000].entries()) {
      const until = START + limitMs;
      for (; clock.now < until; clock.now += 500) await hangUp();
      askedBefore[index] = carriers.hungUp.length;
    }
    const [in10s = 0, in30s = 0, in10min = 0] = askedBefore;
    // A pause of at least 1 s and at most 1 s, 2 s, 4 s … 61 s more.
    expect(in10s).toBeLessThanOrEqual(10);
    expect(in30s - in10s).toBeLessThan(20);
    expect(in10min).toBeGreaterThanOrEqual(9);
    expect(in10min).toBeLessThan(120);
    expect(hangUpAnswers()).toEqual([]);
    carriers.hangUpOutcome = { kind: 'refused', reason: 'this channel cannot end a call' };
    clock.now += 61_000;
    await hangUp();
    clock.now += 61_000;
    await hangUp();
    expect(carriers.hungUp).toHaveLength(in10min + 1);
    expect(hangUpAnswers()).toMatchObject([{ attemptId: 'c1-1', accepted: false, reason: 'this channel cannot end a call' }]);
  });

  it('ends a talk that lasts too long where the vendor does not', async () => {
    carriers.facts = [facts('a', { capabilities: { ...capabilities, maxDuration: false } })];
    await place(call('x', { maxDurationSeconds: 20 }));
    await work();
    clock.now += 5000;
    await hear('connected', 'c1-1');
    clock.now += 19_000;
    await hangUp();
    expect(carriers.hungUp).toEqual([]);
    clock.now += 1000;
    await hangUp();
    expect(carriers.hungUp).toEqual(['c1-1']);
  });

  it('stops calling a channel that fails or falls silent, tries it by single calls, and returns', async () => {
    carriers.facts = [facts('a'), facts('b')];
    const bound = { channels: ['a', 'b'] };
    let failing = new Set<string>();
    carriers.outcome = ({ attemptId, channel }) => (failing.has(channel) ? { kind: 'unknown', reason: 'HTTP 500' } : { kind: 'accepted', vendorCallId: attemptId });
    const round = async (count: number, heard: boolean): Promise<string[]> => {
      const before = carriers.dialled.length;
      for (let index = 0; index < count; index += 1) await place(call(`${placed}`, bound));
      await work();
      const dialled = carriers.dialled.slice(before);
      for (const dial of dialled) if (heard && !failing.has(dial.split(' ')[1] ?? '')) await hear('a-ringing', dial.split(' ')[0] ?? '');
      clock.now += 1000;
      await router.health.judge();
      return [...new Set(dialled.map((dial) => dial.split(' ')[1] ?? ''))].sort();
    };
    await router.health.judge();
    expect(await round(20, true)).toEqual(['a', 'b']);
    failing = new Set(['a']);
    await round(20, true);
    expect(watch.states.at(-1)).toBe('a down');
    expect(await round(10, true)).toEqual(['b']);
    failing = new Set();
    clock.now += 30_000;
    await router.health.judge();
    expect(watch.states.at(-1)).toBe('a degraded, recovering');
    const before = carriers.dialled.length;
    expect(await round(10, true)).toEqual(['a', 'b']);
    expect(carriers.dialled.slice(before).filter((dial) => dial.endsWith(' a'))).toHaveLength(1);
    await round(10, true);
    expect(watch.states.at(-1)).toBe('a up');
    for (let second = 0; second < 40 && watch.states.at(-1) !== 'b down'; second += 1) await round(2, false);
    expect(watch.states.slice(-2).sort()).toEqual(['a down', 'b down']);
    expect(ledger.healths.at(-1)).toMatchObject({ state: 'down', reason: expect.stringContaining('silent'), evidence: { silentCalls: expect.any(Number) } });
    expect(await round(1, false)).toEqual([]);
    expect(endOf(`c${placed}`)).toMatchObject({ closeType: 6, reason: expect.stringContaining('it is down') });
  });

  it('announces a channel that was drained before it was ever judged as draining, and forgets one that has left the file after 15 s', async () => {
    carriers.facts = [facts('a'), facts('b')];
    await ledger.transaction(({ channels }) => channels.saveOverrides([{ channel: 'b', override: 'drain', operator: 'ops', reason: 'maintenance', at: START }]));
    await router.health.judge();
    expect(ledger.healths.map(({ channel, state }) => `${channel} ${state}`)).toEqual(['a up', 'b draining']);
    carriers.facts = [facts('a')];
    const known = async (): Promise<string[]> => (await ledger.transaction(({ channels }) => channels.rows())).map(({ channel }) => channel).sort();
    clock.now += 15_000;
    await router.health.judge();
    expect(await known()).toEqual(['a', 'b']);
    clock.now += 1;
    await router.health.judge();
    expect(await known()).toEqual(['a']);
  });

  it('does not hold its own crash against a channel', async () => {
    await router.health.judge();
    await place(call('1'), call('2'), call('3'), call('4'));
    expect((await router.planner.plan(5))?.dials).toHaveLength(4);
    clock.now += 46_000;
    await router.dialling.giveUpLost(10);
    await router.health.judge();
    expect(ledger.attempts.values().map(({ state }) => state)).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
    expect(ledger.healths.at(-1)).toMatchObject({ state: 'up', announcedAt: clock.now });
  });

  it('asks about a call that was accepted and never heard of, and not about one that the vendor tells of', async () => {
    await place(call('x'), call('y'));
    await work();
    await hear('a-ringing', 'c2-1');
    clock.now += 31_000;
    for (const due of await router.followUp.due()) await router.followUp.lookAfter(due);
    expect(carriers.asked).toEqual(['c1-1']);
    clock.now += 31_000;
    for (const due of await router.followUp.due()) await router.followUp.lookAfter(due);
    expect(carriers.asked).toEqual(['c1-1', 'c1-1']);
  });

  it('simulates a route without doing anything', async () => {
    await place(call('x'));
    await work();
    const { type: _type, notAfter: _notAfter, ...wish } = call('x');
    await ledger.transaction((unit) => router.obey(unit, [{ ...wish, type: 'cc.call.simulate-route.v1' }]));
    expect(ledger.simulations).toMatchObject([{ simulationId: 'c2', route: { channel: 'a', lineBusy: true } }]);
    expect(ledger.calls.rows.has('c2')).toBe(false);
  });
});
