import { decodeCallCommand, encodeRouteSimulation, topics, type Route, type WireRecord } from '@cc/contracts';
import { NumberVault, SilentLog, SystemClock } from '@cc/kernel';
import { eventually } from '@cc/testing';
import { SimulationUpkeep } from '../src/in/simulation-upkeep';
import { SimulationCatalogue } from '../src/out/simulation-catalogue';
import { health } from './announced-channel';
import { KEY, startGateway, type RunningGateway } from './running-gateway';

const route: Route = { basis: 'all', channel: 'e9-main', candidates: [{ channel: 'e9-main', state: 'up', score: 1, weight: 1, liveCalls: 0 }] };
const ANSWER_SECONDS = 10;

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startGateway({ CC_CALL_GATEWAY_SIMULATION_ANSWER_SECONDS: String(ANSWER_SECONDS) });
  await gateway.announce(health('e9-main', { state: 'down' }));
}, 60_000);
afterAll(() => gateway.stop(), 30_000);

const asked = (): readonly WireRecord[] => gateway.written(topics.callCommands.name);
const answer = (simulationId: string, tenant = 'acme') => gateway.eventLog.append(topics.routeSimulations.name, [encodeRouteSimulation({ simulationId, tenant, route, decidedAt: 1 })]);

it('asks the router, places nothing, and answers with its route, also while every channel is down', async () => {
  await gateway.acme.put('/bindings/tom', { agent: 'agent-7', number: '13900000017' });
  const begun = Date.now();
  const simulation = gateway.acme.post('/route-simulations', { user: 'tom', to: '13900000002', record: true, whenBusy: 'reject' });
  const { key } = await eventually(() => asked()[0] ?? false);
  const command = decodeCallCommand(asked()[0] ?? { key, value: null, headers: {} });
  expect(command).toMatchObject({ kind: 'known', message: { type: 'cc.call.simulate-route.v1', callId: key, tenant: 'acme', agent: 'agent-7', user: 'tom', record: true, whenBusy: 'reject' } });
  if (command.kind !== 'known' || command.message.type !== 'cc.call.simulate-route.v1') throw new Error('No simulation');
  expect(new NumberVault(KEY).reveal(command.message.caller.sealed, key)).toBe('+8613900000017');
  await answer(key);
  expect(await simulation).toMatchObject({ status: 200, data: { route } });
  expect(Date.now() - begun).toBeLessThan(ANSWER_SECONDS * 1000);
  expect((await gateway.acme.get('/calls')).data).toEqual({ items: [] });
  expect((await gateway.acme.get(`/calls/${key}`)).status).toBe(404);
});

it('has the faults of a call', async () => {
  const before = asked().length;
  expect(await gateway.acme.post('/route-simulations', { to: '110', channel: 'none', extra: 1 })).toMatchObject({ status: 422, data: { errors: [{ pointer: '/extra' }, { pointer: '/from' }, { pointer: '/to' }, { pointer: '/channel' }] } });
  expect(asked()).toHaveLength(before);
});

it('says that the router is silent when it does not answer in time, and takes no answer to another tenant', async () => {
  const before = asked().length;
  const simulation = gateway.acme.post('/route-simulations', { from: '13900000001', to: '13900000002' });
  const { key } = await eventually(() => asked()[before] ?? false);
  await answer(key, 'globex');
  expect(await simulation).toMatchObject({ status: 503, headers: { 'retry-after': '2' }, data: { code: 'router-silent', retriable: true } });
}, 25_000);

it('forgets its answers after an hour', async () => {
  await answer('old');
  await eventually(async () => (await gateway.database.query(`SELECT 1 FROM gateway_route_simulation WHERE simulation_id = 'old'`)).length === 1);
  await gateway.database.query(`UPDATE gateway_route_simulation SET received = $1 WHERE simulation_id = 'old'`, [Date.now() - 3_700_000]);
  const fresh = new SimulationUpkeep(new SimulationCatalogue(gateway.database), new SystemClock(), new SilentLog());
  fresh.onApplicationBootstrap();
  const left = await eventually(async () => {
    const rows = await gateway.database.query<{ simulation_id: string }>('SELECT simulation_id FROM gateway_route_simulation');
    return rows.every(({ simulation_id: id }) => id !== 'old') && rows;
  });
  expect(left.length).toBeGreaterThan(0);
  await fresh.onModuleDestroy();
});
