import { eventually } from '@cc/testing';
import axios from 'axios';
import { numbersFor, place, rowOf, settled } from './calls';
import { startSystem, type System } from './system';

const SETTLE_LIMIT_MS = 120_000;

describe('Kafka away', () => {
  let system: System;

  beforeAll(async () => {
    system = await startSystem('kafka');
  }, 120_000);

  afterAll(async () => {
    await system?.stop();
  }, 60_000);

  test('the API soon answers 503 with Retry-After; callbacks are taken even by an ingest that starts meanwhile; all goes on when Kafka is back', async () => {
    const before = await place(system, 1, '80', { channel: 'e9-main', record: true });
    await system.broker?.kill();
    const accepted: string[] = [before.callId];
    const refusal = await eventually(async () => {
      const answer = await system.api.post<{ callId: string; code: string; retriable: boolean }>('/calls', { ...numbersFor(2 + accepted.length, '80'), channel: 'hw-main', notAfterSeconds: 600 });
      if (answer.status === 202) accepted.push(answer.data.callId);
      return answer.status === 503 ? answer : false;
    }, { limitMs: 30_000, everyMs: 500 });
    expect(refusal.headers['retry-after']).toMatch(/^\d+$/);
    expect(refusal.data).toMatchObject({ code: 'log-unavailable', retriable: true });
    expect((await system.api.get(`/calls/${before.callId}`)).status).toBe(200);

    await system.services['e9-callback-ingest'].kill();
    system.services['e9-callback-ingest'].start();
    await system.services['e9-callback-ingest'].ready();
    const callback = '<req><action>CallInvite</action><callId>v-outage</callId><userData>att-outage</userData><userFlag>0</userFlag><dateCreated>20261124120000</dateCreated></req>';
    expect((await axios.post(system.callbackUrl, callback, { headers: { 'content-type': 'application/xml' }, timeout: 10_000, proxy: false })).status).toBe(200);

    await system.broker?.restart();
    await eventually(async () => (await system.database.query(`SELECT FROM dispatcher_pending WHERE header->>'attemptId' = 'att-outage'`)).length === 1, { limitMs: 60_000 });
    await Promise.all(accepted.map((callId) => settled(system, callId, SETTLE_LIMIT_MS)));
    for (const callId of accepted) expect(await rowOf(system.database, callId)).toMatchObject({ state: 'close', close_type: '0' });
    const after = await eventually(() => place(system, 500, '80', { channel: 'e9-main' }), { limitMs: 30_000, everyMs: 500 });
    await settled(system, after.callId, SETTLE_LIMIT_MS);
  }, 240_000);
});
