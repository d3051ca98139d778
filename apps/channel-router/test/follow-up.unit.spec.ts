import { CallEvent, type ResolveAttempt } from '@cc/contracts';
import { SettableClock } from '@cc/testing';
import type { AskResult, DialResult, HangUpResult } from '../src/domain/attempt';
import { Carriers, type CarrierFacts, type ClearNumbers } from '../src/domain/carriers';
import type { AskedKind } from '../src/domain/enquiries';
import { FollowUp, nextStep, type NextStep } from '../src/domain/follow-up';
import type { AttemptRecord } from '../src/domain/attempt-record';
import { accepted, ASK_UNTIL, attemptFor, command, Desk, inDoubt, NOW } from './ledger-desk';
import { MemoryLedger } from './memory-ledger';
import { facts, health } from './scripted-carriers';
import { SilentWatch } from './silent-watch';

const limits = { querySeconds: 900, graceSeconds: 60, redialTenants: [] };
const GIVE_UP = NOW + 90_000;
const HOLD = NOW + 3_600_000;
const attempt = (more: Partial<AttemptRecord> = {}): AttemptRecord => ({
  attemptId: 'call-1-1', callId: 'call-1', tenant: 'acme', number: 1, channel: 'e9-main', vendor: 'e9', state: 'unknown', vendorCallId: undefined, sentAt: NOW, giveUpAt: GIVE_UP, holdUntil: HOLD, askUntil: ASK_UNTIL, endHeardAt: undefined, answered: false, hangUpTries: 0, notFoundSince: undefined, heard: true,
  callOpen: true, command: undefined, ...more,
});
const told: AskResult = { kind: 'told' };
const notFound: AskResult = { kind: 'not-found' };
const noAnswer: AskResult = { kind: 'no-answer', reason: 'timeout' };
const cannotBeAsked = undefined;

const again = (atMs: number, notFoundSince?: number): NextStep => ({ kind: 'look-again', atMs, ...(notFoundSince === undefined ? {} : { notFoundSince }) });
const placed: Partial<AttemptRecord> = { state: 'accepted', giveUpAt: HOLD, vendorCallId: 'v-1' };

const steps: readonly (readonly [string, Partial<AttemptRecord>, AskResult | undefined, number, NextStep])[] = [
  ['in doubt, not found for the first time: it is asked again 30 s later', {}, notFound, GIVE_UP + 5, again(GIVE_UP + 30_005, GIVE_UP + 5)],
  ['in doubt, not found again too soon', { notFoundSince: GIVE_UP }, notFound, GIVE_UP + 29_999, again(GIVE_UP + 30_000, GIVE_UP)],
  ['in doubt, not found again 30 s later: nobody rang', { notFoundSince: GIVE_UP }, notFound, GIVE_UP + 30_000, { kind: 'not-placed' }],
  ['in doubt, not found before its limit as well', { notFoundSince: NOW }, notFound, NOW + 30_000, { kind: 'not-placed' }],
  ['in doubt, not found again when the line would be free anyway', { notFoundSince: NOW }, notFound, HOLD + 1, { kind: 'not-placed' }],
  ['in doubt, before its limit', {}, noAnswer, GIVE_UP - 1, again(GIVE_UP - 1 + 900_000)],
  ['in doubt, it cannot be asked: the call is closed at its limit, the line stays', {}, cannotBeAsked, GIVE_UP, { kind: 'close-call', lookAgainAtMs: GIVE_UP + 900_000 }],
  ['in doubt, it cannot be asked, and its line is held for a short time more', { holdUntil: GIVE_UP + 1000 }, cannotBeAsked, GIVE_UP, { kind: 'close-call', lookAgainAtMs: GIVE_UP + 1000 }],
  ['in doubt, its call closed before: the line stays', { callOpen: false }, cannotBeAsked, GIVE_UP + 1, again(GIVE_UP + 900_001)],
  ['in doubt, its call closed before, until the end of the hold', { callOpen: false }, cannotBeAsked, HOLD - 1, again(HOLD)],
  ['in doubt, and it cannot last any longer', { callOpen: false }, cannotBeAsked, HOLD, { kind: 'abandon' }],
  ['in doubt, and it cannot last any longer, its call open still', {}, cannotBeAsked, HOLD, { kind: 'abandon' }],
  ['in doubt, the vendor has just told something: that must have its effect first', {}, told, GIVE_UP, again(GIVE_UP + 60_000)],
  ['in doubt, the vendor has told before, and it had no effect', { answered: true }, told, GIVE_UP, { kind: 'close-call', lookAgainAtMs: GIVE_UP + 900_000 }],
  ['in doubt, no answer: it is asked some times more', {}, noAnswer, GIVE_UP + 599_999, again(GIVE_UP + 659_999)],
  ['in doubt, no answer ever', {}, noAnswer, GIVE_UP + 600_000, { kind: 'close-call', lookAgainAtMs: GIVE_UP + 1_500_000 }],
  ['in doubt, no answer past the hold, not often enough', { giveUpAt: HOLD }, noAnswer, HOLD, again(HOLD + 60_000)],
  ['accepted, before its limit, whatever the vendor says', placed, told, HOLD - 1, again(HOLD - 1 + 900_000)],
  ['accepted, not found is no proof', placed, notFound, HOLD - 1, again(HOLD - 1 + 900_000)],
  ['accepted, not found twice is no proof either', { ...placed, notFoundSince: NOW }, notFound, HOLD - 1, again(HOLD - 1 + 900_000)],
  ['accepted, past its limit, told just now', placed, told, HOLD, again(HOLD + 60_000)],
  ['accepted, past its limit, told before', { ...placed, answered: true }, told, HOLD, { kind: 'abandon' }],
  ['accepted, past its limit, it cannot be asked', placed, cannotBeAsked, HOLD, { kind: 'abandon' }],
  ['accepted, past its limit, no answer yet', placed, noAnswer, HOLD + 599_999, again(HOLD + 659_999)],
  ['accepted, past its limit, no answer ever', placed, noAnswer, HOLD + 600_000, { kind: 'abandon' }],
  ['accepted, past its limit, not found again and again', placed, notFound, HOLD + 600_000, { kind: 'abandon' }],
];

