import { PlaceCall, SimulateRoute } from '@cc/contracts';
import { NumberVault } from '@cc/kernel';
import { lineOf } from '../src/domain/binding';
import { legAOf } from '../src/domain/leg-a';
import { placeCall, simulateRoute } from '../src/domain/place-call';
import { candidatesOf, channelsFor, namingFault, whyNoneIsUp } from '../src/domain/tenant-channels';
import { health } from './announced-channel';

const names = (channels: readonly { channel: string }[]): string[] => channels.map(({ channel }) => channel);

describe('the channels of a tenant', () => {
  const all = [health('open'), health('ours', { tenants: ['acme', 'other'] }), health('theirs', { tenants: ['globex'] }), health('nobodys', { tenants: [] })];
  it('are those for everyone and those for it', () => expect(names(channelsFor('acme', all))).toEqual(['open', 'ours']));
  it('can be named, others cannot', () => {
    expect(namingFault('ours', channelsFor('acme', all))).toBeUndefined();
    expect(namingFault('theirs', channelsFor('acme', all))).toBe('there is no channel theirs; there are open, ours');
    expect(namingFault('theirs', [])).toBe('there is no channel theirs; there is none');
  });
});

describe('the channels that a call could take', () => {
  const mine = [health('a'), health('b', { weight: 0 }), health('c')];
  it.each<[string, Parameters<typeof candidatesOf>[1], string[]]>([
    ['any but those by name only', {}, ['a', 'c']], ['the one that is named', { named: 'b', bound: 'a', ofBusiness: ['c'] }, ['b']], ['the one that is bound, and those of the business', { bound: 'a', ofBusiness: ['c'] }, ['a', 'c']],
    ['those of the business', { ofBusiness: ['c', 'b'] }, ['b', 'c']], ['the others, where the bound one is gone', { bound: 'gone' }, ['a', 'c']], ['also a bound one that is taken only by name', { bound: 'b' }, ['a', 'b', 'c']],
  ])('are %s', (_what, choice, expected) => expect(names(candidatesOf(mine, choice))).toEqual(expected));

  it('take no call when every one is down, draining or disabled, each for its reason', () => {
    const closed = [health('a', { state: 'down', reason: 'refused' }), health('b', { state: 'draining', reason: 'by olga' }), health('c', { enabled: false })];
    expect(whyNoneIsUp(closed)).toEqual([{ channel: 'a', state: 'down', reason: 'refused' }, { channel: 'b', state: 'draining', reason: 'by olga' }, { channel: 'c', state: 'disabled', reason: 'in the channel file' }]);
    for (const state of ['up', 'degraded'] as const) expect(whyNoneIsUp([...closed, health('d', { state })])).toBeUndefined();
    expect(whyNoneIsUp([])).toBeUndefined();
  });
});

describe('the line of a binding', () => {
  it.each<[string, Parameters<typeof lineOf>, object]>([
    ['the seat that is told', [health('s', { line: { kind: 'seat', names: ['1', '2'] } }), '1', '2'], { kind: 'line', line: '2' }],
    ['the seat like the agent', [health('s', { line: { kind: 'seat', names: ['1', '2'] } }), '1', undefined], { kind: 'line', line: '1' }],
    ['none', [health('s', { line: { kind: 'caller' } }), '1', undefined], { kind: 'line', line: undefined }],
    ['none, where no channel is told', [undefined, '1', undefined], { kind: 'line', line: undefined }],
    ['refused without seats', [health('s', { line: { kind: 'seat' } }), '1', '1'], { kind: 'refused', reason: 'is no line of the channel; s has none' }],
    ['refused where nothing is known of lines', [health('s'), '1', '1'], { kind: 'refused', reason: 'must be left out: s has no named lines' }],
  ])('is %s', (_what, given, expected) => expect(lineOf(...given)).toEqual(expected));
});

describe('leg A', () => {
  const number = new NumberVault(Buffer.alloc(32, 1)).protect('+8613900000001', 'acme', 'binding/acme/u');
  it('is the given number, else that of the binding', () => {
    expect(legAOf('139', 'u', { agent: 'a', number, updatedAt: 1 })).toEqual({ kind: 'given', number: '139' });
    expect(legAOf(undefined, 'u', { agent: 'a', number, updatedAt: 1 })).toEqual({ kind: 'bound', sealed: number.sealed, user: 'u' });
    expect(legAOf(undefined, 'u', { agent: 'a', updatedAt: 1 })).toMatchObject({ kind: 'missing' });
  });

  it('is part of a command that tells the router every wish; a simulation tells the same, but no time limit', () => {
    const request = { caller: number, called: number, agent: 'ann', channels: ['a', 'b'], channel: 'a', whenBusy: 'reject' as const, record: true, maxDurationSeconds: 60, ivr: { text: 'hi' }, notAfterSeconds: 5 };
    const { type: _type, id: _id, callId: _callId, notAfter, ...wishes } = PlaceCall.parse(placeCall('call-1', 'acme', request, 1000).command);
    expect(wishes).toMatchObject({ channels: ['a', 'b'], channel: 'a', whenBusy: 'reject' });
    expect(notAfter).toBe(6000);
    expect(SimulateRoute.parse(simulateRoute('simulation-1', 'acme', request, 1000))).toEqual({ ...wishes, type: 'cc.call.simulate-route.v1', id: 'simulation-1/simulate', callId: 'simulation-1' });
    expect(JSON.stringify(placeCall('call-1', 'acme', request, 1000).record)).not.toMatch(/whenBusy|channels/);
  });
});
