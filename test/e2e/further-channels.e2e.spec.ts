import { place, ringsOf, rowOf, settled, type PlacedCall } from './calls';
import { startSystem, type System } from './system';

const SETTLE_LIMIT_MS = 120_000;

/** One call of each kind on each further protocol; what differs between vendors' words is in the conformance suite and the simulator's own tests. */
const channels = [
  { channel: 'hw-voice', vendor: 'hw', busy: '4', records: true },
  { channel: 'jy-main', vendor: 'jy', busy: '4', records: true },
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
    for (const { channel } of channels) {
      for (const { digits } of kinds) placed.set(`${channel}/${digits}`, await place(system, (index += 1), digits, { channel, agent: `agent-${index}`, record: true }));
    }
  }, 120_000);

  afterAll(async () => {
    await system?.stop();
  }, 60_000);

  describe.each(channels)('$channel', ({ channel, vendor, busy, records }) => {
    test.each(kinds)('$name', async ({ digits, closeType }) => {
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
      expect(await ringsOf(system, call.from)).toHaveLength(1);
      expect(await ringsOf(system, call.to)).toHaveLength(1);
    }, SETTLE_LIMIT_MS);
  });
});
