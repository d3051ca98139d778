import { CallEvent, type Route } from '@cc/contracts';
import { attemptsInDoubt, attemptsOf, settledBy } from '../src/domain/call-attempts';
import { firstWordOf, routesOf } from '../src/domain/call-routes';

const route = (channel?: string, more: Partial<Route> = {}): Route => ({ basis: 'all', ...(channel === undefined ? {} : { channel }), candidates: [{ channel: 'e9-main', state: 'up', score: 1, weight: 1, liveCalls: 0 }], ...more });
/** An event of the attempt `a-1` (another where told) at that time. */
const event = (name: string, at: number, told: object = {}): CallEvent =>
  CallEvent.parse({ type: `cc.call.${name}.v1`, id: `${name}/${at}`, callId: 'call-1', tenant: 'acme', occurredAt: at, recordedAt: at, source: 'router', attemptId: 'a-1', channel: 'e9-main', ...told });
const started = (at: number, told: object = {}): CallEvent => event('attempt-started', at, { vendor: 'e9', attemptNumber: 1, recordRequested: false, ...told });
const accepted = event('attempt-accepted', 2, { vendorCallId: 'v-1' });
const refused = event('attempt-refused', 2, { class: 'rejected', vendorCode: '31', reason: 'no balance' });
const unknown = event('attempt-unknown', 2, { reason: 'no answer within 5000 ms' });
const resolved = event('attempt-resolved', 3, { resolution: 'not-placed', resolvedBy: 'operator', operator: 'olga', reason: 'asked the vendor' });
const ended = (source: string, told: object = {}): CallEvent => event('ended', 4, { source, closeType: 0, ...told });

describe('the attempts of a call', () => {
  it.each<[string, CallEvent[], string]>([
    ['nothing more was heard of', [started(1)], 'sending'],
    ['the vendor took', [started(1), accepted], 'accepted'],
    ['rings before the dial is answered', [started(1), event('a-ringing', 2)], 'accepted'],
    ['was refused', [started(1), refused, ended('router', { attemptId: undefined })], 'refused'],
    ['was refused, and its call closed under its name', [started(1), refused, ended('router')], 'refused'],
    ['is in doubt', [started(1), unknown], 'unknown'],
    ['was given up by the reaper, who does not know', [started(1), unknown, ended('reaper')], 'unknown'],
    ['was in doubt until it rang', [started(1), unknown, event('a-ringing', 3)], 'accepted'],
    ['was in doubt until its end was told', [started(1), unknown, ended('callback')], 'ended'],
    ['an operator resolved', [started(1), unknown, resolved, ended('router')], 'resolved'],
    ['rang and ended', [started(1), accepted, ended('callback')], 'ended'],
    ['rang, and its end was never heard of', [started(1), accepted, ended('reaper')], 'ended'],
    ['the router ended', [started(1), ended('router')], 'ended'],
  ])('one that %s, whatever the order of its events', (_what, events, state) => {
    for (const order of [events, [...events].reverse()]) expect(attemptsOf(order)).toMatchObject([{ attemptId: 'a-1', state }]);
  });

  it('are told with what each event brought, in the order of their numbers', () => {
    const second = started(9, { attemptId: 'a-0', attemptNumber: 2, channel: 'hw-main', vendor: 'hw' });
    expect(attemptsOf([second, started(1), refused])).toEqual([
      { attemptId: 'a-1', number: 1, channel: 'e9-main', vendor: 'e9', state: 'refused', startedAt: 1, refusal: { class: 'rejected', code: '31', reason: 'no balance' } },
      { attemptId: 'a-0', number: 2, channel: 'hw-main', vendor: 'hw', state: 'sending', startedAt: 9 },
    ]);
    expect(attemptsOf([started(1), accepted, unknown, resolved])).toEqual([{
      attemptId: 'a-1', number: 1, channel: 'e9-main', vendor: 'e9', state: 'resolved', startedAt: 1, vendorCallId: 'v-1', doubt: 'no answer within 5000 ms',
      resolution: { resolution: 'not-placed', resolvedBy: 'operator', operator: 'olga', reason: 'asked the vendor', resolvedAt: 3 },
    }]);
    expect(attemptsOf([ended('router', { attemptId: undefined })])).toEqual([]);
  });
});

describe('an attempt in doubt', () => {
  const proofs = [accepted, ...['a-ringing', 'a-answered', 'b-ringing', 'connected'].map((name) => event(name, 3)), resolved, refused, ended('callback'), ended('query'), ended('router')];
  it.each(proofs.map((proof) => [`${proof.type} of ${proof.source}`, proof] as const))('is settled by %s, whichever came first', (_name, proof) => {
    expect(settledBy(proof)).toBe('a-1');
    expect(attemptsInDoubt([unknown, proof])).toEqual([]);
    expect(attemptsInDoubt([proof, unknown])).toEqual([]);
  });
  it.each([started(1), unknown, ended('reaper'), ended('callback', { attemptId: undefined }), event('late-ring', 5, { heard: 'ringing' })].map((other) => [`${other.type} of ${other.source}`, other] as const))('is not settled by %s', (_name, other) => {
    expect(settledBy(other)).toBeUndefined();
    expect(attemptsInDoubt([other, unknown]).length).toBeGreaterThan(0);
  });
  it('is told with whose it is, since when and why; another attempt settles nothing', () => {
    expect(attemptsInDoubt([started(1), unknown, event('a-ringing', 3, { attemptId: 'a-2' })])).toEqual([{ attemptId: 'a-1', callId: 'call-1', tenant: 'acme', channel: 'e9-main', since: 2, reason: 'no answer within 5000 ms' }]);
  });
});

describe('the routes of a call', () => {
  it('are every choice that was kept, the newest last', () => {
    const events = [ended('router', { attemptId: undefined, route: route() }), started(1, { route: route('e9-main') }), started(2, { attemptId: 'a-2' }), accepted];
    expect(routesOf(events)).toEqual([{ attemptId: 'a-1', decidedAt: 1, route: route('e9-main') }, { decidedAt: 4, route: route() }]);
  });
});

describe("the router's first word", () => {
  const busy = { attemptId: undefined, closeType: 3, endedBy: 'cc', route: route(undefined, { lineBusy: true }) };
  it.each<[string, CallEvent[]]>([
    ['none', []], ['none', [accepted]], ['dials', [started(1)]], ['dials', [started(1), ended('callback')]], ['line-busy', [ended('router', busy)]],
    ['over', [ended('router', { ...busy, closeType: 4 })]], ['over', [ended('router', { ...busy, endedBy: 'a' })]], ['over', [ended('router', { ...busy, route: route() })]], ['over', [ended('router', { ...busy, route: undefined })]],
  ])('is %s', (word, events) => expect(firstWordOf(events)).toBe(word));
});
