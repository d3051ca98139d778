import { CallEvent, decodeCallCommand, decodeChannelOverride, topics } from '@cc/contracts';
import { eventually } from '@cc/testing';
import type { AxiosInstance } from 'axios';
import { z } from 'zod';
import { health } from './announced-channel';
import { startGateway, type RunningGateway } from './running-gateway';

const Page = z.object({ items: z.array(z.object({ attemptId: z.string() }).loose()), nextPageToken: z.string().optional() });

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startGateway();
  await gateway.announce(health('e9-main'), health('theirs', { tenants: ['globex'] }));
}, 60_000);
afterAll(() => gateway.stop(), 30_000);

describe('a key', () => {
  const tenantRoutes: [string, string][] = [
    ['post', '/calls'], ['get', '/calls'], ['get', '/calls/c'], ['get', '/calls/c/events'], ['get', '/calls/c/attempts'], ['get', '/calls/c/route'], ['get', '/calls/c/recording'], ['post', '/calls/c/cancel'], ['post', '/route-simulations'],
    ['get', '/bindings'], ['get', '/bindings/u'], ['put', '/bindings/u'], ['delete', '/bindings/u'], ['get', '/businesses'], ['get', '/businesses/b'], ['put', '/businesses/b'],
  ];
  const operatorRoutes: [string, string][] = [['get', '/attempts?state=unknown'], ['post', '/attempts/a/resolve'], ['post', '/channels/e9-main/drain'], ['post', '/channels/e9-main/resume'], ['get', '/operator/dead-letters'], ['get', '/operator/dead-letters/record-store/1'], ['post', '/operator/dead-letters/record-store/1/release'], ['post', '/operator/dead-letters/record-store/1/drop'], ['post', '/operator/records/rebuild'], ['get', '/operator/quarantine'], ['post', '/operator/quarantine/ntf-1/release'], ['post', '/operator/quarantine/ntf-1/drop']];
  const openToBoth: [string, string][] = [['get', '/channels'], ['get', '/channels/e9-main']];
  const ask = (client: AxiosInstance, method: string, url: string) => client.request({ method, url, ...(method === 'get' || method === 'delete' ? {} : { data: {} }) });

  it.each(tenantRoutes)('of an operator does not open %s %s', async (method, path) => {
    expect(await ask(gateway.olga, method, path)).toMatchObject({ status: 403, data: { code: 'forbidden', retriable: false, detail: expect.stringContaining("an application's key") } });
  });
  it.each(operatorRoutes)('of an application does not open %s %s', async (method, path) => {
    expect(await ask(gateway.acme, method, path)).toMatchObject({ status: 403, data: { code: 'forbidden', detail: expect.stringContaining("an operator's key (CC_CALL_GATEWAY_OPERATOR_KEYS)") } });
  });
  it.each([...tenantRoutes, ...operatorRoutes, ...openToBoth])('is needed for %s %s', async (method, path) => {
    const headers = { authorization: 'Bearer wrong-key-0123456789abcdefgh' };
    expect(await gateway.acme.request({ method, url: path, headers, ...(method === 'get' || method === 'delete' ? {} : { data: {} }) })).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
  });
  it('of either shows the channels: an operator all of them, with whose they are', async () => {
    expect((await gateway.olga.get('/channels')).data).toMatchObject({ items: [{ channel: 'e9-main' }, { channel: 'theirs', tenants: ['globex'] }] });
    expect((await gateway.acme.get('/channels')).data).toMatchObject({ items: [{ channel: 'e9-main' }] });
  });
});

describe('a channel', () => {
  it('is drained and resumed by an operator, whose name and reason go with the order', async () => {
    expect(await gateway.olga.post('/channels/e9-main/drain', { reason: 'contract ends' })).toMatchObject({ status: 202, data: { channel: 'e9-main', state: 'up' } });
    expect((await gateway.olga.post('/channels/e9-main/resume', { reason: 'prolonged' })).status).toBe(202);
    const orders = await eventually(() => {
      const written = gateway.written(topics.channelOverrides.name, 'e9-main');
      return written.length === 2 && written;
    });
    expect(orders.map(decodeChannelOverride)).toEqual([
      { kind: 'known', message: { channel: 'e9-main', override: 'drain', operator: 'olga', reason: 'contract ends', at: expect.any(Number) } },
      { kind: 'known', message: { channel: 'e9-main', override: 'none', operator: 'olga', reason: 'prolonged', at: expect.any(Number) } },
    ]);
  });
  it('is not drained without a reason, nor when there is none', async () => {
    for (const reason of [undefined, '', 7, 'x'.repeat(201), 'a\u0000']) expect(await gateway.olga.post('/channels/e9-main/drain', { reason })).toMatchObject({ status: 422, data: { errors: [{ pointer: '/reason' }] } });
    expect(await gateway.olga.post('/channels/none/drain', { reason: 'x' })).toMatchObject({ status: 404, data: { code: 'no-such-channel' } });
    expect(gateway.written(topics.channelOverrides.name)).toHaveLength(2);
  });
});

