import { Exclusion, Route } from '@cc/contracts';
import fc from 'fast-check';
import { decideRoute, type ChannelCondition, type ChannelFacts, type Decision, type RoutableCall, type Snapshot } from '../src/domain/route';

const capabilities = { recording: true, maxDuration: true, cancel: true };
const facts = (channel: string, more: Partial<ChannelFacts> = {}): ChannelFacts => ({ channel, vendor: 'e9', enabled: true, weight: 1, capabilities, limits: {}, numbers: {}, line: { kind: 'caller', names: new Set<string>() }, ...more });
const call = (more: Partial<RoutableCall> = {}): RoutableCall => ({ callId: 'call-1', tenant: 'acme', caller: '+8613800000001', called: '+8613900000002', record: false, ...more });
const well: ChannelCondition = { state: 'up', recovering: false, trialPending: false, score: 1, liveCalls: 0, sentLastSecond: 0 };

interface World {
  readonly conditions?: Readonly<Record<string, Partial<ChannelCondition>>>;
  readonly signedIn?: readonly string[];
  readonly dials?: Readonly<Record<string, { readonly minute: number; readonly day: number }>>;
  readonly tried?: readonly string[];
}

function snapshot(channels: readonly ChannelFacts[], { conditions = {}, signedIn = [], dials = {}, tried = [] }: World = {}): Snapshot {
  return {
    channels, tried: new Set(tried), condition: (channel) => ({ ...well, ...conditions[channel] }),
    isSignedIn: (channel, seat) => signedIn.includes(`${channel}/${seat}`), callerDials: (channel) => dials[channel] ?? { minute: 0, day: 0 },
  };
}

const objections = ({ route }: Decision): Record<string, Exclusion | undefined> => Object.fromEntries(route.candidates.map(({ channel, excluded }) => [channel, excluded?.code]));

/** All that speaks against channel `a` when everything does, the first reason first; each line takes away the reason before it. */
const everythingWrong: readonly (readonly [Exclusion, Partial<RoutableCall>, Partial<ChannelFacts>, World, Partial<ChannelCondition>])[] = [
  ['not-named', { channel: 'b', channels: ['b'], record: true, maxDurationSeconds: 60, caller: '+1', called: '+1', agent: 'x' }, {
    enabled: false, tenants: ['other'], weight: 0, capabilities: { recording: false, maxDuration: false, cancel: false }, numbers: { from: { only: ['+86'] }, to: { except: ['+1'] } },
    line: { kind: 'seat', names: new Set(['20011']) }, limits: { concurrentCalls: 1, callsPerSecond: 1, callsPerCallerPerMinute: 1, callsPerCallerPerDay: 1 },
  }, { tried: ['a'], dials: { a: { minute: 1, day: 1 } } }, { state: 'draining', recovering: true, trialPending: true, liveCalls: 1, sentLastSecond: 1 }],
  ['disabled', { channel: undefined }, {}, {}, {}],
  ['not-for-tenant', {}, { enabled: true }, {}, {}],
  ['not-for-business', {}, { tenants: ['other', 'acme'] }, {}, {}],
  ['by-name-only', { channels: undefined }, {}, {}, {}],
  ['cannot-record', {}, { weight: 1 }, {}, {}],
  ['cannot-limit-duration', { record: false }, {}, {}, {}],
  ['caller-not-accepted', { maxDurationSeconds: undefined }, {}, {}, {}],
  ['called-not-accepted', { caller: '+8613800000001' }, {}, {}, {}],
  ['tried', { called: '+8613900000002' }, {}, {}, {}],
  ['draining', {}, {}, { tried: [] }, {}],
  ['down', {}, {}, {}, { state: 'down' }],
  ['trial-pending', {}, {}, {}, { state: 'degraded' }],
  ['no-such-line', {}, {}, {}, { trialPending: false }],
  ['line-offline', { agent: '20011' }, {}, {}, {}],
  ['channel-full', {}, {}, { signedIn: ['a/20011'] }, {}],
  ['rate-limit', {}, {}, {}, { liveCalls: 0 }],
  ['caller-limit', {}, {}, {}, { sentLastSecond: 0 }],
];

