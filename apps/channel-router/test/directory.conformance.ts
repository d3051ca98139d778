import type { Binding, ChannelOverride, SeatSession } from '@cc/contracts';
import { initialCondition } from '../src/domain/health';
import type { ChannelUpdate, DialEvidence, NewAttempt, Settlement } from '../src/domain/ledger';
import { accepted, attemptFor, type Desk, inDoubt, NOW, refused } from './ledger-desk';

export const binding = (more: Partial<Binding> = {}): Binding => ({ tenant: 'acme', user: 'ann', agent: '20011', updatedAt: NOW, ...more });
export const session = (more: Partial<SeatSession> = {}): SeatSession => ({ channel: 'jy', seat: '20011', state: 'signed-in', sealed: 'c2Vzc2lvbg==', since: NOW, at: NOW, ...more });

export function directoryCases(desk: () => Desk): void {
  const bind = (...bindings: readonly Binding[]): Promise<void> => desk().in(({ directory }) => directory.saveBindings(bindings.map((value) => ({ kind: 'kept', value }))));
  const ann = async (): Promise<Binding | undefined> => (await desk().survey({ users: [{ tenant: 'acme', user: 'ann' }] })).bindings.get('acme/ann');

  it('knows the bindings of those who call, by tenant and user', async () => {
    await bind(binding({ channel: 'jy', line: '1' }), binding({ user: 'bob', agent: 'b' }), binding({ tenant: 'other', agent: 'o' }));
    const users = [{ tenant: 'acme', user: 'ann' }, { tenant: 'other', user: 'ann' }, { tenant: 'other', user: 'bob' }, { tenant: 'acme', user: 'ann' }];
    const { bindings } = await desk().survey({ users });
    expect([...bindings.keys()].sort()).toEqual(['acme/ann', 'other/ann']);
    expect(bindings.get('acme/ann')).toEqual(binding({ channel: 'jy', line: '1' }));
    expect((await desk().survey({})).bindings.size).toBe(0);
  });

  it('replaces a binding by the next word of the log, whatever the clocks of its writers say, and forgets it at a tombstone', async () => {
    await bind(binding({ agent: '2', updatedAt: NOW + 2 }));
    await bind(binding({ agent: '1', updatedAt: NOW + 1 }));
    expect((await ann())?.agent).toBe('1');
    await bind(binding({ agent: '3', updatedAt: NOW + 3 }), binding({ agent: '0', updatedAt: NOW }));
    expect((await ann())?.agent).toBe('0');
    await desk().in(({ directory }) => directory.saveBindings([{ kind: 'forgotten', key: 'acme/bob' }]));
    expect(await ann()).toBeDefined();
    await desk().in(({ directory }) => directory.saveBindings([{ kind: 'forgotten', key: 'acme/ann' }, { kind: 'forgotten', key: 'acme/nobody' }]));
    expect(await ann()).toBeUndefined();
  });

  it('knows the sessions of seats that calls or bindings name', async () => {
    await bind(binding({ agent: 'from binding', line: 'from line' }));
    const seats = ['from binding', 'from line', 'from call', 'signed out'];
    await desk().in(({ directory }) => directory.saveSessions([...seats.map((seat) => session({ seat })), session({ seat: 'signed out', state: 'signed-out', at: NOW + 1 })]));
    const { sessions } = await desk().survey({ users: [{ tenant: 'acme', user: 'ann' }], agents: ['from call', 'signed out', 'nobody'] });
    expect([...sessions.keys()].sort()).toEqual(['jy/from binding', 'jy/from call', 'jy/from line']);
    expect(sessions.get('jy/from call')).toBe('c2Vzc2lvbg==');
  });

  it('replaces a session by the next word of the log, within one batch as well', async () => {
    const save = (...sessions: readonly SeatSession[]): Promise<void> => desk().in(({ directory }) => directory.saveSessions(sessions));
    const sealed = (): Promise<string | undefined> => desk().ledger.sessionOf('jy', '20011');
    expect(await sealed()).toBeUndefined();
    await save(session({ sealed: 'two', at: NOW + 2 }), session({ sealed: 'one', at: NOW + 1 }));
    expect(await sealed()).toBe('one');
    await save(session({ state: 'signed-out', at: NOW }));
    expect(await sealed()).toBeUndefined();
    await save(session({ sealed: 'three', at: NOW + 4 }), session({ channel: 'another', sealed: 'x', at: NOW + 9 }));
    expect(await sealed()).toBe('three');
    await save();
  });

  it('tells what was tried for a call, in order', async () => {
    const { callId, attemptId } = await desk().inState('refused', { channel: 'a' });
    await desk().in(({ queue }) => queue.requeue([callId], NOW));
    const second = attemptFor(callId, { number: 2, channel: 'b', vendor: 'hw' });
    await desk().begin(second);
    await desk().settle(second.attemptId, refused({ kind: 'withheld', outcome: 'neutral', vendorCode: undefined, reason: 'paused' }));
    await desk().in(({ queue }) => queue.requeue([callId], NOW));
    await desk().begin(attemptFor(callId, { number: 3, channel: 'c' }));
    const doubtful = await desk().inState('not-placed');
    const { refusals } = await desk().survey({ callIds: [callId, doubtful.callId] });
    expect(refusals.get(callId)).toEqual([
      { attemptId, callId, tenant: 'acme', number: 1, channel: 'a', vendor: 'e9', kind: 'rejected', vendorCode: '31', reason: 'no balance' },
      { attemptId: second.attemptId, callId, tenant: 'acme', number: 2, channel: 'b', vendor: 'hw', kind: 'withheld', vendorCode: undefined, reason: 'paused' },
    ]);
    expect(refusals.get(doubtful.callId)).toMatchObject([{ kind: 'not-placed', number: 1 }]);
    expect((await desk().survey({ callIds: ['call-none'] })).refusals.size).toBe(0);
  });

  it('counts the dials for a leg A in the last minute and the last 24 hours, by channel', async () => {
    for (const age of [0, 59_999, 60_000, 86_399_999, 86_400_000]) await desk().inState('refused', { callerRef: 'x', sentAt: NOW - age });
    await desk().live({ callerRef: 'x', channel: 'another' });
    await desk().live({ callerRef: 'y' });
    const { callerDials } = await desk().survey({ callerRefs: ['x', 'z'] });
    expect([...callerDials].sort()).toEqual([['another/x', { minute: 1, day: 1 }], ['e9-main/x', { minute: 2, day: 4 }]]);
  });

  it('tells how the channels stand', async () => {
    const condition = { ...initialCondition(NOW), state: 'degraded' as const, recovering: true };
    await desk().save(update({ condition, score: 0.76 }), update({ channel: 'quiet' }));
    await desk().in(({ channels }) => channels.saveOverrides([override({ channel: 'quiet' })]));
    await desk().live({ sentAt: NOW - 999 });
    await desk().live({ sentAt: NOW - 1000 });
    await desk().inState('refused', { sentAt: NOW });
    // A trial of an earlier recovery, of which nothing was ever heard, must not keep the channel from the next.
    await desk().live({ trial: true, sentAt: NOW - 5000 });
    expect((await desk().survey({})).channels.get('e9-main')?.trialPending).toBe(false);
    const trial = await desk().live({ trial: true, sentAt: NOW });
    const { channels } = await desk().survey({});
    expect(channels.get('e9-main')).toEqual({ condition, drained: false, score: 0.76, liveCalls: 4, sentLastSecond: 3, trialPending: true });
    expect(channels.get('quiet')).toEqual({ condition: initialCondition(NOW), drained: true, score: 1, liveCalls: 0, sentLastSecond: 0, trialPending: false });
    expect([...channels.keys()].sort()).toEqual(['e9-main', 'quiet']);
    expect((await desk().survey({ channels: ['new'] })).channels.get('new')).toEqual({ condition: undefined, drained: false, score: 1, liveCalls: 0, sentLastSecond: 0, trialPending: false });
    await desk().hear('placed', trial.attemptId);
    expect((await desk().survey({})).channels.get('e9-main')?.trialPending).toBe(false);
  });
}

