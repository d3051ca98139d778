import { decodeCallCommand, topics } from '@cc/contracts';
import { eventually } from '@cc/testing';
import { z } from 'zod';
import { health, startGateway, type RunningGateway } from './running-gateway';

const Placed = z.object({ callId: z.string() });
const Page = z.object({ items: z.array(z.looseObject({})), nextPageToken: z.string().optional() });

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startGateway();
  expect(await gateway.acme.put('/businesses/early', { channels: ['e9-main'] })).toMatchObject({ status: 503, data: { code: 'no-channels-yet' } });
  await gateway.announce(health('e9-main', { line: { kind: 'caller' } }), health('globex-only', { tenants: ['globex'] }), health('seats', { line: { kind: 'seat', names: ['1001', '1002'] } }), health('agents', { line: { kind: 'agent' }, tenants: ['acme'] }));
  await eventually(async () => (await gateway.acme.get('/channels/agents')).status === 200);
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
    expect(pages.length).toBeGreaterThanOrEqual(3);
    expect(JSON.stringify(pages)).not.toContain('other');
  });

  it('sends its calls to its channels', async () => {
    await gateway.acme.put('/businesses/wide', { mainNumber: '4008001234', displayPolicy: 'passthrough', channels: ['seats', 'e9-main'] });
    const { callId } = Placed.parse((await gateway.acme.post('/calls', { from: '13900000001', to: '13900000002', business: 'wide' })).data);
    expect(await commandOf(callId)).toMatchObject({ kind: 'known', message: { mainNum: '4008001234', channels: ['seats', 'e9-main'] } });
  });
});
