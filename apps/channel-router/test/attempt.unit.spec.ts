import { CallEvent, callEventSchemas, EventSource, type Route } from '@cc/contracts';
import {
  attemptIdOf, closedUnplaced, endedByRefusal, lateRingEvent, liveStates, outcomeClassOf, reapedEvent, resolvedEvent, settledEvent, startedEvent, stateAfter,
  type Attempt, type DialResult, type OutcomeClass, type Refusal,
} from '../src/domain/attempt';
import type { VendorWord } from '../src/domain/ledger';
import { wordOf } from '../src/domain/vendor-news';

const attempt: Attempt = { attemptId: attemptIdOf('call-1', 1), callId: 'call-1', tenant: 'acme', number: 1, channel: 'e9-main', vendor: 'e9' };
const about = { callId: 'call-1', tenant: 'acme', attemptId: 'call-1-1', channel: 'e9-main', occurredAt: 5000, recordedAt: 5000, source: 'router' };
const route: Route = { basis: 'all', channel: 'e9-main', candidates: [{ channel: 'e9-main', state: 'up', score: 1, weight: 1, liveCalls: 0 }] };

/** An event as the contract reads it: nothing of it is lost on the way. */
function lawful<T extends CallEvent>(event: T): T {
  expect(CallEvent.parse(event)).toEqual(event);
  return event;
}

describe('an attempt', () => {
  const outcomes: readonly (readonly [DialResult, ReturnType<typeof stateAfter>, OutcomeClass, object])[] = [
    [{ kind: 'accepted', vendorCallId: 'v-1' }, 'accepted', 'well', { type: 'cc.call.attempt-accepted.v1', id: 'call-1-1/accepted', vendorCallId: 'v-1' }],
    [{ kind: 'unknown', reason: 'reset' }, 'unknown', 'failure', { type: 'cc.call.attempt-unknown.v1', id: 'call-1-1/unknown', reason: 'reset' }],
    [{ kind: 'rejected', vendorCode: '31', reason: 'no balance', blame: 'channel' }, 'refused', 'failure', { type: 'cc.call.attempt-refused.v1', id: 'call-1-1/refused', class: 'rejected', vendorCode: '31', reason: 'no balance' }],
    [{ kind: 'rejected', vendorCode: '12', reason: 'no such number', blame: 'call' }, 'refused', 'neutral', { type: 'cc.call.attempt-refused.v1', id: 'call-1-1/refused', class: 'rejected', vendorCode: '12', reason: 'no such number' }],
    [{ kind: 'not-sent', reason: 'refused connection' }, 'refused', 'failure', { type: 'cc.call.attempt-refused.v1', id: 'call-1-1/refused', class: 'not-sent', reason: 'refused connection' }],
    [{ kind: 'withheld', reason: 'the router paused' }, 'refused', 'neutral', { type: 'cc.call.attempt-refused.v1', id: 'call-1-1/refused', class: 'not-sent', reason: 'the router paused' }],
    [{ kind: 'unfit', reason: 'a number abroad' }, 'refused', 'neutral', { type: 'cc.call.attempt-refused.v1', id: 'call-1-1/refused', class: 'not-sent', reason: 'a number abroad' }],
  ];
  it.each(outcomes)('that led to %j', (result, state, outcome, event) => {
    expect([stateAfter(result), outcomeClassOf(result)]).toEqual([state, outcome]);
    expect(lawful(settledEvent(attempt, result, 5000))).toEqual({ ...about, ...event });
  });

  it('in doubt or accepted ends nothing, and alone these keep their line', () => {
    expect(outcomes.filter(([, state]) => liveStates.includes(state)).map(([{ kind }]) => kind)).toEqual(['accepted', 'unknown']);
    expect(liveStates).toEqual(['sending', 'accepted', 'unknown']);
  });

  it('begins with its route, and with its seat where it has one', () => {
    const begun = { ...about, type: 'cc.call.attempt-started.v1', id: 'call-1-1/started', vendor: 'e9', attemptNumber: 1, recordRequested: true, route };
    expect(lawful(startedEvent(attempt, true, route, 5000))).toEqual(begun);
    expect(lawful(startedEvent({ ...attempt, seat: '20011' }, true, route, 5000))).toEqual({ ...begun, seat: '20011' });
  });

  it.each<[Refusal['kind'], string | undefined, object]>([
    ['not-sent', undefined, { closeType: 7, endedBy: 'cc' }],
    ['unfit', undefined, { closeType: 6, endedBy: 'cc' }],
    ['withheld', undefined, { closeType: 6, endedBy: 'cc' }],
    ['rejected', '31', { closeType: 6, endedBy: 'vendor', vendorCode: '31' }],
  ])('that was the last to be refused, as %s, ends the call', (kind, vendorCode, expected) => {
    expect(lawful(endedByRefusal({ ...attempt, kind, vendorCode, reason: 'why' }, route, 5000))).toEqual({ ...about, type: 'cc.call.ended.v1', id: 'call-1-1/ended', reason: 'why', route, ...expected });
  });

  it('of which nobody knows more ends as 255, by the reaper', () => {
    expect(lawful(reapedEvent(attempt, 'why', 5000))).toEqual({ ...about, type: 'cc.call.ended.v1', id: 'call-1-1/reaped', source: 'reaper', closeType: 255, endedBy: 'cc', reason: 'why' });
  });

  it('that was in doubt is settled by who says so', () => {
    const byQuery = { resolution: 'not-placed', resolvedBy: 'query', reason: 'asked twice' } as const;
    const byOperator = { resolution: 'ended', resolvedBy: 'operator', operator: 'ops', reason: 'asked them' } as const;
    for (const resolution of [byQuery, byOperator]) expect(lawful(resolvedEvent(attempt, resolution, 5000))).toEqual({ ...about, type: 'cc.call.attempt-resolved.v1', id: 'call-1-1/resolved', ...resolution });
  });

  it('that rang although it counted as not placed is told of', () => {
    expect(lawful(lateRingEvent(attempt, 'connected', 5000))).toEqual({ ...about, type: 'cc.call.late-ring.v1', id: 'call-1-1/late-ring', heard: 'connected' });
  });
});