export const update = (more: Partial<ChannelUpdate> = {}): ChannelUpdate => ({ channel: 'e9-main', condition: initialCondition(NOW), score: 1, announced: 'digest', announcedAt: NOW, seenAt: NOW, ...more });
export const override = (more: Partial<ChannelOverride> = {}): ChannelOverride => ({ channel: 'e9-main', override: 'drain', operator: 'ops', reason: 'maintenance', at: NOW, ...more });

export function channelCases(desk: () => Desk): void {
  const rows = () => desk().in(async ({ channels }) => [...(await channels.rows())].sort((a, b) => (a.channel < b.channel ? -1 : 1)));

  it('keeps what was saved of a channel, beside what operators, probes and calls say', async () => {
    const condition = { state: 'down' as const, since: NOW, reason: '3 dials in a row failed', recovering: false, coolUntil: NOW + 30_000, relapses: 2 };
    await desk().save(update(), update({ channel: 'b' }));
    await desk().save(update({ condition, score: 0.25, announced: 'later', announcedAt: NOW + 1, seenAt: NOW + 2 }));
    await desk().in(({ channels }) => channels.saveOverrides([override()]));
    await desk().ledger.takeProbes([{ channel: 'e9-main', everyMs: 1000 }], NOW);
    await desk().ledger.probed('e9-main', false);
    await desk().inState('unknown');
    await desk().inState('ended');
    expect(await rows()).toEqual([
      { channel: 'b', condition: initialCondition(NOW), score: 1, probeFailures: 0, liveCalls: 0, announced: 'digest', announcedAt: NOW, seenAt: NOW },
      { channel: 'e9-main', condition, score: 0.25, probeFailures: 1, liveCalls: 1, announced: 'later', announcedAt: NOW + 1, seenAt: NOW + 2 },
    ]);
  });

  it('forgets a channel, and not what the operator said of it', async () => {
    await desk().save(update(), update({ channel: 'b' }));
    await desk().in(({ channels }) => channels.saveOverrides([override()]));
    await desk().in(({ channels }) => channels.forget([]));
    await desk().in(({ channels }) => channels.forget(['e9-main', 'never there']));
    expect((await rows()).map(({ channel }) => channel)).toEqual(['b']);
    await desk().save(update());
    expect([...(await desk().in(({ channels }) => channels.overrides()))]).toEqual([['e9-main', override()]]);
  });

  it('replaces an override by the next word of the log', async () => {
    const drained = async (): Promise<boolean | undefined> => (await desk().survey({})).channels.get('e9-main')?.drained;
    await desk().save(update());
    expect(await drained()).toBe(false);
    await desk().in(({ channels }) => channels.saveOverrides([override({ override: 'none', at: NOW + 2 }), override({ at: NOW + 1 })]));
    expect(await drained()).toBe(true);
    await desk().in(({ channels }) => channels.saveOverrides([override({ override: 'none', at: NOW })]));
    expect(await drained()).toBe(false);
  });
}

