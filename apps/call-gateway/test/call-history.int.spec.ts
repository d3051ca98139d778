import { CallEvent } from '@cc/contracts';
import { eventually } from '@cc/testing';
import { z } from 'zod';
import { health } from './announced-channel';
import { startGateway, type RunningGateway } from './running-gateway';

const Placed = z.object({ callId: z.string() });
const Items = z.object({ items: z.array(z.unknown()) });

describe('the history of a call', () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startGateway();
    await gateway.announce(health('e9-main'));
  }, 60_000);
  afterAll(() => gateway.stop(), 30_000);

  it('has each attempt and each route of the router, for its tenant alone', async () => {
    const { callId } = Placed.parse((await gateway.acme.post('/calls', { from: '13900000001', to: '13900000002' })).data);
    expect((await gateway.acme.get(`/calls/${callId}/attempts`)).data).toEqual({ items: [] });
    expect(await gateway.acme.get(`/calls/${callId}/route`)).toMatchObject({ status: 404, data: { code: 'no-route-yet' } });
    const told = { callId, tenant: 'acme', occurredAt: 5, recordedAt: 5, source: 'router', channel: 'e9-main' };
    const route = { basis: 'all', channel: 'e9-main', candidates: [{ channel: 'e9-main', state: 'up', score: 1, weight: 1, liveCalls: 0 }, { channel: 'x', state: 'down', score: 0, weight: 1, liveCalls: 0, excluded: { code: 'down', reason: 'is down' } }] };
    await gateway.tell(
      CallEvent.parse({ ...told, type: 'cc.call.attempt-started.v1', id: 'a-1/started', attemptId: 'a-1', vendor: 'e9', attemptNumber: 1, recordRequested: false, route }),
      CallEvent.parse({ ...told, type: 'cc.call.attempt-refused.v1', id: 'a-1/refused', attemptId: 'a-1', class: 'not-sent', reason: 'connection refused' }),
      CallEvent.parse({ ...told, type: 'cc.call.ended.v1', id: `${callId}/ended`, occurredAt: 6, recordedAt: 6, closeType: 7, endedBy: 'cc', route: { ...route, channel: undefined } }),
    );
    await eventually(async () => Items.parse((await gateway.acme.get(`/calls/${callId}/events`)).data).items.length === 4);
    expect((await gateway.acme.get(`/calls/${callId}/attempts`)).data).toEqual({ items: [{ attemptId: 'a-1', number: 1, channel: 'e9-main', vendor: 'e9', state: 'refused', startedAt: 5, refusal: { class: 'not-sent', reason: 'connection refused' } }] });
    expect((await gateway.acme.get(`/calls/${callId}/route`)).data).toEqual({ items: [{ attemptId: 'a-1', decidedAt: 5, route }, { decidedAt: 6, route: { basis: 'all', candidates: route.candidates } }] });
    for (const path of ['attempts', 'route']) {
      expect(await gateway.globex.get(`/calls/${callId}/${path}`)).toMatchObject({ status: 404, data: { code: 'no-such-call' } });
      expect((await gateway.acme.get(`/calls/%00/${path}`)).status).toBe(404);
    }
  });

  it('does not depend on the order in which its events are kept: what CC learnt first comes first, and counts', async () => {
    const { callId } = Placed.parse((await gateway.acme.post('/calls', { from: '13900000003', to: '13900000004' })).data);
    const route = { basis: 'all', candidates: [] };
    const event = (name: string, id: string, recordedAt: number, told: object) => CallEvent.parse({ type: `cc.call.${name}.v1`, id, callId, tenant: 'acme', occurredAt: 5, recordedAt, source: 'router', channel: 'e9-main', ...told });
    const started = (id: string, recordedAt: number, attemptId: string) => event('attempt-started', id, recordedAt, { attemptId, vendor: 'e9', attemptNumber: 1, recordRequested: false, route });
    await gateway.tell(
      event('attempt-accepted', 'a', 30, { attemptId: 'first', vendorCallId: 'told-later' }), event('attempt-accepted', 'z', 20, { attemptId: 'first', vendorCallId: 'told-first' }),
      started('b', 40, 'third'), started('d', 10, 'second'), started('c', 10, 'first'),
    );
    const routes = async () => z.object({ items: z.array(z.object({ attemptId: z.string() })) }).safeParse((await gateway.acme.get(`/calls/${callId}/route`)).data).data?.items ?? [];
    await eventually(async () => (await routes()).length === 3);
    expect((await routes()).map(({ attemptId }) => attemptId)).toEqual(['first', 'second', 'third']);
    // A copy that was learnt earlier takes the place of the one that came first.
    await gateway.tell(started('b', 5, 'third'), started('b', 7, 'third'));
    await eventually(async () => (await routes())[0]?.attemptId === 'third');
    expect((await routes()).map(({ attemptId }) => attemptId)).toEqual(['third', 'first', 'second']);
    expect((await gateway.acme.get(`/calls/${callId}/attempts`)).data).toMatchObject({ items: [{ attemptId: 'first', vendorCallId: 'told-first' }, { attemptId: 'second' }, { attemptId: 'third', startedAt: 5 }] });
  });
});