it.each(steps)('%s', (_name, more, answer, nowMs, expected) => {
  expect(nextStep(attempt(more), answer, limits, nowMs)).toEqual(expected);
});

/** A vendor that answers as it is told to. */
class AskedCarriers extends Carriers {
  readonly asked: string[] = [];
  answer: AskResult = noAnswer;
  constructor(private readonly asking: Pick<CarrierFacts, 'canQuery' | 'findsByAttempt' | 'queriesPerMinute'> | 'gone') {
    super();
  }
  override all(): readonly CarrierFacts[] {
    return [];
  }
  override find(channel: string): CarrierFacts | undefined {
    if (this.asking === 'gone') return undefined;
    return facts(channel, { vendor: 'e9', health: { ...health, silenceSeconds: 20 }, longestCallSeconds: 60, account: 'the account', ...this.asking });
  }
  override numbersOf(): ClearNumbers | undefined {
    return undefined;
  }
  override lineRefOf(): string {
    return '';
  }
  override callerRefOf(): string {
    return '';
  }
  override dial(): Promise<DialResult> {
    return Promise.reject(new Error('nothing is dialled here'));
  }
  override hangUp(): Promise<HangUpResult> {
    return Promise.reject(new Error('nothing is hung up here'));
  }
  override ask({ attemptId }: AttemptRecord): Promise<AskResult> {
    this.asked.push(attemptId);
    return Promise.resolve(this.answer);
  }
  override probe(): Promise<{ readonly well: boolean }> {
    return Promise.resolve({ well: true });
  }
}

class NotingWatch extends SilentWatch {
  readonly notes: string[] = [];

  override reaped(_attempt: AttemptRecord, lineKept: boolean): void {
    this.notes.push(lineKept ? 'reaped, line kept' : 'reaped');
  }
  override asked(_attempt: AttemptRecord, kind: AskedKind, answer: AskResult): void {
    if (kind === 'repair') this.notes.push(`asked about a repair: ${answer.kind}`);
  }
  override resolved(_attempt: AttemptRecord, by: 'query' | 'operator'): void {
    this.notes.push(`resolved by ${by}`);
  }
}

const whole = { canQuery: true, findsByAttempt: true, queriesPerMinute: 60 };