describe('a call that no vendor was asked to place', () => {
  const { attemptId: _attemptId, channel: _channel, ...ofCall } = about;
  const call = { callId: 'call-1', tenant: 'acme' };
  it('ends without an attempt, with the route where there was one', () => {
    const cancelled = { closeType: 255, endedBy: 'application', reason: 'cancelled' } as const;
    expect(lawful(closedUnplaced(call, cancelled, 5000))).toEqual({ ...ofCall, type: 'cc.call.ended.v1', id: 'call-1/ended', ...cancelled });
    const busy = { closeType: 3, endedBy: 'cc', reason: 'busy', route: { ...route, lineBusy: true } } as const;
    expect(lawful(closedUnplaced(call, busy, 5000))).toEqual({ ...ofCall, type: 'cc.call.ended.v1', id: 'call-1/ended', ...busy });
  });
});

describe('what an event says of an attempt', () => {
  const vendorSays: Readonly<Record<string, VendorWord>> = {
    'cc.call.attempt-accepted.v1': { attemptId: 'call-1-1', vendorCallId: 'v-1', says: 'placed' },
    'cc.call.a-ringing.v1': { attemptId: 'call-1-1', says: 'placed' },
    'cc.call.a-answered.v1': { attemptId: 'call-1-1', says: 'placed' },
    'cc.call.b-ringing.v1': { attemptId: 'call-1-1', says: 'placed' },
    'cc.call.connected.v1': { attemptId: 'call-1-1', says: 'connected' },
    'cc.call.ended.v1': { attemptId: 'call-1-1', says: 'ended' },
    'cc.call.recording-available.v1': { attemptId: 'call-1-1', says: 'recorded' },
  };
  const number = { masked: '****', ref: 'ref', sealed: 'sealed' };
  /** Whatever any type needs; the contract drops the rest. */
  const anything = {
    id: 'x', ...about, vendor: 'e9', attemptNumber: 1, recordRequested: true, vendorCallId: 'v-1', class: 'rejected', reason: 'why', resolution: 'ended', resolvedBy: 'query', heard: 'x', closeType: 0, accepted: true,
    caller: number, called: number, record: false, object: 'o', url: 'u', sizeBytes: 1, sha256: 'a'.repeat(64),
  };
  const cases = callEventSchemas.flatMap((schema) => EventSource.options.map((source) => [schema.shape.type.value, source] as const));
  it.each(cases)('%s by %s', (type, source) => {
    const event = CallEvent.parse({ ...anything, type, source });
    const word = vendorSays[type];
    const byVendor = ['callback', 'poll', 'query', 'derived'].includes(source);
    expect(wordOf(event)).toEqual(byVendor && word !== undefined ? { ...word, ...(source === 'query' ? { asked: true } : {}) } : undefined);
  });

  it('is an answer, not news, where it came by a query, whatever it was concluded from', () => {
    const event = CallEvent.parse({ ...anything, type: 'cc.call.connected.v1', source: 'derived', via: 'query' });
    expect(wordOf(event)).toEqual({ attemptId: 'call-1-1', says: 'connected', asked: true });
  });

  it('says whether an end has the talking time, which may be none', () => {
    expect([undefined, 0, 9].map((durationSeconds) => wordOf(CallEvent.parse({ ...anything, type: 'cc.call.ended.v1', source: 'callback', durationSeconds }))?.timed)).toEqual([undefined, true, true]);
  });

  it('is nothing where an end names no attempt', () => {
    expect(wordOf(CallEvent.parse({ ...anything, type: 'cc.call.ended.v1', source: 'callback', attemptId: undefined }))).toBeUndefined();
  });
});