const nothing: DialEvidence = { dials: 0, failures: 0, failuresInARow: 0, silentCalls: 0, trialsPassed: 0, trialsFailed: 0, well: 0 };

export function evidenceCases(desk: () => Desk): void {
  it('is nothing of a channel without dials', async () => {
    expect(await desk().evidence()).toEqual(nothing);
  });

  it('counts outcomes of dials that left in the window, neutral ones and those without an outcome not', async () => {
    const dial = async (settlement: Settlement, sentAt = NOW): Promise<void> => void (await desk().settle((await desk().live({ sentAt })).attemptId, settlement));
    await dial(accepted({ at: NOW + 1 }));
    await dial(refused({ at: NOW + 2 }));
    await dial(inDoubt({ at: NOW + 3 }));
    await dial(refused({ at: NOW + 4, outcome: 'neutral' }));
    await dial(refused({ at: NOW + 5 }), NOW - 30_000);
    await dial(refused({ at: NOW + 6 }), NOW - 30_001);
    await desk().live();
    expect(await desk().evidence({ heardByMs: NOW })).toEqual({ ...nothing, dials: 4, failures: 3, well: 1, failuresInARow: 3 });
    await dial(accepted({ at: NOW + 10 }));
    await dial(refused({ at: NOW + 11 }));
    expect(await desk().evidence({ heardByMs: NOW })).toMatchObject({ dials: 6, failures: 4, well: 2, failuresInARow: 1 });
  });

  it('keeps counting a dial as it counted first', async () => {
    const { attemptId } = await desk().inState('unknown');
    await desk().settle(attemptId, accepted());
    expect(await desk().evidence({ heardByMs: NOW })).toMatchObject({ dials: 1, failures: 1, well: 0 });
  });

  it('counts accepted calls that should have been heard of, since the last one that was', async () => {
    const silent = async (at: number): Promise<string> => {
      const { attemptId } = await desk().live();
      await desk().settle(attemptId, accepted({ at }));
      return attemptId;
    };
    const first = await silent(NOW + 1000);
    await silent(NOW + 2000);
    await silent(NOW + 3000);
    expect(await desk().evidence({ heardByMs: NOW + 2000 })).toMatchObject({ silentCalls: 2 });
    await desk().hear('placed', first, undefined, NOW + 2500);
    expect(await desk().evidence({ heardByMs: NOW + 9000 })).toMatchObject({ silentCalls: 1 });
    const over = await silent(NOW + 4000);
    // That it ended was found out without the vendor's own word: it is unheard of nevertheless.
    await desk().resolve(over, 'ended');
    expect(await desk().evidence({ heardByMs: NOW + 9000 })).toMatchObject({ silentCalls: 2 });
    expect(await desk().evidence({ channel: 'quiet', heardByMs: NOW + 9000 })).toEqual(nothing);
  });

  it('counts trial calls: passed when accepted and heard of, failed when refused or silent for too long', async () => {
    const trial = (sentAt = NOW): Promise<NewAttempt> => desk().live({ trial: true, sentAt });
    const [passes, fails, silent, early] = [await trial(), await trial(), await trial(), await trial(NOW - 1)];
    await desk().settle(passes.attemptId, accepted({ at: NOW + 1 }));
    await desk().settle(early.attemptId, refused());
    const count = async (heardByMs: number): Promise<readonly (number | undefined)[]> => {
      const evidence = await desk().evidence({ sinceMs: NOW, heardByMs });
      return [evidence?.trialsPassed, evidence?.trialsFailed];
    };
    expect(await count(NOW)).toEqual([0, 0]);
    await desk().hear('placed', passes.attemptId);
    expect(await count(NOW)).toEqual([1, 0]);
    await desk().settle(fails.attemptId, inDoubt());
    await desk().settle(silent.attemptId, accepted({ at: NOW + 50 }));
    expect(await count(NOW + 49)).toEqual([1, 1]);
    expect(await count(NOW + 50)).toEqual([1, 2]);
    await desk().hear('ended', silent.attemptId, undefined, NOW + 60);
    expect(await count(NOW + 60)).toEqual([2, 1]);
  });
}

