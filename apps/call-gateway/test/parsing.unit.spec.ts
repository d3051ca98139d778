import { CallEvent, CallRecord, PlaceCall } from '@cc/contracts';
import { NumberVault, OperatorKeys } from '@cc/kernel';
import { InvalidRequest } from '@cc/platform';
import { keyRingOf } from '../src/call-gateway.config';
import { ApiKeys, KeyRing } from '../src/domain/api-keys';
import { timelineOf } from '../src/domain/call-timeline';
import { viewOf } from '../src/domain/call-view';
import { placeCall } from '../src/domain/place-call';
import { checkBody, validBody } from '../src/in/body-validation';
import { BusinessBody } from '../src/in/business.body';
import { PlaceCallBody } from '../src/in/place-call.body';
import { parseDoubtQuery, parseListQuery, parsePageQuery, parseWaitQuery } from '../src/in/queries';
import { idToken, pageOf } from '../src/out/page';
import { countryOf, parseNumber } from '../src/in/telephone-number';

const MOBILE = '+8613912345678';

describe('telephone numbers', () => {
  const country = countryOf('cn');
  const understood: readonly (readonly [string, string])[] = [
    ['+8613912345678', MOBILE], ['13912345678', MOBILE], ['8613912345678', MOBILE], ['008613912345678', MOBILE], ['(+86)13912345678', MOBILE], ['+86 139-1234-5678', MOBILE], ['139 1234 5678', MOBILE],
    ['tel:+8613912345678', MOBILE], ['TEL:13912345678', MOBILE], ["'13912345678", MOBILE], ['\u202a+8613912345678\u202c', MOBILE], ['\ufeff13912345678', MOBILE], ['13912345678\t', MOBILE], ['\r\n13912345678\r\n', MOBILE], ['１３９１２３４５６７８', MOBILE],
    ['010-62550001', '+861062550001'], ['0755 8888 8888', '+8675588888888'], ['+1 212-555-0123', '+12125550123'], ['4008001234', '+864008001234'],
  ];
  it.each(understood)('%j is %s', (text, e164) => expect(parseNumber(text, country)).toEqual({ kind: 'number', e164 }));

  const emergency = ['110', '119', '120', '122', '999', '112', '+86110', '+86 120', '010110', '１１０', '110,1', '110;119', '0110', '86119'];
  const serviceNumbers = ['95588', '10086', '12345', '17951'];
  const satellite = ['+870773111632', '+881612345678', '+8821612345678', '+88213300655', '+979123456789', '+883510012345678', '+8085551234'];
  const tampered = ['13912345678;DROP TABLE', 'l3912345678', '1391234567O', '13912345678 or 13800138000', '13912345678/13800138000', '+86139 1234', '139123456789', '++8613912345678', '', ' ', '+', 'abc', 'null', '-13912345678e0'];
  const extensions = ['010-62550001-8001', '010-62550001转8001', '+861062550001;ext=8001', '010-62550001 x8001'];
  it.each([...emergency, ...serviceNumbers, ...satellite, ...tampered, ...extensions])('%j is refused', (text) => {
    expect(parseNumber(text, country)).toEqual({ kind: 'refused', reason: expect.stringMatching(/^(is|has) /) });
  });
  it.each(['+870773111632', '+881612345678', '+979123456789'])('%s is refused because of what it costs', (text) => {
    expect(parseNumber(text, country)).toMatchObject({ reason: expect.stringContaining('satellite') });
  });

  it('belong to a country that exists', () => {
    expect(countryOf('CN')).toBe('CN');
    expect(() => countryOf('XX')).toThrow(/XX is no country code/);
    expect(parseNumber('13912345678', countryOf('US'))).toMatchObject({ kind: 'refused' });
  });
});

