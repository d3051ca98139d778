import { eventually } from '@cc/testing';
import { z } from 'zod';
import { place, ringsOf, rowOf, settled, type PlacedCall } from './calls';
import { serviceNames, startSystem, type Backend, type Service, type System } from './system';

const CALLS = 50;
/** Slow enough for a kill to fall into the middle of the calls. */
const SPEED = 10;
const SETTLE_LIMIT_MS = 180_000;
const ANSWERED = '80';
const SLOWLY_ACCEPTED = '95';

const Rings = z.object({ items: z.array(z.object({ leg: z.string(), endedAt: z.number().optional() })) });

/** kill -9 of each service while fifty calls run, half of them on each vendor, and its restart: nothing is lost, nobody rings twice. */
describe.each<Backend>(['postgres', 'kafka'])('crashes on the %s backend', (backend) => {
  let system: System;
  const callsOf = new Map<Service, PlacedCall[]>();

  beforeAll(async () => {
    system = await startSystem(backend, { speed: SPEED, settings: { CC_CHANNEL_ROUTER_QUERY_SECONDS: '10', CC_CHANNEL_ROUTER_GRACE_SECONDS: '2' } });
    for (const [round, service] of serviceNames.entries()) {
      const calls = await Promise.all(
        Array.from({ length: CALLS }, (_, index) => place(system, 1 + round * CALLS + index, ANSWERED, { record: true, channel: index % 2 === 0 ? 'e9-main' : 'hw-main', agent: `agent-${round}-${index}` })));
      callsOf.set(service, calls);
      await everyoneIsRung(system, (round + 1) * CALLS);
      await system.services[service].kill();
      system.services[service].start();
      await system.services[service].ready();
    }
    await Promise.all([...callsOf.values()].flat().map(({ callId }) => settled(system, callId, SETTLE_LIMIT_MS)));
  }, 420_000);

  afterAll(async () => {
    await system?.stop();
  }, 60_000);

  test.each(serviceNames)('%s killed: 50 closed records, every recording archived, nobody rang twice', async (service) => {
    const calls = callsOf.get(service) ?? [];
    expect(calls).toHaveLength(CALLS);
    for (const call of calls) {
      expect(await rowOf(system.database, call.callId)).toMatchObject({ state: 'close', close_type: '0', record_state: 'complete', recording_status: 'archived', attempts: 1 });
      expect(await ringsOf(system, call.from)).toHaveLength(1);
      expect(await ringsOf(system, call.to)).toHaveLength(1);
    }
  }, 60_000);

  test('nothing is parked and nothing is in quarantine', async () => {
    expect(await system.database.query(`SELECT topic, grp, reason FROM dead_letter`)).toEqual([]);
    expect(await system.database.query(`SELECT reason FROM dispatcher_quarantine`)).toEqual([]);
  });
});

/**
 * The router killed while its dials are under way: some have left and no answer has come back, some may not have left. Where the vendor's
 * messages tell, the call is followed; a call that nobody can name is closed as unknown. Nobody is rung for it again.
 */
describe.each<Backend>(['postgres', 'kafka'])('a crash in the middle of dialling on the %s backend', (backend) => {
  let system: System;

  beforeAll(async () => {
    system = await startSystem(backend, { speed: 30, settings: { CC_CHANNEL_ROUTER_SENDING_SECONDS: '5', CC_CHANNEL_ROUTER_SETUP_SECONDS: '5', CC_CHANNEL_ROUTER_GRACE_SECONDS: '1' } });
  }, 60_000);

  afterAll(async () => {
    await system?.stop();
  }, 60_000);

  test('every call is closed, nobody is rung twice', async () => {
    const calls = await Promise.all(Array.from({ length: 20 }, async (_, index) => {
      const channel = index % 2 === 0 ? 'e9-main' : 'hw-main';
      return { channel, ...(await place(system, 1 + index, SLOWLY_ACCEPTED, { record: true, channel, agent: `agent-${index}` })) };
    }));
    await eventually(async () => (await rings(system)).length > 0, { limitMs: 30_000, everyMs: 5 });
    await system.services['channel-router'].kill();
    expect(await system.database.query(`SELECT FROM router_attempt WHERE state = 'sending'`)).not.toEqual([]);
    system.services['channel-router'].start();
    await system.services['channel-router'].ready();
    await Promise.all(calls.map(({ callId }) => settled(system, callId, SETTLE_LIMIT_MS)));
    for (const { channel, callId, from, to } of calls) {
      const row = await rowOf(system.database, callId);
      const rung = (await ringsOf(system, from)).length;
      expect(rung).toBeLessThanOrEqual(1);
      expect((await ringsOf(system, to)).length).toBe(rung);
      expect(row).toMatchObject({ state: 'close', attempts: 1 });
      // The dial of a call that nobody was rung for had not left; nobody can know that.
      if (rung === 0) expect(row).toMatchObject({ close_type: '255', recording_status: 'failed' });
      else if (channel === 'e9-main') expect(row).toMatchObject({ close_type: '0', recording_status: 'archived' });
      else expect(['0', '255']).toContain(row['close_type']);
    }
  }, 240_000);
});

/** All calls so far have rung their first leg and are known by their vendor's id, and some of them still run. */
async function everyoneIsRung(system: System, callsSoFar: number): Promise<void> {
  await eventually(async () => {
    const named = await system.database.query(`SELECT FROM router_attempt WHERE vendor_call_id IS NOT NULL`);
    return named.length >= callsSoFar && (await rings(system)).filter(({ leg }) => leg === 'A').length >= callsSoFar;
  }, { limitMs: 30_000, everyMs: 20 });
  expect((await rings(system)).filter(({ endedAt }) => endedAt === undefined)).not.toEqual([]);
}

async function rings(system: System): Promise<z.infer<typeof Rings>['items']> {
  return Rings.parse((await system.simulator.get<unknown>('/control/rings')).data).items;
}
