import { decodeBinding, decodeCallCommand, topics } from '@cc/contracts';
import { NumberVault } from '@cc/kernel';
import { eventually } from '@cc/testing';
import { z } from 'zod';
import { health } from './announced-channel';
import { KEY, startGateway, type RunningGateway } from './running-gateway';

const Placed = z.object({ callId: z.string() });
const Page = z.object({ items: z.array(z.looseObject({})), nextPageToken: z.string().optional() });

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startGateway();
  expect(await gateway.acme.put('/businesses/early', { channels: ['e9-main'] })).toMatchObject({ status: 503, data: { code: 'no-channels-yet' } });
  await gateway.announce(health('e9-main', { line: { kind: 'caller' } }), health('globex-only', { tenants: ['globex'] }), health('seats', { line: { kind: 'seat', names: ['1001', '1002'] } }), health('agents', { line: { kind: 'agent' }, tenants: ['acme'] }));
}, 60_000);
afterAll(() => gateway.stop(), 30_000);

/** Every page of a list, two items each. */
async function pagesOf(path: string): Promise<unknown[][]> {
  const pages: unknown[][] = [];
  for (let token: string | undefined = ''; token !== undefined; ) {
    const { items, nextPageToken } = Page.parse((await gateway.acme.get(path, { params: { pageSize: 2, ...(token === '' ? {} : { pageToken: token }) } })).data);
    pages.push(items);
    token = nextPageToken;
  }
  return pages;
}

const commandOf = async (callId: string) => decodeCallCommand(await eventually(() => gateway.written(topics.callCommands.name, callId)[0] ?? false));

describe('the channels of a tenant', () => {
  it('are those that it may use, without a word of other tenants', async () => {
    expect((await gateway.acme.get('/channels')).data).toMatchObject({ items: [{ channel: 'agents' }, { channel: 'e9-main' }, { channel: 'seats' }] });
    expect((await gateway.globex.get('/channels/globex-only')).data).not.toHaveProperty('tenants');
    expect((await gateway.acme.get('/channels/globex-only')).status).toBe(404);
    expect(await gateway.acme.post('/calls', { from: '13900000001', to: '13900000002', channel: 'globex-only' })).toMatchObject({ status: 422, data: { errors: [{ pointer: '/channel', detail: 'there is no channel globex-only; there are agents, e9-main, seats' }] } });
  });
});

describe('a business', () => {
  it('is kept as it is told, whole, and told again', async () => {
    const shop = { mainNumber: '4008001234', extension: '8001', displayPolicy: 'masked', channels: ['seats', 'e9-main'] };
    expect(await gateway.acme.put('/businesses/shop', shop)).toMatchObject({ status: 200, data: { business: 'shop', ...shop } });
    expect((await gateway.acme.get('/businesses/shop')).data).toEqual({ business: 'shop', ...shop });
    await gateway.acme.put('/businesses/shop', { channels: ['seats'] });
    expect((await gateway.acme.get('/businesses/shop')).data).toEqual({ business: 'shop', channels: ['seats'] });
    expect(await gateway.globex.get('/businesses/shop')).toMatchObject({ status: 404, data: { code: 'no-such-business' } });
    expect(await gateway.acme.put('/businesses/a%20b', {})).toMatchObject({ status: 422, data: { code: 'invalid-business' } });
  });

  it('names channels that its tenant may use, and has all its faults told at once', async () => {
    expect(await gateway.acme.put('/businesses/shop', { channels: ['e9-main', 'none', 'globex-only'], extension: 'x' })).toMatchObject({
      status: 422, data: { errors: [{ pointer: '/extension' }, { pointer: '/channels/1', detail: 'there is no channel none; there are agents, e9-main, seats' }, { pointer: '/channels/2' }] },
    });
  });

  it('is listed with the others of its tenant, page by page', async () => {
    for (const business of ['b1', 'b2', 'b3', '张三']) await gateway.acme.put(`/businesses/${encodeURIComponent(business)}`, {});
    await gateway.globex.put('/businesses/other', {});
    const pages = await pagesOf('/businesses');
    expect(pages.flat()).toEqual(expect.arrayContaining([{ business: 'b1' }, { business: 'b2' }, { business: 'b3' }, { business: '张三' }]));
    expect(pages.flat()).toHaveLength(5);
    expect(pages.length).toBe(3);
    expect((await gateway.acme.get('/businesses', { params: { pageSize: 5 } })).data).not.toHaveProperty('nextPageToken');
    expect(JSON.stringify(pages)).not.toContain('other');
  });

  it('sends its calls to its channels', async () => {
    await gateway.acme.put('/businesses/wide', { mainNumber: '4008001234', displayPolicy: 'passthrough', channels: ['seats', 'e9-main'] });
    const { callId } = Placed.parse((await gateway.acme.post('/calls', { from: '13900000001', to: '13900000002', business: 'wide' })).data);
    expect(await commandOf(callId)).toMatchObject({ kind: 'known', message: { mainNum: '4008001234', channels: ['seats', 'e9-main'] } });
  });
});

