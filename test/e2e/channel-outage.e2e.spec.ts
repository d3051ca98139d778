import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '@cc/kernel';
import { eventually } from '@cc/testing';
import { z } from 'zod';
import { numbersFor, rowOf, settled } from './calls';
import { startSystem, type System } from './system';

/** Quick enough for a test; the rest of the thresholds as they are by default. */
const HEALTH = { silenceSeconds: 8, coolDownSeconds: 6, windowSeconds: 10 };
const CALL_EVERY_MS = 250;
const SETTLE_LIMIT_MS = 180_000;

const Channels = z.object({ items: z.array(z.object({ channel: z.string(), state: z.string(), reason: z.string(), recovering: z.boolean().optional() })) });
const Summary = z.object({ doubles: z.array(z.unknown()), items: z.array(z.object({ echo: z.string(), ringsOfA: z.number() })) });
type Shown = z.infer<typeof Channels>['items'][number];

/** e9 begins to refuse, then falls silent, then recovers, while applications place four calls a second: the calls move away and come back by themselves. */
describe('a channel that fails, falls silent and recovers', () => {
  let system: System;
  const told: string[] = [];
  const callIds: string[] = [];
  const began = Date.now();
  const say = (line: string): void => void told.push(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);

  beforeAll(async () => {
    system = await startSystem('postgres', { speed: 20, health: HEALTH, settings: { CC_CHANNEL_ROUTER_GRACE_SECONDS: '2', CC_CHANNEL_ROUTER_QUERY_SECONDS: '10' } });
  }, 120_000);

  afterAll(async () => {
    if (system !== undefined) writeFileSync(join(system.logDir, 'channel-outage.txt'), `${told.join('\n')}\n`);
    await system?.stop();
  }, 60_000);

  const shown = async (channel: string): Promise<Shown | undefined> => Channels.parse((await system.api.get<unknown>('/channels')).data).items.find((one) => one.channel === channel);
  const attemptsOn = async (channel: string): Promise<number> => (await system.database.query(`SELECT FROM router_attempt WHERE channel = $1`, [channel])).length;
  const reaches = async (state: string, recovering?: boolean): Promise<void> => {
    await eventually(async () => {
      const now = await shown('e9-main');
      return now?.state === state && (recovering === undefined || (now.recovering ?? false) === recovering);
    }, { limitMs: 60_000, everyMs: 100 });
  };

  test('the switch, the trial calls and the return are seen; no call is lost, nobody is rung twice', async () => {
    const ending = new AbortController();
    const calling = placeCalls(ending.signal);
    const watching = watchStates(ending.signal);
    await eventually(() => callIds.length >= 20, { limitMs: 60_000 });

    say('e9 refuses every call: the account is over its quota');
    await system.simulator.put('/control/outages/e9', { refuse: 1 });
    await reaches('down');
    const beforeDown = await attemptsOn('e9-main');
    await pause(3000);
    expect(await attemptsOn('e9-main')).toBe(beforeDown);
    await reaches('degraded', true);
    await reaches('down');

    say('e9 takes calls again, and tells nothing of them');
    await system.simulator.put('/control/outages/e9', { dial: 'placed-normally', callbacks: 'none' });
    await reaches('degraded', true);
    await reaches('down');

    say('e9 is well');
    await system.simulator.delete('/control/outages/e9');
    await reaches('up');
    const afterReturn = await attemptsOn('e9-main');
    await eventually(async () => (await attemptsOn('e9-main')) > afterReturn + 5, { limitMs: 30_000 });
    ending.abort();
    await Promise.all([calling, watching]);

    await Promise.all(callIds.map((callId) => settled(system, callId, SETTLE_LIMIT_MS)));
    for (const callId of callIds) expect(await rowOf(system.database, callId)).toMatchObject({ state: 'close', close_type: '0' });
    const { doubles, items } = Summary.parse((await system.simulator.get<unknown>('/control/rings/summary')).data);
    expect(doubles).toEqual([]);
    expect(items.filter(({ ringsOfA }) => ringsOfA === 1)).toHaveLength(callIds.length);
    say(`${callIds.length} calls, each closed as 0 with one ring of each leg; ${await attemptsOn('e9-main')} attempts on e9-main, ${await attemptsOn('hw-main')} on hw-main`);
  }, 420_000);

  async function placeCalls(signal: AbortSignal): Promise<void> {
    for (let index = 1; !signal.aborted; index += 1) {
      const { status, data } = await system.api.post<{ callId: string }>('/calls', { ...numbersFor(index, '80'), business: 'sales' });
      if (status !== 202) throw new Error(`a call was answered ${status}: ${JSON.stringify(data)}`);
      callIds.push(data.callId);
      await pause(CALL_EVERY_MS, signal);
    }
  }

  async function watchStates(signal: AbortSignal): Promise<void> {
    let last = '';
    while (!signal.aborted) {
      const now = await shown('e9-main');
      const line = now === undefined ? '' : `e9-main is ${now.state}${now.recovering === true ? ', recovering' : ''}: ${now.reason}`;
      if (line !== last && line !== '') say(line);
      last = line;
      await pause(100, signal);
    }
  }
});