export function probeCases(desk: () => Desk): void {
  const take = (nowMs: number, ...channels: readonly string[]): Promise<readonly string[]> => desk().ledger.takeProbes(channels.map((channel) => ({ channel, everyMs: 1000 })), nowMs);

  it('are taken by one router each time, after their pause', async () => {
    const taken = await Promise.all(Array.from({ length: 8 }, () => take(NOW, 'a', 'b')));
    expect(taken.flat().sort()).toEqual(['a', 'b']);
    expect(await take(NOW + 999, 'a', 'c')).toEqual(['c']);
    expect(await take(NOW + 1000, 'a', 'c')).toEqual(['a']);
  });

  it('are taken also when the clock was set back', async () => {
    await take(NOW, 'a');
    expect(await take(NOW - 60_000, 'a')).toEqual(['a']);
    expect(await take(NOW - 59_001, 'a')).toEqual([]);
  });

  it('that fail are counted in a row', async () => {
    const failures = (): Promise<number[]> => desk().in(async ({ channels }) => (await channels.rows()).map(({ probeFailures }) => probeFailures));
    await desk().save(update());
    await take(NOW, 'e9-main');
    for (const well of [false, false]) await desk().ledger.probed('e9-main', well);
    expect(await failures()).toEqual([2]);
    await desk().ledger.probed('e9-main', true);
    await desk().ledger.probed('e9-main', false);
    expect(await failures()).toEqual([1]);
  });
}