describe('what speaks against a channel', () => {
  it.each(everythingWrong.map(([code], index) => [code, index] as const))('%s, before what comes after it', (code, index) => {
    const until = everythingWrong.slice(0, index + 1);
    const wrongCall = call(Object.assign({}, ...until.map(([, ofCall]) => ofCall)));
    const condition: Partial<ChannelCondition> = Object.assign({}, ...until.map(([, , , , ofCondition]) => ofCondition));
    const world: World = Object.assign({}, ...until.map(([, , , ofWorld]) => ofWorld));
    const decision = decideRoute(wrongCall, snapshot([facts('a', Object.assign({}, ...until.map(([, , ofFacts]) => ofFacts)))], { ...world, conditions: { a: condition } }));
    expect(objections(decision)).toEqual({ a: code });
    expect([decision.chosen, decision.route.channel]).toEqual([undefined, undefined]);
    expect(decision.soon).toBe(['trial-pending', 'channel-full', 'rate-limit'].includes(code));
    expect(decision.route.candidates[0]?.excluded?.reason).toMatch(/^\w.*\w$/);
  });

  it('has a case for every code of the contract', () => {
    expect(everythingWrong.map(([code]) => code).sort()).toEqual([...Exclusion.options].sort());
  });

  it('names no number in a reason', () => {
    const decision = decideRoute(call(), snapshot([facts('a', { numbers: { from: { only: ['+1'] } } }), facts('b', { numbers: { to: { except: ['+86139'] } } })]));
    expect(JSON.stringify(decision.route)).not.toMatch(/\+?86|13800000001|13900000002/);
  });

  const refusals: readonly (readonly [string, Partial<RoutableCall>, Partial<ChannelFacts>, World, Exclusion | undefined])[] = [
    ['a business that has the channel', { channels: ['b', 'a'] }, {}, {}, undefined],
    ['a business that has it, though its weight is 0', { channels: ['a'] }, { weight: 0 }, {}, undefined],
    ['a business that has none', { channels: [] }, {}, {}, 'not-for-business'],
    ['a request that names it, whatever business and weight say', { channel: 'a', channels: ['b'] }, { weight: 0 }, {}, undefined],
    ['a binding that names it, whatever business and weight say', { binding: { agent: 'x', channel: 'a' }, channels: ['b'] }, { weight: 0 }, {}, undefined],
    ['a request that names it does not help when it is not enabled', { channel: 'a' }, { enabled: false }, {}, 'disabled'],
    ['a binding that names it does not help other tenants', { binding: { agent: 'x', channel: 'a' } }, { tenants: ['other'] }, {}, 'not-for-tenant'],
    ['a request that names it does not help when it is down', { channel: 'a' }, {}, { conditions: { a: { state: 'down' } } }, 'down'],
    ['a request that names it does not help when it is drained', { channel: 'a' }, {}, { conditions: { a: { state: 'draining' } } }, 'draining'],
    ['a duration that it can end itself', { maxDurationSeconds: 60 }, { capabilities: { ...capabilities, cancel: false } }, {}, undefined],
    ['a duration that we can end', { maxDurationSeconds: 60 }, { capabilities: { ...capabilities, maxDuration: false } }, {}, undefined],
    ['a leg A among several prefixes', {}, { numbers: { from: { only: ['+852', '+86138'] } } }, {}, undefined],
    ['a leg A that is excepted from what is accepted', {}, { numbers: { from: { only: ['+86'], except: ['+86138'] } } }, {}, 'caller-not-accepted'],
    ['a leg B that is accepted though leg A would not be', {}, { numbers: { to: { only: ['+86139'] } } }, {}, undefined],
    ['a leg B of another country', {}, { numbers: { to: { only: ['+852'] } } }, {}, 'called-not-accepted'],
    ['the last free place', {}, { limits: { concurrentCalls: 2 } }, { conditions: { a: { liveCalls: 1 } } }, undefined],
    ['no free place', {}, { limits: { concurrentCalls: 2 } }, { conditions: { a: { liveCalls: 2 } } }, 'channel-full'],
    ['a rate that is not reached', {}, { limits: { callsPerSecond: 2 } }, { conditions: { a: { sentLastSecond: 1 } } }, undefined],
    ['a rate that is reached', {}, { limits: { callsPerSecond: 2 } }, { conditions: { a: { sentLastSecond: 2 } } }, 'rate-limit'],
    ['a caller below both limits', {}, { limits: { callsPerCallerPerMinute: 2, callsPerCallerPerDay: 5 } }, { dials: { a: { minute: 1, day: 4 } } }, undefined],
    ['a caller at the limit of a minute', {}, { limits: { callsPerCallerPerMinute: 2, callsPerCallerPerDay: 5 } }, { dials: { a: { minute: 2, day: 4 } } }, 'caller-limit'],
    ['a caller at the limit of a day', {}, { limits: { callsPerCallerPerDay: 5 } }, { dials: { a: { minute: 0, day: 5 } } }, 'caller-limit'],
    ['a channel that recovers and waits for a trial call', {}, {}, { conditions: { a: { state: 'degraded', recovering: true } } }, undefined],
  ];
  it.each(refusals)('%s', (_name, more, ofChannel, world, code) => {
    const decision = decideRoute(call(more), snapshot([facts('a', ofChannel)], world));
    expect(objections(decision)).toEqual({ a: code });
    expect(decision.chosen?.facts.channel).toBe(code === undefined ? 'a' : undefined);
  });
});