function office(facts: ConstructorParameters<typeof AskedCarriers>[0] = whole, redialTenants: readonly string[] = []) {
  const ledger = new MemoryLedger();
  const carriers = new AskedCarriers(facts);
  const clock = new SettableClock(GIVE_UP + 10);
  const watch = new NotingWatch();
  const followUp = new FollowUp(ledger, carriers, clock, { ...limits, redialTenants }, watch);
  const told = (): object[] => ledger.events.map((event) => {
    expect(CallEvent.parse(event)).toEqual(event);
    return { type: event.type, source: event.source, ...('reason' in event ? { reason: event.reason } : {}) };
  });
  const advance = async (ms: number): Promise<boolean> => {
    clock.now += ms;
    const looked = await Promise.all((await followUp.due()).map((due) => followUp.lookAfter(due)));
    return looked.some(Boolean);
  };
  return { ledger, carriers, clock, watch, followUp, told, advance, desk: new Desk(ledger) };
}

describe('looking after attempts', () => {
  it('settles one in doubt that the vendor twice knows nothing of: its line is free, its call ends as 255', async () => {
    const { carriers, watch, told: toldOf, advance, desk } = office();
    const { attemptId, lineRef } = await desk.inState('unknown');
    carriers.answer = notFound;
    expect(await advance(0)).toBe(true);
    expect([carriers.asked.length, await desk.found(attemptId), toldOf()]).toMatchObject([1, { state: 'unknown', notFoundSince: GIVE_UP + 10 }, []]);
    expect(await advance(29_999)).toBe(false);
    await advance(1);
    expect(await desk.found(attemptId)).toMatchObject({ state: 'not-placed', callOpen: false, command: undefined });
    expect((await desk.lines(lineRef)).busy.size).toBe(0);
    const reason = 'the vendor, asked twice, knows of no such call';
    expect(toldOf()).toEqual([{ type: 'cc.call.attempt-resolved.v1', source: 'router', reason }, { type: 'cc.call.ended.v1', source: 'reaper', reason }]);
    expect(watch.notes).toEqual(['resolved by query']);
  });

  it.each<[string, readonly string[], number, string]>([
    ['is dialled once more for a tenant who wants that', ['acme'], NOW + 200_000, 'queued'],
    ['is not dialled again after its notAfter', ['acme'], NOW + 60_000, 'closed'],
    ['is not dialled again for others', ['other'], NOW + 200_000, 'closed'],
  ])('a call that certainly was not placed %s', async (_name, tenants, notAfter, state) => {
    const { ledger, carriers, advance, desk, told: toldOf } = office(whole, tenants);
    const call = command({ notAfter });
    await desk.enqueue([call]);
    const begun = attemptFor(call.callId, { holdUntil: HOLD });
    await desk.begin(begun);
    await desk.settle(begun.attemptId, inDoubt());
    carriers.answer = notFound;
    await advance(0);
    await advance(30_000);
    expect(ledger.calls.rows.get(call.callId)?.state).toBe(state);
    expect(toldOf()).toHaveLength(state === 'queued' ? 1 : 2);
  });

  it('closes the call of one in doubt that nobody can be asked about, and keeps the line until it cannot last any longer', async () => {
    const { carriers, watch, clock, told: toldOf, advance, desk } = office({ ...whole, canQuery: false });
    const { attemptId, lineRef, holdUntil } = await desk.inState('unknown');
    await advance(0);
    expect(await desk.found(attemptId)).toMatchObject({ state: 'unknown', callOpen: false, command: {} });
    expect([(await desk.lines(lineRef)).busy.size, toldOf(), watch.notes]).toEqual([1, [{ type: 'cc.call.ended.v1', source: 'reaper', reason: 'in doubt: nobody knows whether the vendor placed the call' }], ['reaped, line kept']]);
    expect(await advance(19_999)).toBe(false);
    expect(await advance(1)).toBe(true);
    expect(toldOf()).toHaveLength(1);
    clock.now = holdUntil;
    await advance(0);
    expect(await desk.found(attemptId)).toMatchObject({ state: 'abandoned', command: undefined });
    expect([(await desk.lines(lineRef)).busy.size, toldOf().length, carriers.asked]).toEqual([0, 2, []]);
    expect(toldOf().at(-1)).toMatchObject({ type: 'cc.call.attempt-resolved.v1' });
    expect(watch.notes).toEqual(['reaped, line kept', 'reaped']);
  });

  it('ends an accepted call whose end nobody tells', async () => {
    const { clock, advance, desk, told: toldOf } = office();
    const { attemptId, holdUntil } = await desk.inState('accepted');
    clock.now = holdUntil + 600_000;
    await advance(0);
    expect(await desk.found(attemptId)).toMatchObject({ state: 'abandoned', callOpen: false });
    expect(toldOf()).toEqual([{ type: 'cc.call.ended.v1', source: 'reaper', reason: 'no end was heard of within the limit, and the vendor gave none' }]);
  });

  it.each<[string, ConstructorParameters<typeof AskedCarriers>[0], string | undefined, boolean]>([
    ['of which it knows the name', { ...whole, findsByAttempt: false }, 'v-1', true],
    ['of which it knows only our name, where it finds that', whole, undefined, true],
    ['not of which it knows no name', { ...whole, findsByAttempt: false }, undefined, false],
    ['not of a channel that is configured no more', 'gone', 'v-1', false],
  ])('asks a vendor about calls %s', async (_name, facts, vendorCallId, asked) => {
    const { carriers, advance, desk } = office(facts);
    const { attemptId } = await desk.live();
    await desk.settle(attemptId, vendorCallId === undefined ? inDoubt() : accepted({ vendorCallId, lookAt: GIVE_UP }));
    await advance(0);
    expect(carriers.asked).toEqual(asked ? [attemptId] : []);
  });

  it('does not spend a question on those that the vendor cannot be asked about, and does not let them wait for one', async () => {
    const { carriers, advance, desk } = office({ ...whole, findsByAttempt: false, queriesPerMinute: 1 });
    const doubts = [await desk.inState('unknown'), await desk.inState('unknown')];
    const { attemptId } = await desk.live();
    await desk.settle(attemptId, accepted({ vendorCallId: 'v-1', lookAt: GIVE_UP }));
    expect([await advance(0), await advance(0)]).toEqual([true, true]);
    expect(carriers.asked).toEqual([attemptId]);
    expect(await Promise.all(doubts.map(async (doubt) => (await desk.found(doubt.attemptId)).callOpen))).toEqual([false, false]);
  });

  it('asks no faster than the vendor may be asked, and remembers that it has told', async () => {
    const { carriers, advance, desk } = office();
    const attempts = [await desk.inState('unknown'), await desk.inState('unknown')];
    carriers.answer = told;
    expect([await advance(0), await advance(1033), await advance(1)]).toEqual([true, false, true]);
    expect([...carriers.asked].sort()).toEqual(attempts.map(({ attemptId }) => attemptId).sort());
    expect((await desk.found(attempts[0]?.attemptId ?? '')).answered).toBe(true);
  });

  it('asks no faster than the account may ask, whichever of its channels the calls are on, and as the most careful of them says', async () => {
    const { carriers, advance, desk } = office();
    carriers.find = (channel: string) => facts(channel, { vendor: 'e9', account: 'one', findsByAttempt: true, queriesPerMinute: channel === 'e9-main' ? 60 : 6 });
    carriers.all = () => ['e9-main', 'e9-second'].flatMap((channel) => carriers.find(channel) ?? []);
    await desk.inState('unknown');
    await desk.inState('unknown', { channel: 'e9-second' });
    expect([await advance(0), await advance(10_333), await advance(1)]).toEqual([true, false, true]);
    expect(new Set(carriers.asked).size).toBe(2);
  });

  it('asks nothing when it stood still after taking its turn, and asks later', async () => {
    const { ledger, carriers, clock, advance, desk } = office();
    const { attemptId } = await desk.inState('unknown');
    const { enquiries } = ledger;
    const take = enquiries.takeNext.bind(enquiries);
    enquiries.takeNext = async (...given) => {
      const taken = await take(...given);
      clock.now += 1001;
      return taken;
    };
    expect(await advance(0)).toBe(true);
    expect(carriers.asked).toEqual([]);
    enquiries.takeNext = take;
    await advance(60_000);
    expect(carriers.asked).toEqual([attemptId]);
  });

  it('asks nobody about a call of which the vendor tells nothing any more', async () => {
    const { carriers, clock, advance, desk, told: toldOf } = office();
    const { attemptId } = await desk.inState('unknown', { askUntil: GIVE_UP + 20 });
    clock.now = GIVE_UP + 20;
    await advance(0);
    expect(carriers.asked).toEqual([]);
    expect(toldOf()).toMatchObject([{ type: 'cc.call.ended.v1', source: 'reaper' }]);
    expect(await desk.found(attemptId)).toMatchObject({ state: 'unknown', callOpen: false });
  });

  it('asks about a call whose end is missed, counted from when it was heard of, and from its connection', async () => {
    const { carriers, clock, advance, desk } = office();
    clock.now = NOW;
    const { attemptId } = await desk.live({ ringWithinSeconds: 100, talkWithinSeconds: 300 });
    await desk.settle(attemptId, accepted({ vendorCallId: 'v-1', lookAt: NOW + 30_000 }));
    await desk.hear('placed', attemptId, undefined, NOW + 5000);
    await advance(104_999);
    expect(carriers.asked).toEqual([]);
    await advance(1);
    expect(carriers.asked).toEqual([attemptId]);
    await desk.hear('connected', attemptId, undefined, clock.now);
    await desk.hear('connected', attemptId, undefined, clock.now + 200_000);
    await advance(299_999);
    expect(carriers.asked).toHaveLength(1);
    await advance(1);
    expect(carriers.asked).toHaveLength(2);
  });

  it('asks about repairs as well, and leaves them to a later comparison', async () => {
    const { ledger, carriers, watch, clock, advance, desk } = office();
    const { attemptId } = await desk.inState('abandoned');
    await ledger.enquiries.reconcile('the account', [{ channel: 'e9-main', finds: 'all' }], { nowMs: clock.now, everyMs: 3_600_000, overByMs: clock.now });
    carriers.answer = told;
    expect([await advance(0), await advance(100_000)]).toEqual([true, false]);
    expect([carriers.asked, watch.notes]).toEqual([[attemptId], ['asked about a repair: told']]);
  });

  it('leaves one alone of which a callback has come while the vendor was asked', async () => {
    const { carriers, watch, clock, advance, desk, told: toldOf } = office();
    const { attemptId } = await desk.inState('unknown');
    clock.now += 900_000;
    carriers.ask = async () => {
      await desk.hear('placed', attemptId, 'v-1', clock.now);
      return noAnswer;
    };
    await advance(0);
    expect(await desk.found(attemptId)).toMatchObject({ state: 'accepted', callOpen: true });
    expect([toldOf(), watch.notes]).toEqual([[], []]);
  });

  it('does not believe that nobody rang, when a callback says otherwise while the vendor is asked', async () => {
    const { ledger, carriers, watch, clock, advance, desk, told: toldOf } = office(whole, ['acme']);
    const { attemptId, callId, lineRef } = await desk.inState('unknown');
    carriers.answer = notFound;
    await advance(0);
    carriers.ask = async () => {
      await desk.hear('placed', attemptId, 'v-1', clock.now);
      return notFound;
    };
    await advance(30_000);
    expect(await desk.found(attemptId)).toMatchObject({ state: 'accepted', callOpen: true });
    expect([(await desk.lines(lineRef)).busy.size, ledger.calls.rows.get(callId)?.state, toldOf(), watch.notes]).toEqual([1, 'live', [], []]);
  });

  it('obeys an operator, once, and only where an attempt is accepted or in doubt', async () => {
    const { ledger, followUp, watch, desk, told: toldOf } = office();
    const attempts = [await desk.inState('unknown'), await desk.inState('accepted'), await desk.inState('sending'), await desk.inState('ended')];
    const words = attempts.map(({ attemptId, callId }, index): ResolveAttempt => ({ type: 'cc.call.resolve-attempt.v1', id: `x${index}`, callId, tenant: 'acme', issuedAt: NOW, attemptId, resolution: index === 0 ? 'not-placed' : 'ended', operator: 'ops', reason: 'asked them' }));
    const unknown = { ...(words[0] ?? command()), type: 'cc.call.resolve-attempt.v1' as const, attemptId: 'call-none-1', resolution: 'ended' as const, operator: 'ops', reason: 'x' };
    for (let round = 0; round < 2; round += 1) await ledger.transaction((unit) => followUp.resolveByOperator(unit, [...words, unknown]));
    expect(await Promise.all(attempts.map(async ({ attemptId }) => (await desk.found(attemptId)).state))).toEqual(['not-placed', 'ended', 'sending', 'ended']);
    expect(watch.notes).toEqual(['resolved by operator', 'resolved by operator']);
    const pair = [{ type: 'cc.call.attempt-resolved.v1', source: 'router', reason: 'asked them' }, { type: 'cc.call.ended.v1', source: 'reaper', reason: 'settled by ops: asked them' }];
    expect(toldOf()).toEqual([...pair, ...pair]);
  });
});
