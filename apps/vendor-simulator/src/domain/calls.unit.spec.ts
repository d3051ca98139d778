import { Clock } from '@cc/kernel';
import { cutTimes, planTimes } from './call-times';
import { Exchange, type NewCall } from './exchange';
import { nationalNumber } from './national-number';
import { Pace } from './pace';
import { mp3Of, wavOf } from './recording-audio';
import { scenarioFor, scenarios } from './scenario';
import { seededRandom } from './seeded-random';
import { phaseAt, ringsOf, shownSeconds, type SimulatedCall } from './simulated-call';

class HandClock extends Clock {
  at = 1_700_000_000_000;
  nowMs(): number {
    return this.at;
  }
}

const middle = (): number => 0.5;
const newCall: NewCall = { vendor: 'e9', a: '13912345678', b: '13812345680', echo: undefined, shownToA: undefined, shownToB: undefined, recorded: true, baseUrl: 'http://sim', maxTalkSeconds: undefined };

describe('scenarios', () => {
  test('are chosen by the last two digits, and everything else is answered', () => {
    expect(new Set(scenarios.map(({ digits }) => digits)).size).toBe(scenarios.length);
    expect(scenarios.map(({ digits }) => scenarioFor(`138000000${digits}`).name)).toEqual(scenarios.map(({ name }) => name));
    expect(['13812345678', '13800138000', '13812345679', '7'].map((to) => scenarioFor(to).name)).toEqual(Array(4).fill('answered'));
  });
});

describe('the course of a call', () => {
  // Offsets from the dial in seconds at the middle of every jitter: A rings, A answers, B rings, B answers, end.
  const rows: [digits: string, max: number | undefined, course: (number | undefined)[], end: string][] = [
    ['80', undefined, [0.55, 3.05, 3.35, 6.85, 24.35], 'b-hung-up'],
    ['80', 10, [0.55, 3.05, 3.35, 6.85, 16.85], 'max-duration'],
    ['80', 18, [0.55, 3.05, 3.35, 6.85, 24.35], 'b-hung-up'],
    ['81', undefined, [0.55, undefined, undefined, undefined, 30.55], 'a-no-answer'],
    ['82', undefined, [0.55, 3.05, 3.35, undefined, 33.35], 'b-no-answer'],
    ['83', undefined, [0.55, undefined, undefined, undefined, 1.55], 'a-busy'],
    ['84', undefined, [0.55, 3.05, 3.35, undefined, 4.35], 'b-busy'],
    ['86', undefined, [0.55, 3.05, 3.35, 6.85, 11.85], 'a-hung-up'],
    ['87', undefined, [0.55, 3.05, 3.35, 6.85, 11.85], 'b-hung-up'],
    ['88', undefined, [0.55, 3.05, 3.35, 6.85, 66.85], 'max-duration'],
    ['88', 300, [0.55, 3.05, 3.35, 6.85, 306.85], 'max-duration'],
  ];
  test.each(rows)('%s with a limit of %s s', (digits, maxTalkSeconds, course, end) => {
    for (const speed of [1, 10]) {
      const times = planTimes({ dialledAt: 1_000_000, scenario: scenarioFor(digits), maxTalkSeconds }, new Pace(speed), middle);
      const offsets = [times.aRingAt, times.aAnsweredAt, times.bRingAt, times.connectedAt, times.endedAt].map((at) => (at === undefined ? undefined : ((at - 1_000_000) * speed) / 1000));
      expect(offsets).toMatchObject(course.map((seconds): unknown => (seconds === undefined ? undefined : expect.closeTo(seconds, 1))));
      expect(times.end).toBe(end);
    }
  });

  test('jitter follows the seed', () => {
    const plan = (seed: number) => planTimes({ dialledAt: 0, scenario: scenarioFor('80'), maxTalkSeconds: undefined }, new Pace(1), seededRandom(seed));
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
    const numbers = Array.from({ length: 2000 }, seededRandom(3));
    expect([Math.min(...numbers) >= 0, Math.max(...numbers) < 1]).toEqual([true, true]);
    expect(numbers.reduce((sum, one) => sum + one, 0) / numbers.length).toBeCloseTo(0.5, 1);
  });

  test('a cut keeps what happened before it', () => {
    const times = planTimes({ dialledAt: 0, scenario: scenarioFor('80'), maxTalkSeconds: undefined }, new Pace(1), middle);
    expect(cutTimes(times, 3200)).toEqual({ aRingAt: 550, aAnsweredAt: 3050, bRingAt: undefined, connectedAt: undefined, endedAt: 3200, end: 'cancelled' });
    expect(cutTimes(times, 10_000)).toMatchObject({ connectedAt: 6850, endedAt: 10_000, end: 'cancelled' });
  });
});