describe('what guides the choice', () => {
  it.each<[Route['basis'], Partial<RoutableCall>]>([
    ['named', { channel: 'a', binding: { agent: 'x', channel: 'b' }, channels: ['b'] }],
    ['binding', { binding: { agent: 'x', channel: 'b' }, channels: ['b'] }],
    ['business', { channels: ['a', 'b'], binding: { agent: 'x' } }],
    ['all', {}],
  ])('is %s', (basis, more) => {
    const { route } = decideRoute(call(more), snapshot([facts('a'), facts('b')]));
    expect(route.basis).toBe(basis);
    expect(Route.parse(route)).toEqual(route);
  });

  it('is not the binding where another channel had to be taken', () => {
    const bound = { binding: { agent: 'x', channel: 'b' } };
    const { route } = decideRoute(call(bound), snapshot([facts('a'), facts('b', { enabled: false })]));
    expect([route.basis, route.channel]).toEqual(['all', 'a']);
    expect(decideRoute(call(bound), snapshot([facts('b', { enabled: false })])).route.basis).toBe('binding');
  });

  const rankings: readonly (readonly [string, Partial<RoutableCall>, readonly ChannelFacts[], World, readonly string[]])[] = [
    ['one that waits for a trial call, then the bound one, then the state, then success', { binding: { agent: 'x', channel: 'b' } }, ['e', 'd', 'c', 'b', 'a'].map((name) => facts(name)), {
      conditions: { a: { state: 'degraded', recovering: true, score: 0 }, b: { state: 'degraded', score: 0.1 }, c: { score: 0.61 }, d: { score: 0.6 }, e: { state: 'degraded', score: 1 } },
    }, ['a', 'b', 'c', 'd', 'e']],
    ['those that cannot take it last, the nearest to it first', {}, ['c', 'b', 'a'].map((name) => facts(name)), { conditions: { a: { state: 'degraded', score: 0 }, b: { state: 'down', score: 1 }, c: { state: 'draining', score: 1 } } }, ['a', 'b', 'c']],
    ['success before weight, in fifths', {}, [facts('a', { weight: 1000 }), facts('b')], { conditions: { a: { score: 0.8 } } }, ['b', 'a']],
    ['weight where success differs by less than a fifth', {}, [facts('a', { weight: 1000 }), facts('b')], { conditions: { a: { score: 0.81 } } }, ['a', 'b']],
    ['of those with weight 0 the first by name, after all others', { channels: ['a', 'b', 'c'] }, [facts('b', { weight: 0 }), facts('a', { weight: 0 }), facts('c', { weight: 0.001 })], {}, ['c', 'a', 'b']],
    ['the next one when the bound one is down', { binding: { agent: 'x', channel: 'b' } }, [facts('a'), facts('b')], { conditions: { b: { state: 'down' } } }, ['a', 'b']],
    ['the next one when it was tried', {}, [facts('a', { weight: 1000 }), facts('b')], { tried: ['a'] }, ['b', 'a']],
  ];
  it.each(rankings)('%s', (_name, more, channels, world, ranked) => {
    const decision = decideRoute(call(more), snapshot(channels, world));
    expect(decision.route.candidates.map(({ channel }) => channel)).toEqual(ranked);
    expect([decision.route.channel, decision.chosen?.facts.channel]).toEqual([ranked[0], ranked[0]]);
  });

  it('tells how every candidate stood', () => {
    const { route } = decideRoute(call(), snapshot([facts('a', { weight: 3 })], { conditions: { a: { state: 'degraded', score: 0.4, liveCalls: 7 } } }));
    expect(route).toEqual({ basis: 'all', channel: 'a', candidates: [{ channel: 'a', state: 'degraded', score: 0.4, weight: 3, liveCalls: 7 }] });
  });

  it('makes the call of a recovering channel a trial, and no other', () => {
    const recovering = decideRoute(call(), snapshot([facts('a'), facts('b')], { conditions: { b: { state: 'degraded', recovering: true } } }));
    expect([recovering.route.trial, recovering.chosen?.trial, recovering.route.channel]).toEqual([true, true, 'b']);
    const pending = decideRoute(call(), snapshot([facts('a'), facts('b')], { conditions: { b: { state: 'degraded', recovering: true, trialPending: true } } }));
    expect([pending.route.trial, pending.chosen?.trial, pending.route.channel]).toEqual([undefined, false, 'a']);
  });

  it('finds none without channels', () => {
    expect(decideRoute(call(), snapshot([]))).toEqual({ route: { basis: 'all', candidates: [] }, soon: false });
  });
});

