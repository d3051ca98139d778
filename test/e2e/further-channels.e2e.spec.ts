import { eventually } from '@cc/testing';
import { place, ringsOf, rowOf, settled, type PlacedCall } from './calls';
import { startSystem, type System } from './system';

const SETTLE_LIMIT_MS = 120_000;
const FIRST_SEAT = 20_001;
const FIRST_SEAT_PHONE = 40_001;

/** One call of each kind on each further protocol; what differs between vendors' words is in the conformance suite and the simulator's own tests. */
const channels = [
  { channel: 'hw-voice', vendor: 'hw', busy: '4', records: true },
  { channel: 'jy-main', vendor: 'jy', busy: '4', records: true },
  // A seat tells no busy from no answer, and this vendor's recordings cannot be fetched.
  { channel: 'hw-seats', vendor: 'hw', busy: '2', records: false },
] as const;
const kinds = [
  { digits: '80', name: 'answered', closeType: '0' },
  { digits: '82', name: 'B does not answer', closeType: '2' },
  { digits: '84', name: 'B is busy', closeType: 'busy' },
  { digits: '90', name: 'every message twice', closeType: '0' },
  { digits: '93', name: 'the dial\'s answer is lost', closeType: '0' },
] as const;

describe('further protocols', () => {
  let system: System;
  const placed = new Map<string, PlacedCall>();

  beforeAll(async () => {
    system = await startSystem('postgres');
    let index = 0;
    for (const { channel, records } of channels) {
      if (channel === 'hw-seats') await eventually(async () => (await system.database.query(`SELECT FROM router_seat WHERE sealed IS NOT NULL`)).length === kinds.length, { limitMs: 30_000 });
      for (const [seat, { digits }] of kinds.entries()) placed.set(`${channel}/${digits}`, await place(system, (index += 1), digits, { channel, agent: String(FIRST_SEAT + seat), record: records }));
    }
  }, 120_000);

  afterAll(async () => {
    await system?.stop();
  }, 60_000);

  test('a binding takes effect without a restart, and the call of the user goes by its channel and seat', async () => {
    const user = `user-${Date.now()}`;
    const from = '+8613800009999';
    expect((await system.api.put(`/bindings/${user}`, { agent: '20005', channel: 'hw-seats', number: from })).status).toBe(200);
    await eventually(async () => {
      const { data } = await system.api.post<{ route: { basis: string; channel?: string } }>('/route-simulations', { user, to: '+8613900009980' });
      return data.route.basis === 'binding' && data.route.channel === 'hw-seats';
    }, { limitMs: 10_000, everyMs: 20 });
  }, 60_000);

  describe.each(channels)('$channel', ({ channel, vendor, busy, records }) => {
    test.each(kinds.map((kind, seat) => ({ ...kind, seat })))('$name', async ({ digits, closeType, seat }) => {
      const call = placed.get(`${channel}/${digits}`);
      if (call === undefined) throw new Error('the call was not placed');
      await settled(system, call.callId, SETTLE_LIMIT_MS);
      const row = await rowOf(system.database, call.callId);
      const type = closeType === 'busy' ? busy : closeType;
      expect(row).toMatchObject({ channel: vendor, channel_id: channel, state: 'close', close_type: type, record_state: 'complete', attempts: 1 });
      if (type === '0') {
        expect(row['conn_time']).not.toBeNull();
        expect(row['recording_status']).toBe(records ? 'archived' : 'none');
      }
      expect(await ringsOf(system, channel === 'hw-seats' ? String(FIRST_SEAT_PHONE + seat) : call.from)).toHaveLength(1);
      expect(await ringsOf(system, call.to)).toHaveLength(1);
    }, SETTLE_LIMIT_MS);
  });
});