describe('keys', () => {
  const key = 'k'.repeat(24);
  it('of applications tell the tenant, and nobody else does', () => {
    const keys = ApiKeys.parse(` acme:${key}a , acme:${key}b,, globex-2:${key}:c `);
    expect([`${key}a`, `${key}b`, `${key}:c`, key, '', `acme:${key}a`].map((given) => keys.nameOf(given))).toEqual(['acme', 'acme', 'globex-2', undefined, undefined, undefined]);
  });
  it.each([
    ['', /no entry/], [' , ', /no entry/], [`acme:${'k'.repeat(23)}`, /entry 1/], [`acme:${key},globex:${key}`, /twice/], [`acme:${key},Acme:${key},:${key},acme ${key},acme:${key} x`, /entry 2, entry 3, entry 4, entry 5: /],
  ])('%j are refused', (text, reason) => {
    expect(() => ApiKeys.parse(text)).toThrow(reason);
    expect(() => ApiKeys.parse(text)).toThrow(expect.not.objectContaining({ message: expect.stringContaining(key) }));
  });
  it('of operators have the same form, and there may be none', () => {
    expect(OperatorKeys.parse(`olga:${key}`).nameOf(key)).toBe('olga');
    expect(OperatorKeys.parse('').nameOf('')).toBeUndefined();
    expect(() => OperatorKeys.parse('olga:short')).toThrow(/entry 1: expected `operator:key` with an operator of/);
    expect(() => OperatorKeys.parse(`olga:${key},otto:${key}`)).toThrow(/one operator from another/);
  });
  it('tell whether an application or an operator calls, and none is both', () => {
    const ring = new KeyRing(ApiKeys.parse(`acme:${key}a`), OperatorKeys.parse(`olga:${key}o`));
    expect([`${key}a`, `${key}o`, key].map((given) => ring.principalOf(given))).toEqual([{ kind: 'application', tenant: 'acme' }, { kind: 'operator', name: 'olga' }, undefined]);
    expect(() => new KeyRing(ApiKeys.parse(`acme:${key}`), OperatorKeys.parse(`otto:${key}o,olga:${key}`))).toThrow(/^the key of olga is an application's/);
    expect(() => keyRingOf({ values: { apiKeys: ApiKeys.parse(`acme:${key}`), operatorKeys: OperatorKeys.parse(`olga:${key}`) } })).toThrow("CC_CALL_GATEWAY_OPERATOR_KEYS and CC_API_KEYS: the key of olga is an application's too; give the operator another one");
  });
  it('are never shown', () => {
    const keys = OperatorKeys.parse(`olga:${key}`);
    expect([String(keys), JSON.stringify(keys)].join()).not.toContain(key);
  });
});

describe('the body of a call', () => {
  const good = { from: '13900000001', to: '13900000002' };
  const pointersOf = async (body: unknown): Promise<string[]> => (await checkBody(PlaceCallBody, body)).faults.map(({ pointer }) => pointer).sort();

  it('is accepted as it is described', async () => {
    const full = { ...good, agent: '张三', user: 'u@x', business: 'shop:1', channel: 'e9-main', bizData: { a: [1, { b: null }] }, record: true, ivr: { text: '你好', url: 'https://x.example/a' }, maxDurationSeconds: 28_800, notAfterSeconds: 1 };
    expect(await pointersOf(good)).toEqual([]);
    expect(await pointersOf(full)).toEqual([]);
    expect({ ...(await validBody(PlaceCallBody, full)), ivr: undefined }).toEqual({ ...full, ivr: undefined });
    expect(await pointersOf({ ...good, bizData: 'x'.repeat(4096) })).toEqual([]);
  });

  it('has all its faults told at once, one for each field', async () => {
    const bad = {
      from: 13_900_000_001, agent: 'a b', user: 'x'.repeat(65), business: '', channel: 'E9', bizData: 7, record: 'yes', ivr: { text: '', url: 'ftp://x', 'odd/name~': 1 }, maxDurationSeconds: 0, notAfterSeconds: 1.5, extra: 1, __proto: 1,
    };
    expect(await pointersOf(bad)).toEqual(['/__proto', '/agent', '/bizData', '/business', '/channel', '/extra', '/from', '/ivr/odd~1name~0', '/ivr/text', '/ivr/url', '/maxDurationSeconds', '/notAfterSeconds', '/record', '/to', '/user']);
    await expect(validBody(PlaceCallBody, bad)).rejects.toThrow(InvalidRequest);
    await expect(validBody(PlaceCallBody, bad)).rejects.toMatchObject({ kind: 'input', message: expect.stringMatching(/^The request has 15 faults: /) });
  });

  it.each(['agent', 'user', 'business', 'channel', 'bizData', 'record', 'ivr', 'maxDurationSeconds', 'notAfterSeconds', 'from', 'to'])('is refused when %s is null: a field is there or it is not', async (field) => {
    expect(await pointersOf({ ...good, [field]: null })).toEqual([`/${field}`]);
  });

  it.each([
    ['bizData', 'x'.repeat(4097)], ['bizData', { x: '界'.repeat(1400) }], ['bizData', ['a']], ['bizData', 'a\u0000b'], ['bizData', { deep: [{ x: '\u0000' }] }], ['bizData', { '\u0000': 1 }], ['bizData', 'half \ud83d'],
    ['ivr', []], ['ivr', [{ text: 'x' }]], ['ivr', 'hello'], ['ivr/text', { text: 'a\u0000b' }], ['ivr/text', { text: '\udc00' }], ['ivr/text', { text: 'x'.repeat(2001) }],
    ['maxDurationSeconds', 28_801], ['maxDurationSeconds', '60'], ['notAfterSeconds', 3601], ['from', 'x'.repeat(65)],
  ])('is refused when %s is %j', async (pointer, value) => {
    expect(await pointersOf({ ...good, [pointer.split('/')[0] ?? '']: value })).toEqual([`/${pointer}`]);
  });

  it('is refused, and breaks nothing, when it is nested thousands of levels deep', async () => {
    const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
    for (const field of ['bizData', 'ivr', 'extra']) await expect(checkBody(PlaceCallBody, { ...good, [field]: nested(30_000) })).rejects.toMatchObject({ faults: [{ pointer: '', detail: 'must not be nested deeper than 32 levels' }] });
    expect(await pointersOf({ ...good, bizData: { deep: nested(29) } })).toEqual([]);
  });

  it.each([undefined, null, [], 'text', 7])('is no body when it is %p', async (body) => {
    await expect(checkBody(PlaceCallBody, body)).rejects.toMatchObject({ faults: [{ pointer: '', detail: 'must be a JSON object' }] });
  });

  it('of a business has numbers that fit', async () => {
    expect({ ...(await validBody(BusinessBody, { mainNumber: '+864008001234', extension: '8001' })) }).toEqual({ mainNumber: '+864008001234', extension: '8001' });
    expect({ ...(await validBody(BusinessBody, {})) }).toEqual({});
    const full = { displayPolicy: 'masked', channels: ['e9-main', 'hw-main'] };
    expect({ ...(await validBody(BusinessBody, full)) }).toEqual(full);
    for (const bad of [{ displayPolicy: 'hidden' }, { channels: [] }, { channels: ['E9'] }, { channels: [7] }, { channels: 'e9-main' }, { channels: ['a', 'a'] }, { channels: Array.from({ length: 33 }, (_, i) => `c${i}`) }, { channels: ['x'.repeat(33)] }, { channels: null }, { mainNumber: '400-800' }, { mainNumber: null }, { extension: '123456789' }, { extension: '' }, { tenant: 'x' }]) await expect(validBody(BusinessBody, bad)).rejects.toThrow(InvalidRequest);
  });
});

describe('queries', () => {
  it('have defaults and limits', () => {
    expect(parseWaitQuery({})).toEqual({ waitMs: 0, afterVersion: undefined });
    expect(parseWaitQuery({ waitSeconds: '1.5', afterVersion: '3' })).toEqual({ waitMs: 1500, afterVersion: 3 });
    expect(parseListQuery({})).toEqual({ pageSize: 50 });
    expect(parseListQuery({ pageToken: '1790000000000-call-0190', state: 'conn', createdFrom: '5' })).toEqual({ pageSize: 50, after: '1790000000000-call-0190', state: 'conn', createdFrom: 5 });
  });
  it.each([
    [{ waitSeconds: '61' }, ['?waitSeconds']], [{ waitSeconds: '-1', afterVersion: '1.5' }, ['?waitSeconds', '?afterVersion']], [{ wait: '1', x: '2' }, ['?wait', '?x']], [{ waitSeconds: ['1', '2'] }, ['?waitSeconds']], [{ waitSeconds: 'soon' }, ['?waitSeconds']],
  ])('to wait for a call are refused with every fault: %j', (query, pointers) => {
    expect(() => parseWaitQuery(query)).toThrow(expect.objectContaining({ faults: pointers.map((pointer) => ({ pointer, detail: expect.any(String) })) }));
  });
  it('for a list by key go on after the key that a page ended with', () => {
    const page = pageOf([{ user: '张三@x' }, { user: 'next' }], 1, ({ user }) => idToken('user', user));
    expect(page).toEqual({ items: [{ user: '张三@x' }], nextPageToken: 'user/张三@x' });
    expect(parsePageQuery({ pageToken: page.nextPageToken }, 'user')).toEqual({ pageSize: 50, after: '张三@x' });
    const earlierForm = Buffer.from('shop').toString('base64url');
    for (const pageToken of ['', '?', 'user/', 'user/a b', 'business/shop', 'shop', earlierForm]) expect(() => parsePageQuery({ pageToken }, 'user')).toThrow(expect.objectContaining({ faults: [{ pointer: '?pageToken', detail: expect.any(String) }] }));
  });
  it('end with a page that has no token, also where that page is full', () => {
    for (const items of [['a', 'b'], ['a'], []]) expect(pageOf(items, 2, (item) => item)).toEqual({ items });
  });
  it.each([
    [{}, '?state'], [{ state: 'sending' }, '?state'], [{ state: 'unknown', pageToken: 'x/a' }, '?pageToken'], [{ state: 'unknown', pageToken: '1/a/b' }, '?pageToken'],
  ])('for the attempts in doubt are refused: %j', (query, pointer) => {
    expect(() => parseDoubtQuery(query)).toThrow(expect.objectContaining({ faults: [{ pointer, detail: expect.any(String) }] }));
  });
  it.each([
    [{ pageSize: '501' }, '?pageSize'], [{ pageSize: '0' }, '?pageSize'], [{ state: 'open' }, '?state'], [{ pageToken: "1-'; --" }, '?pageToken'], [{ pageToken: 'x' }, '?pageToken'], [{ pageToken: 'business/a' }, '?pageToken'], [{ tenant: 'other' }, '?tenant'], [{ agent: ['a', 'b'] }, '?agent'],
    [{ agent: 'a\u0000' }, '?agent'], [{ channel: '\u0000' }, '?channel'], [{ vendorCallId: 'v\u0000' }, '?vendorCallId'], [{ createdFrom: '-1' }, '?createdFrom'],
  ])('for a list are refused: %j', (query, pointer) => {
    expect(() => parseListQuery(query)).toThrow(expect.objectContaining({ faults: [{ pointer, detail: expect.any(String) }] }));
  });
});

describe('a placed call', () => {
  const vault = new NumberVault(Buffer.alloc(32, 1));
  const caller = vault.protect('+8613900000001', 'acme', 'call-1');
  const called = vault.protect('+8613900000002', 'acme', 'call-1');
  const told = { agent: 'ann', user: 'u', business: 'shop', mainNum: '4008001234', extNum: '8001', bizData: { order: 7 } };
  const placed = placeCall('call-1', 'acme', { caller, called, ...told, channel: 'e9-main', record: true, ivr: { text: 'hi', url: 'https://x.example' }, maxDurationSeconds: 60, notAfterSeconds: 5 }, 1000);

  it('is one record, one event and one command of the same moment, as the contracts want them', () => {
    const call = { callId: 'call-1', tenant: 'acme', caller, called, ...told };
    expect(CallRecord.parse(placed.record)).toEqual({ ...call, version: 1, state: 'init', stage: 'queued', recordState: 'partial', ivrText: 'hi', ivrUrl: 'https://x.example', createdAt: 1000, updatedAt: 1000, attempts: 0, recording: { status: 'expected' } });
    expect(CallEvent.parse(placed.requested)).toEqual({ ...call, type: 'cc.call.requested.v1', id: 'call-1/requested', occurredAt: 1000, recordedAt: 1000, source: 'gateway', record: true, ivr: { text: 'hi', url: 'https://x.example' } });
    expect(PlaceCall.parse(placed.command)).toEqual({ ...call, type: 'cc.call.place.v1', id: 'call-1/place', issuedAt: 1000, notAfter: 6000, channel: 'e9-main', maxDurationSeconds: 60, record: true, ivr: { text: 'hi', url: 'https://x.example' } });
  });
  it('leaves out what was not told', () => {
    const bare = placeCall('call-1', 'acme', { caller, called, record: false, notAfterSeconds: 60 }, 1000);
    expect(Object.keys(bare.command).sort()).toEqual(['callId', 'called', 'caller', 'id', 'issuedAt', 'notAfter', 'record', 'tenant', 'type']);
    expect(bare.record.recording).toEqual({ status: 'none' });
  });
  it('is shown with masked numbers, and with nothing sealed, internal or of the vendor', () => {
    const view = viewOf({ ...placed.record, vendorCode: '31', recording: { status: 'archived', object: 'recordings/x.mp3', url: 'https://oss.example/x', vendorUrl: 'https://vendor.example/x?secret' } });
    expect(view).toMatchObject({ callId: 'call-1', caller: '+86139****0001', called: '+86139****0002', recording: { status: 'archived', url: 'https://oss.example/x' } });
    const text = JSON.stringify([view, timelineOf([placed.requested], placed.record)]);
    for (const secret of [caller.sealed, called.sealed, caller.ref, called.ref, '3900000001', '3900000002', 'acme', 'vendor.example', 'recordings/x.mp3']) expect(text).not.toContain(secret);
  });
  it('has a timeline in the order in which we learnt, of one moment by when it happened, then by id', () => {
    const at = (id: string, recordedAt: number, occurredAt: number): CallEvent => ({ type: 'cc.call.cancel-requested.v1', id, callId: 'call-1', tenant: 'acme', source: 'gateway', recordedAt, occurredAt });
    const expected = [at('z', 1, 9), at('y', 2, 1), at('a', 2, 2), at('b', 2, 2), at('x', 3, 0)];
    expect(timelineOf([...expected].reverse(), placed.record).map(({ id }) => id)).toEqual(['z', 'y', 'a', 'b', 'x']);
  });
});