describe('the line of a call', () => {
  const caller = { kind: 'caller', name: '+8613800000001' };
  const lines: readonly (readonly [string, Partial<RoutableCall>, ChannelFacts['line'], object])[] = [
    ['is the telephone of leg A, whoever the agent is', { agent: 'x' }, { kind: 'caller', names: new Set<string>() }, caller],
    ['is the agent of the request', { agent: 'x', binding: { agent: 'y' } }, { kind: 'agent', names: new Set<string>() }, { kind: 'agent', name: 'x' }],
    ['is the agent of the binding', { binding: { agent: 'y' } }, { kind: 'agent', names: new Set<string>() }, { kind: 'agent', name: 'y' }],
    ['is the telephone where no agent is known', {}, { kind: 'agent', names: new Set<string>() }, caller],
    ['is the seat that is called as the agent', { agent: '1' }, { kind: 'seat', names: new Set(['1', '2']) }, { kind: 'seat', name: '1' }],
    ['is the seat that is called as the agent of the binding', { binding: { agent: '2' } }, { kind: 'seat', names: new Set(['1', '2']) }, { kind: 'seat', name: '2' }],
    ['is the line of the binding on this channel, whoever the agent is', { agent: '1', binding: { agent: '1', channel: 'a', line: '2' } }, { kind: 'seat', names: new Set(['1', '2']) }, { kind: 'seat', name: '2' }],
    ['is not the line of a binding to another channel', { binding: { agent: '1', channel: 'b', line: '2' } }, { kind: 'seat', names: new Set(['1', '2']) }, { kind: 'seat', name: '1' }],
    ['is not the line of a binding to no channel', { binding: { agent: '1', line: '2' } }, { kind: 'seat', names: new Set(['1', '2']) }, { kind: 'seat', name: '1' }],
  ];
  it.each(lines)('%s', (_name, more, line, expected) => {
    expect(decideRoute(call(more), snapshot([facts('a', { line })], { signedIn: ['a/1', 'a/2'] })).chosen?.line).toEqual(expected);
  });

  it.each<[string, Partial<RoutableCall>, Exclusion, string]>([
    ['nobody named', {}, 'no-such-line', 'the call names none'],
    ['that does not exist', { agent: '3' }, 'no-such-line', 'no seat of this name'],
    ['that is signed in at another channel only', { agent: '2' }, 'line-offline', 'not signed in'],
  ])('cannot be a seat %s', (_name, more, code, reason) => {
    const { route } = decideRoute(call(more), snapshot([facts('a', { line: { kind: 'seat', names: new Set(['1', '2']) } })], { signedIn: ['a/1', 'b/2'] }));
    expect(route.candidates[0]?.excluded).toEqual({ code, reason: expect.stringContaining(reason) });
  });
});

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const aCondition = fc.record({
  state: fc.constantFrom('up' as const, 'degraded' as const, 'down' as const, 'draining' as const), recovering: fc.boolean(), trialPending: fc.boolean(), score: fc.constantFrom(0, 0.5, 1),
  liveCalls: fc.nat(3), sentLastSecond: fc.nat(3),
});
const aChannel = fc.record({
  enabled: fc.constantFrom(true, true, true, false), weight: fc.constantFrom(0, 1, 2, 5), recording: fc.boolean(), limit: fc.constantFrom(undefined, 1, 3), kind: fc.constantFrom('caller' as const, 'agent' as const, 'seat' as const), condition: aCondition, tried: fc.constantFrom(false, false, true),
});
const aWorld = fc.array(aChannel, { maxLength: names.length }).map((list) => {
  const channels = list.map(({ enabled, weight, recording, limit, kind }, index) => facts(names[index] ?? '', { enabled, weight, capabilities: { ...capabilities, recording }, limits: { concurrentCalls: limit }, line: { kind, names: new Set(kind === 'seat' ? ['1'] : []) } }));
  const world: World = { conditions: Object.fromEntries(list.map(({ condition }, index) => [names[index], condition])), signedIn: names.map((name) => `${name}/1`), tried: names.filter((_, index) => list[index]?.tried === true) };
  return { channels, world };
});
const aCall = fc.record({
  callId: fc.uuid(), channel: fc.constantFrom(undefined, undefined, 'a'), channels: fc.constantFrom(undefined, ['a', 'b', 'c']), agent: fc.constantFrom(undefined, '1', '2'), record: fc.boolean(),
  binding: fc.constantFrom(undefined, { agent: '1' }, { agent: '2', channel: 'b', line: '1' }),
}).map((more) => call(more));

