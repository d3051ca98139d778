import { CallEvent, type Capabilities } from '@cc/contracts';
import { attemptIdOf, closedUndialled, reapedEvent, settle, startedEvent, watchOf, type Attempt, type AttemptState, type DialResult, isGivenUp } from '../src/domain/attempt';
import { RecentSuccess } from '../src/domain/recent-success';
import { chooseChannel, type Candidate } from '../src/domain/choose-channel';

const capabilities: Capabilities = { cancel: true, query: true, recording: true, displayNumbers: true, maxDuration: true, ivrText: false, probe: false, followUp: 'callbacks' };
const candidate = (channel: string, told: Partial<Candidate> = {}): Candidate => ({ channel, enabled: true, weight: 1, score: 1, capabilities, ...told });

describe('the choice of a channel', () => {
  const call = { tenant: 'acme', record: false };
  const cases: readonly (readonly [string, Parameters<typeof chooseChannel>[0], readonly Candidate[], string | undefined, readonly (string | undefined)[]])[] = [
    ['none without channels', call, [], undefined, []],
    ['the best score first', call, [candidate('a', { score: 0.5, weight: 9 }), candidate('b', { score: 0.9 })], 'b', [undefined, undefined]],
    ['of equal scores the heavier', call, [candidate('a', { weight: 1 }), candidate('b', { weight: 2 })], 'b', [undefined, undefined]],
    ['of equals the first by name', call, [candidate('b'), candidate('a')], 'a', [undefined, undefined]],
    ['the named one, however bad', { ...call, channel: 'b' }, [candidate('a'), candidate('b', { score: 0, weight: 0 })], 'b', ['another channel is named', undefined]],
    ['none when the named one is not there', { ...call, channel: 'c' }, [candidate('a')], undefined, ['another channel is named']],
    ['none when the named one is not enabled', { ...call, channel: 'a' }, [candidate('a', { enabled: false })], undefined, ['not enabled']],
    ['not one of weight 0 unless it is named', call, [candidate('a', { weight: 0 })], undefined, ['taken only by name']],
    ['not one of other tenants, even when named', { ...call, channel: 'a' }, [candidate('a', { tenants: ['other'] })], undefined, ['not for this tenant']],
    ['one of the own tenant', call, [candidate('a', { tenants: ['other', 'acme'] })], 'a', [undefined]],
    ['only one that can record what must be recorded', { ...call, record: true }, [candidate('a', { capabilities: { ...capabilities, recording: false } }), candidate('b', { score: 0.1 })], 'b', ['cannot record', undefined]],
    ['only one that can limit a duration that is given', { ...call, maxDurationSeconds: 60 }, [candidate('a', { capabilities: { ...capabilities, maxDuration: false } }), candidate('b', { score: 0.1, capabilities: { ...capabilities, maxDuration: true } })], 'b', ['cannot limit the duration', undefined]],
  ];
  it.each(cases)('%s', (_name, command, candidates, channel, excluded) => {
    const route = chooseChannel(command, candidates);
    expect(route.channel).toBe(channel);
    expect(route.considered).toEqual(candidates.map((one, index) => ({ channel: one.channel, ...(excluded[index] === undefined ? {} : { excluded: excluded[index] }) })));
    expect(chooseChannel(command, [...candidates].reverse()).channel).toBe(channel);
  });
});