describe('an attempt in doubt', () => {
  const base = (n: number, told: object = {}) => ({ callId: `call-${n}`, tenant: n % 2 === 0 ? 'acme' : 'globex', occurredAt: n, recordedAt: n, source: 'router', attemptId: `attempt-${n}`, channel: 'e9-main', ...told });
  const unknown = (n: number) => CallEvent.parse({ ...base(n), type: 'cc.call.attempt-unknown.v1', id: `attempt-${n}/unknown`, reason: 'no answer within 5000 ms' });
  const ringing = (n: number) => CallEvent.parse({ ...base(n, { source: 'callback' }), type: 'cc.call.a-ringing.v1', id: `attempt-${n}/ringing` });
  const ended = (n: number, source: string) => CallEvent.parse({ ...base(n, { source }), type: 'cc.call.ended.v1', id: `attempt-${n}/ended/${source}`, closeType: 255 });
  const list = async (params: object = {}) => Page.parse((await gateway.olga.get('/attempts', { params: { state: 'unknown', ...params } })).data);
  const idsInDoubt = async (): Promise<string[]> => (await list()).items.map(({ attemptId }) => attemptId);

  it('is listed, of whichever tenant, until anything proves what became of it, whichever was heard first', async () => {
    await gateway.tell(unknown(4), unknown(1), unknown(2), ringing(3), unknown(3), ended(2, 'reaper'), unknown(5));
    await eventually(async () => (await idsInDoubt()).length === 4);
    expect(await idsInDoubt()).toEqual(['attempt-1', 'attempt-2', 'attempt-4', 'attempt-5']);
    expect((await list()).items[0]).toEqual({ attemptId: 'attempt-1', callId: 'call-1', tenant: 'globex', channel: 'e9-main', since: 1, reason: 'no answer within 5000 ms' });
    expect(await list({ pageSize: 4 })).not.toHaveProperty('nextPageToken');
    const first = await list({ pageSize: 3 });
    expect(first.items.map(({ attemptId }) => attemptId)).toEqual(['attempt-1', 'attempt-2', 'attempt-4']);
    expect((await list({ pageSize: 3, pageToken: first.nextPageToken })).items.map(({ attemptId }) => attemptId)).toEqual(['attempt-5']);
    await gateway.tell(ringing(1), ended(5, 'callback'));
    await eventually(async () => (await idsInDoubt()).length === 2);
    expect(await idsInDoubt()).toEqual(['attempt-2', 'attempt-4']);
    expect((await gateway.olga.get('/attempts')).status).toBe(422);
  });

  it("is resolved by an operator's word, which the router is told, and leaves the list when the router has taken it", async () => {
    const answer = await gateway.olga.post('/attempts/attempt-2/resolve', { resolution: 'not-placed', reason: 'the vendor has no such call' });
    expect(answer).toMatchObject({ status: 202, data: { attemptId: 'attempt-2', callId: 'call-2' } });
    const order = await eventually(() => gateway.written(topics.callCommands.name, 'call-2')[0] ?? false);
    expect(decodeCallCommand(order)).toMatchObject({ kind: 'known', message: { type: 'cc.call.resolve-attempt.v1', callId: 'call-2', tenant: 'acme', attemptId: 'attempt-2', resolution: 'not-placed', operator: 'olga', reason: 'the vendor has no such call' } });
    expect(await idsInDoubt()).toContain('attempt-2');
    await gateway.tell(CallEvent.parse({ ...base(2), type: 'cc.call.attempt-resolved.v1', id: 'attempt-2/resolved', resolution: 'not-placed', resolvedBy: 'operator', operator: 'olga', reason: 'x' }));
    await eventually(async () => !(await idsInDoubt()).includes('attempt-2'));
    expect(await gateway.olga.post('/attempts/attempt-2/resolve', { resolution: 'ended', reason: 'x' })).toMatchObject({ status: 404, data: { code: 'not-in-doubt' } });
  });

  it('is not resolved with anything else, and only where it is in doubt', async () => {
    expect(await gateway.olga.post('/attempts/attempt-4/resolve', { resolution: 'lost', extra: 1 })).toMatchObject({ status: 422, data: { errors: expect.arrayContaining([{ pointer: '/resolution', detail: 'must be ended or not-placed' }, { pointer: '/extra', detail: expect.any(String) }]) } });
    for (const id of ['attempt-3', 'none', '%00']) expect(await gateway.olga.post(`/attempts/${id}/resolve`, { resolution: 'ended', reason: 'x' })).toMatchObject({ status: 404, data: { code: 'not-in-doubt' } });
  });
});