describe('any choice', () => {
  it('is the same for the same call and snapshot, in whatever order the channels stand', () => {
    fc.assert(fc.property(aCall, aWorld, fc.infiniteStream(fc.nat()), (one, { channels, world }, numbers) => {
      const decision = decideRoute(one, snapshot(channels, world));
      expect(decideRoute(one, snapshot(channels, world))).toEqual(decision);
      const shuffled = [...channels].map((channel) => ({ channel, key: numbers.next().value })).sort((x, y) => x.key - y.key).map(({ channel }) => channel);
      expect(decideRoute(one, snapshot(shuffled, world))).toEqual(decision);
    }), { numRuns: 300 });
  });

  it('has nothing against it, and nobody better without a reason', () => {
    fc.assert(fc.property(aCall, aWorld, (one, { channels, world }) => {
      const { route, chosen } = decideRoute(one, snapshot(channels, world));
      const free = route.candidates.filter(({ excluded }) => excluded === undefined);
      expect(chosen?.facts.channel).toBe(free[0]?.channel);
      expect(route.candidates).toHaveLength(channels.length);
      expect(route.candidates.slice(0, free.length)).toEqual(free);
      if (chosen === undefined) return;
      const chosenCondition = { ...well, ...world.conditions?.[chosen.facts.channel] };
      const better = free.filter(({ channel, state, score }) => {
        const recovering = world.conditions?.[channel]?.recovering === true;
        if (recovering !== chosenCondition.recovering) return recovering;
        const bound = channel === one.binding?.channel;
        if (bound || chosen.facts.channel === one.binding?.channel) return bound && channel !== chosen.facts.channel;
        return state === chosenCondition.state ? score > chosenCondition.score : state === 'up';
      });
      expect(better).toEqual([]);
    }), { numRuns: 300 });
  });

  it('does not change because of a channel that cannot take the call', () => {
    fc.assert(fc.property(aCall, aWorld, aChannel, (one, { channels, world }, extra) => {
      const before = decideRoute(one, snapshot(channels, world));
      const more = facts('z', { enabled: false, weight: extra.weight });
      const after = decideRoute(one, snapshot([...channels, more], { ...world, conditions: { ...world.conditions, z: extra.condition } }));
      expect([after.chosen, after.soon]).toEqual([before.chosen, before.soon]);
    }), { numRuns: 200 });
  });

  it('does not change because of a channel that is lost, unless that was the one', () => {
    fc.assert(fc.property(aCall, aWorld, fc.nat(5), (one, { channels, world }, index) => {
      const before = decideRoute(one, snapshot(channels, world)).chosen?.facts.channel;
      fc.pre(before !== undefined && channels[index] !== undefined && channels[index].channel !== before);
      expect(decideRoute(one, snapshot(channels.filter((_, at) => at !== index), world)).chosen?.facts.channel).toBe(before);
    }), { numRuns: 200 });
  });
});

it('gives equally good channels their weights\' shares of the calls, within 2 %', () => {
  const channels = [facts('a', { weight: 5 }), facts('b', { weight: 3 }), facts('c', { weight: 2 }), facts('named', { weight: 0 })];
  const counts: Record<string, number> = {};
  for (let index = 0; index < 20_000; index += 1) {
    const { channel = 'none' } = decideRoute(call({ callId: `call-${index}` }), snapshot(channels)).route;
    counts[channel] = (counts[channel] ?? 0) + 1;
  }
  expect(Object.keys(counts).sort()).toEqual(['a', 'b', 'c']);
  for (const { channel, weight } of channels.slice(0, 3)) expect(Math.abs((counts[channel] ?? 0) / 20_000 - weight / 10)).toBeLessThan(0.02);
});