describe('an attempt', () => {
  const attempt: Attempt = { attemptId: attemptIdOf('call-1', 1), callId: 'call-1', tenant: 'acme', number: 1, channel: 'e9-main', vendor: 'e9' };
  const about = { callId: 'call-1', tenant: 'acme', attemptId: 'call-1-1', channel: 'e9-main', occurredAt: 5000, recordedAt: 5000, source: 'router' };

  const outcomes: readonly (readonly [DialResult, AttemptState, readonly object[]])[] = [
    [{ kind: 'accepted', vendorCallId: 'v-1' }, 'accepted', [{ type: 'cc.call.attempt-accepted.v1', id: 'call-1-1/accepted', ...about, vendorCallId: 'v-1' }]],
    [{ kind: 'unknown', reason: 'reset' }, 'unknown', [{ type: 'cc.call.attempt-unknown.v1', id: 'call-1-1/unknown', ...about, reason: 'reset' }]],
    [{ kind: 'rejected', vendorCode: '31', reason: 'no balance' }, 'refused', [
      { type: 'cc.call.attempt-refused.v1', id: 'call-1-1/refused', ...about, class: 'rejected', vendorCode: '31', reason: 'no balance' },
      { type: 'cc.call.ended.v1', id: 'call-1-1/ended', ...about, closeType: 6, endedBy: 'vendor', vendorCode: '31', reason: 'no balance' },
    ]],
    [{ kind: 'not-sent', reason: 'refused connection' }, 'refused', [
      { type: 'cc.call.attempt-refused.v1', id: 'call-1-1/refused', ...about, class: 'not-sent', reason: 'refused connection' },
      { type: 'cc.call.ended.v1', id: 'call-1-1/ended', ...about, closeType: 7, endedBy: 'cc', reason: 'refused connection' },
    ]],
    [{ kind: 'unfit', reason: 'a number abroad' }, 'refused', [
      { type: 'cc.call.attempt-refused.v1', id: 'call-1-1/refused', ...about, class: 'not-sent', reason: 'a number abroad' },
      { type: 'cc.call.ended.v1', id: 'call-1-1/ended', ...about, closeType: 6, endedBy: 'cc', reason: 'a number abroad' },
    ]],
  ];
  it.each(outcomes)('that led to %p', (result, state, events) => {
    const settled = settle(attempt, result, 5000);
    expect(settled).toEqual({ state, events });
    expect(settled.events.map((event) => CallEvent.parse(event))).toEqual(events);
  });

  it('in doubt ends nothing: only what is certainly not placed may end the call', () => {
    expect(settle(attempt, { kind: 'unknown', reason: 'reset' }, 5000).events.map(({ type }) => type)).not.toContain('cc.call.ended.v1');
  });

  it('is looked after: in doubt after the time to ring, accepted until the longest that its call may last', () => {
    const limits = { setupSeconds: 10, querySeconds: 20, callSeconds: 100 };
    for (const state of ['sending', 'unknown'] as const) expect(watchOf(state, 900, 5000, limits)).toEqual({ lookAt: 15_000, reapAt: 15_000 });
    expect(watchOf('accepted', 0, 5000, limits)).toEqual({ lookAt: 25_000, reapAt: 105_000 });
    expect(watchOf('accepted', 900, 5000, limits)).toEqual({ lookAt: 25_000, reapAt: 905_000 });
  });

  it('begins and ends with events that the contract knows', () => {
    expect(CallEvent.parse(startedEvent(attempt, true, 5000))).toEqual({ type: 'cc.call.attempt-started.v1', id: 'call-1-1/started', ...about, vendor: 'e9', attemptNumber: 1, recordRequested: true });
    expect(CallEvent.parse(reapedEvent(attempt, 5000))).toMatchObject({ id: 'call-1-1/reaped', attemptId: 'call-1-1', source: 'reaper', closeType: 255, endedBy: 'cc' });
    const { attemptId: _attemptId, channel: _channel, ...call } = about;
    expect(CallEvent.parse(closedUndialled(attempt, 255, 'application', 'cancelled', 5000))).toEqual({ type: 'cc.call.ended.v1', id: 'call-1/ended', ...call, closeType: 255, endedBy: 'application', reason: 'cancelled' });
  });
});

describe('the recent success of a channel', () => {
  it('falls with a failed dial, so that an equal channel goes first, and comes back by itself', () => {
    const success = new RecentSuccess();
    success.note('a', false, 0);
    expect([success.of('a', 0), success.of('b', 0)]).toEqual([0.9, 1]);
    expect([60_000, 120_000].map((nowMs) => success.of('a', nowMs))).toEqual([1, 1]);
  });
  it('is low after many failures, and rises with each accepted dial', () => {
    const success = new RecentSuccess();
    for (let dial = 0; dial < 30; dial += 1) success.note('a', false, 0);
    expect([success.of('a', 0), success.of('a', 60_000)]).toEqual([0, 0.5]);
    for (let dial = 0; dial < 10; dial += 1) success.note('a', true, 0);
    expect(success.of('a', 0)).toBe(0.7);
  });
});

describe('a call without a known end', () => {
  const call = { queried: false, reapAt: 1000, canBeAsked: true, answered: false };
  it.each<[string, Partial<typeof call>, number, boolean]>([
    ['is followed until its last limit', { queried: true, canBeAsked: false }, 999, false],
    ['is given up there when the vendor cannot be asked', { canBeAsked: false }, 1000, true],
    ['is given up there when the vendor has answered before', { queried: true }, 1000, true],
    ['is kept for the effect of an answer that came just now', { answered: true }, 1000, false],
    ['is kept while the vendor gives no answer', {}, 1999, false],
    ['is given up when the vendor was asked often enough in vain', {}, 2000, true],
  ])('%s', (_name, more, nowMs, expected) => {
    expect(isGivenUp({ ...call, ...more }, nowMs, 100)).toBe(expected);
  });
});