describe('a binding', () => {
  const put = (user: string, told: object) => gateway.acme.put(`/bindings/${user}`, told);
  const announced = (user: string) => gateway.written(topics.bindings.name, `acme/${user}`).map(decodeBinding);

  it('is kept with its number masked, announced without it, shown, replaced as a whole, and forgotten by everyone', async () => {
    expect(await put('ann', { agent: 'agent-1', channel: 'e9-main', number: '139 0000 0011' })).toMatchObject({ status: 200, data: { user: 'ann', agent: 'agent-1', channel: 'e9-main', number: '+86139****0011', updatedAt: expect.any(Number) } });
    expect((await gateway.acme.get('/bindings/ann')).data).toMatchObject({ user: 'ann', agent: 'agent-1', number: '+86139****0011' });
    expect(await gateway.globex.get('/bindings/ann')).toMatchObject({ status: 404, data: { code: 'no-such-binding' } });
    expect((await gateway.globex.delete('/bindings/ann')).status).toBe(404);
    expect((await put('ann', { agent: 'agent-2' })).data).toEqual({ user: 'ann', agent: 'agent-2', updatedAt: expect.any(Number) });
    // Many clients name the type of a body that they do not send.
    expect((await gateway.acme.delete('/bindings/ann', { headers: { 'content-type': 'application/json' }, data: '' })).status).toBe(204);
    expect((await gateway.acme.delete('/bindings/ann')).status).toBe(404);
    expect((await gateway.acme.get('/bindings/ann')).status).toBe(404);
    await eventually(() => announced('ann').length === 3);
    expect(announced('ann')).toEqual([
      { kind: 'known', message: { kind: 'kept', value: { tenant: 'acme', user: 'ann', agent: 'agent-1', channel: 'e9-main', updatedAt: expect.any(Number) } } },
      { kind: 'known', message: { kind: 'kept', value: { tenant: 'acme', user: 'ann', agent: 'agent-2', updatedAt: expect.any(Number) } } },
      { kind: 'known', message: { kind: 'forgotten', key: 'acme/ann' } },
    ]);
    for (const { value } of gateway.written(topics.bindings.name, 'acme/ann')) expect(value?.toString() ?? '').not.toMatch(/number|sealed|masked|0011/);
    await put('ben', { agent: 'a', number: '13900000012' });
    const stored = JSON.stringify(await database(`SELECT (SELECT json_agg(b) FROM gateway_binding b) AS b, (SELECT json_agg(convert_from(value, 'UTF8')) FROM log_record WHERE value IS NOT NULL) AS l`));
    expect(stored).toContain('ben');
    expect(stored).not.toContain('3900000012');
  });
  const database = (sql: string) => gateway.database.query(sql);

  it.each<[string, object, { pointer: string; detail: string }[]]>([
    ['a channel that there is not', { channel: 'globex-only' }, [{ pointer: '/channel', detail: 'there is no channel globex-only; there are agents, e9-main, seats' }]],
    ['a seat that there is not', { channel: 'seats', line: '1003' }, [{ pointer: '/line', detail: 'is no line of the channel; seats has 1001, 1002' }]],
    ['no seat like its agent', { channel: 'seats' }, [{ pointer: '/line', detail: 'is needed: no line is named like the agent agent-1; seats has 1001, 1002' }]],
    ['a line where the telephone is the line', { channel: 'e9-main', line: '1001' }, [{ pointer: '/line', detail: 'must be left out: the line of e9-main is the telephone that calls, which number or from tells' }]],
    ['a line where the agent is the line', { channel: 'agents', line: '1001' }, [{ pointer: '/line', detail: 'must be left out: the line of agents is the agent itself' }]],
    ['a line of no channel', { line: '1001' }, [{ pointer: '/line', detail: 'must be left out: a line belongs to a channel, and none is told' }]],
    ['everything wrong', { agent: 'a b', channel: 'X', line: '', number: '110', extra: 1 }, [
      { pointer: '/extra', detail: 'is not a field of this request' }, { pointer: '/agent', detail: expect.any(String) }, { pointer: '/channel', detail: expect.any(String) }, { pointer: '/line', detail: expect.any(String) }, { pointer: '/number', detail: expect.stringContaining('number') },
    ]],
  ])('with %s is refused', async (_what, told, errors) => {
    const answer = await put('bad', { agent: 'agent-1', ...told });
    expect(answer).toMatchObject({ status: 422, data: { code: 'invalid-request' } });
    expect(z.object({ errors: z.array(z.unknown()) }).parse(answer.data).errors).toEqual(expect.arrayContaining(errors));
    expect((await gateway.acme.get('/bindings/bad')).status).toBe(404);
  });

  it('has the seat that is told, or the one named like its agent', async () => {
    expect((await put('sue', { agent: '1002', channel: 'seats' })).data).toMatchObject({ agent: '1002', channel: 'seats', line: '1002' });
    expect((await put('sue', { agent: 'sue', channel: 'seats', line: '1001' })).data).toMatchObject({ line: '1001' });
    await eventually(() => announced('sue').length === 2);
    expect(announced('sue')).toMatchObject([{ message: { value: { line: '1002' } } }, { message: { value: { line: '1001' } } }]);
  });

  it('is listed with the others of its tenant, page by page', async () => {
    for (const user of ['u1', 'u2', 'u3']) await put(user, { agent: 'a' });
    await gateway.globex.put('/bindings/other', { agent: 'a' });
    const pages = await pagesOf('/bindings');
    expect((await gateway.acme.get('/bindings', { params: { pageSize: pages.flat().length } })).data).not.toHaveProperty('nextPageToken');
    expect(pages.flat()).toEqual(expect.arrayContaining(['u1', 'u2', 'u3'].map((user) => ({ user, agent: 'a', updatedAt: expect.any(Number) }))));
    expect(JSON.stringify(pages)).not.toContain('other');
    expect(await gateway.acme.get('/bindings', { params: { pageToken: '!' } })).toMatchObject({ status: 422, data: { errors: [{ pointer: '?pageToken' }] } });
    expect(await gateway.acme.put('/bindings/a%20b', { agent: 'a' })).toMatchObject({ status: 422, data: { code: 'invalid-user' } });
  });

  it('gives its user\'s calls their telephone and agent, unless the call does', async () => {
    await put('tom', { agent: 'agent-7', number: '13900000017' });
    const place = async (told: object) => {
      const answer = await gateway.acme.post('/calls', { user: 'tom', to: '13900000002', ...told });
      expect(answer.status).toBe(202);
      const { callId } = Placed.parse(answer.data);
      const command = await commandOf(callId);
      if (command.kind !== 'known' || command.message.type !== 'cc.call.place.v1') throw new Error('No command');
      return { agent: command.message.agent, caller: new NumberVault(KEY).reveal(command.message.caller.sealed, callId), view: answer.data };
    };
    expect(await place({})).toMatchObject({ agent: 'agent-7', caller: '+8613900000017', view: { caller: '+86139****0017', agent: 'agent-7', user: 'tom' } });
    expect(await place({ from: '13900000018', agent: 'other' })).toMatchObject({ agent: 'other', caller: '+8613900000018' });
  });

  it.each<[string, object, string, string]>([
    ['nobody', {}, '/from', 'must be given, or a user whose binding has a number'],
    ['a user without binding', { user: 'stranger' }, '/from', 'must be given: the user stranger has no binding (PUT /v1/bindings/stranger)'],
    ['a user without number', { user: 'mute' }, '/from', 'must be given: the binding of mute has no number'],
    ['a user who calls himself', { user: 'tim' }, '/to', 'is the number of the binding of tim: one phone would ring twice'],
  ])('gives no telephone to the call of %s, which is told why', async (_who, told, pointer, detail) => {
    await put('mute', { agent: 'a', channel: 'e9-main' });
    await put('tim', { agent: 'a', number: '13900000002' });
    expect(await gateway.acme.post('/calls', { to: '13900000002', ...told })).toMatchObject({ status: 422, data: { errors: [{ pointer, detail }] } });
  });
});