describe('the exchange', () => {
  test('reports every ring up to now, filtered by number and time, until they are cleared', () => {
    const clock = new HandClock();
    const exchange = new Exchange(clock, new Pace(1), 1);
    const dialledAt = clock.at;
    const call = exchange.place(newCall);
    expect([exchange.rings(), phaseAt(call, clock.at)]).toEqual([[], 'waiting']);
    clock.at = call.times.aRingAt;
    expect(exchange.rings()).toEqual([{ vendor: 'e9', leg: 'A', number: newCall.a, vendorCallId: call.id, scenario: 'answered', ringAt: call.times.aRingAt }]);
    expect(phaseAt(call, clock.at)).toBe('calling');
    clock.at = call.times.endedAt - 1;
    expect(phaseAt(call, clock.at)).toBe('talking');
    expect(exchange.rings({ number: '+86 138-1234-5680' })).toMatchObject([{ leg: 'B', answeredAt: call.times.connectedAt }]);
    expect(exchange.rings({ number: '+86 138-1234-5680' })[0]).not.toHaveProperty('endedAt');
    clock.at = call.times.endedAt;
    expect(exchange.rings().map(({ endedAt }) => endedAt)).toEqual([clock.at, clock.at]);
    expect(exchange.rings({ since: (call.times.aAnsweredAt ?? 0) }).map(({ leg }) => leg)).toEqual(['B']);
    expect(exchange.rings({ since: dialledAt, number: '13700000000' })).toEqual([]);
    exchange.clearRings();
    expect(exchange.rings()).toEqual([]);
    clock.at += 1;
    const second = exchange.place({ ...newCall, vendor: 'hw', echo: 'x' });
    clock.at = second.times.endedAt;
    expect(exchange.rings()).toMatchObject([{ vendor: 'hw', leg: 'A', callData: 'x' }, { vendor: 'hw', leg: 'B', callData: 'x' }]);
  });

  test('a busy phone counts as reached, a phone that was not called does not', () => {
    const clock = new HandClock();
    const exchange = new Exchange(clock, new Pace(1), 1);
    const aBusy = exchange.place({ ...newCall, b: '13812345683' });
    const bBusy = exchange.place({ ...newCall, b: '13812345684' });
    clock.at += 60_000;
    expect(exchange.rings().filter(({ vendorCallId }) => vendorCallId === aBusy.id).map(({ leg, busy }) => [leg, busy])).toEqual([['A', true]]);
    expect(exchange.rings().filter(({ vendorCallId }) => vendorCallId === bBusy.id).map(({ leg, busy }) => [leg, busy])).toEqual([['A', undefined], ['B', true]]);
  });

  test('a hang-up before the first ring keeps every phone silent, and an ended call cannot be hung up', () => {
    const clock = new HandClock();
    const exchange = new Exchange(clock, new Pace(1), 1);
    const call = exchange.place(newCall);
    const ended = exchange.hangUp('e9', call.id);
    clock.at += 60_000;
    expect(ended?.times.end).toBe('cancelled');
    expect(exchange.rings()).toEqual([]);
    expect([exchange.hangUp('e9', call.id), exchange.hangUp('hw', call.id), exchange.hangUp('e9', 'unknown')]).toEqual([undefined, undefined, undefined]);
  });

  test('numbers are compared without their country code', () => {
    expect(['13812345678', '+8613812345678', '8613812345678', '008613812345678', '+86-138-1234-5678'].map(nationalNumber)).toEqual(Array(5).fill('13812345678'));
    expect(['86123456', '01086123456'].map(nationalNumber)).toEqual(['86123456', '01086123456']);
  });

  test('seconds are counted between the seconds that the clock shows', () => {
    expect([shownSeconds(1999, 2000), shownSeconds(1000, 1999), shownSeconds(22_000, 31_900)]).toEqual([1, 0, 9]);
  });

  test('a ring that a cut prevented is no ring', () => {
    const call: SimulatedCall = { ...newCall, id: 'x', scenario: scenarioFor('80'), dialledAt: 0, times: { aRingAt: 500, aAnsweredAt: undefined, bRingAt: undefined, connectedAt: undefined, endedAt: 400, end: 'cancelled' } };
    expect(ringsOf(call, 10_000)).toEqual([]);
  });
});

describe('recordings', () => {
  /** Walks an MP3 file frame by frame, as a player does. */
  function mp3Ms(audio: Buffer): number {
    const frames = Array.from({ length: audio.length / 36 }, (_, index) => audio.readUInt32BE(index * 36));
    expect(audio.length % 36).toBe(0);
    expect(new Set(frames).size).toBeLessThanOrEqual(1);
    expect(frames[0] ?? 0xfff318c0).toBe(0xfff318c0);
    return frames.length * 36;
  }

  test.each([0, 1, 36, 37, 999, 17_250, 599_999])('last as long as the call: %s ms', (durationMs) => {
    expect(mp3Ms(mp3Of(durationMs)) - durationMs).toBeGreaterThanOrEqual(0);
    expect(mp3Ms(mp3Of(durationMs)) - durationMs).toBeLessThan(36);
    const wav = wavOf(durationMs);
    expect(wav.readUInt32LE(4)).toBe(wav.length - 8);
    expect(wav.readUInt32LE(54)).toBe(wav.length - 58);
    expect(wav.readUInt32LE(46) / 8).toBeCloseTo(durationMs, 0);
  });

  test('are bounded, and the WAV says A-law and carries a tone', () => {
    expect([mp3Of(3_600_000).length, wavOf(3_600_000).length]).toEqual([mp3Of(600_000).length, wavOf(600_000).length]);
    const wav = wavOf(100);
    expect([wav.toString('latin1', 0, 4), wav.toString('latin1', 8, 16), wav.readUInt16LE(20), wav.readUInt32LE(24)]).toEqual(['RIFF', 'WAVEfmt ', 6, 8000]);
    // 0, the crest and the trough of the tone; 0xd5 is A-law's zero.
    expect([wav[58], wav[58 + 5], wav[58 + 15]]).toEqual([0xd5, 0x82, 0x02]);
  });
});
