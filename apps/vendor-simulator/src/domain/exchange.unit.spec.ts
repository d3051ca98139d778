import { HandTime } from '../../test/hand-time';
import { Exchange, type NewCall } from './exchange';
import { legsOf } from './hand';
import { Pace } from './pace';
import { summarizeRings } from './ring-summary';
import type { Ring, SimulatedCall } from './simulated-call';

const NOW = 1_700_000_000_000;
const newCall: NewCall = { vendor: 'e9', a: '13912345678', b: '13812340080', echo: undefined, shownToA: undefined, shownToB: undefined, recorded: true, baseUrl: 'http://sim', maxTalkSeconds: undefined };

function simulate(seed = 1, speed = 1) {
  const time = new HandTime(NOW);
  return { time, exchange: new Exchange(time.clock, new Pace(speed), seed) };
}

const offsetsOf = ({ times }: SimulatedCall): (number | undefined)[] =>
  [times.aRingAt, times.aAnsweredAt, times.bRingAt, times.connectedAt, times.endedAt].map((at) => (at === undefined ? undefined : at - NOW));

describe('a dial', () => {
  test.each([
    ['b-hung-up', [1000, 3000, 6000, 10_000, 15_000]],
    ['max-duration', [1000, 3000, 6000, 10_000, 15_000]],
    ['b-no-answer', [1000, 3000, 6000, undefined, 12_000]],
    ['b-busy', [1000, 3000, 6000, undefined, 7000]],
    ['a-no-answer', [1000, undefined, undefined, undefined, 7000]],
    ['a-busy', [1000, undefined, undefined, undefined, 2000]],
  ] as const)('has the times that its script gives, for the end %s', (end, offsets) => {
    for (const speed of [1, 10]) {
      const { exchange } = simulate(1, speed);
      exchange.scripts.add({ vendor: 'e9', scenario: { end, times: { ringAAfterSeconds: 1, answerAAfterSeconds: 2, ringBAfterSeconds: 3, answerBAfterSeconds: 4, talkSeconds: 5, unansweredAfterSeconds: 6 } } });
      const { call, scenario } = exchange.dial(newCall);
      expect(call === undefined ? [] : offsetsOf(call)).toEqual(offsets.map((at) => (at === undefined ? undefined : at / speed)));
      expect([call?.times.end, scenario.name]).toEqual([end, 'script-1']);
    }
  });

  test('is by the last digits where no script fits, and places a call or none', () => {
    const { exchange } = simulate();
    expect(exchange.dial(newCall)).toMatchObject({ scenario: { name: 'answered' }, call: { b: newCall.b }, manner: { manner: 'accepted', afterSeconds: 0 } });
    expect(['85', '94'].map((digits) => exchange.dial({ ...newCall, b: `138123400${digits}` }))).toMatchObject([{ call: undefined, manner: { manner: 'refused' } }, { call: undefined, manner: { manner: 'failed' } }]);
    exchange.scripts.add({ number: newCall.b, scenario: { dial: 'failed', placed: true } });
    expect(exchange.dial(newCall)).toMatchObject({ call: { b: newCall.b }, manner: { manner: 'failed' } });
    expect(exchange.all()).toHaveLength(2);
  });

  test('is answered as late as it should be', () => {
    const { exchange } = simulate(1, 10);
    const after = (scenario: object): number => {
      exchange.scripts.add({ vendor: 'e9', calls: 1, scenario: { times: { ringAAfterSeconds: 1, answerAAfterSeconds: 1, ringBAfterSeconds: 1, answerBAfterSeconds: 1, talkSeconds: 6 }, ...scenario } });
      return exchange.dial(newCall).manner.afterSeconds;
    };
    expect([after({ dial: 'slow' }), after({ dial: 'slow', answerAfterSeconds: 0.5 })]).toEqual([12, 0.5]);
    expect([after({ dial: 'answer-after-callbacks' }), after({ dial: 'answer-after-callbacks', callbacks: 'late' }), after({ dial: 'answer-after-callbacks', answerAfterSeconds: 3 })]).toEqual([11, 41, 3]);
  });
});

describe('an outage', () => {
  test('turns away its share of dials, the same ones for the same seed, and leaves the durations alone', () => {
    const outcomes = (seed: number, refuse: number): string => {
      const { exchange } = simulate(seed);
      exchange.outages.begin('e9', { refuse });
      return Array.from({ length: 500 }, () => (exchange.dial(newCall).manner.manner === 'unavailable' ? 'x' : '.')).join('');
    };
    const half = outcomes(7, 0.5);
    expect(half).toBe(outcomes(7, 0.5));
    expect(half).not.toBe(outcomes(8, 0.5));
    expect(half.replaceAll('.', '').length / 500).toBeCloseTo(0.5, 1);
    expect([outcomes(7, 0), outcomes(7, 1)]).toEqual(['.'.repeat(500), 'x'.repeat(500)]);
    const [disturbed, calm] = [simulate(7), simulate(7)];
    disturbed.exchange.outages.begin('e9', { refuse: 1 });
    disturbed.exchange.dial(newCall);
    disturbed.exchange.outages.end('e9');
    expect(disturbed.exchange.dial(newCall).call?.times).toEqual(calm.exchange.dial(newCall).call?.times);
  });

  test('is the vendor’s alone, comes before scripts, and ends by itself at its time', () => {
    const { time, exchange } = simulate();
    exchange.scripts.add({ vendor: 'e9', scenario: { dial: 'never', answerAfterSeconds: 7 } });
    exchange.outages.begin('e9', { dial: 'html', placed: true, until: NOW + 1000 });
    exchange.outages.begin('hw', { refuse: 1 });
    expect(exchange.dial(newCall)).toMatchObject({ manner: { manner: 'html' }, call: { vendor: 'e9' } });
    expect(exchange.dial({ ...newCall, vendor: 'hw' })).toMatchObject({ manner: { manner: 'unavailable' }, call: undefined });
    time.at = NOW + 1000;
    expect([exchange.outages.of('e9'), exchange.dial(newCall).manner.manner]).toEqual([undefined, 'never']);
    exchange.outages.begin('e9', { dial: 'html' });
    expect(exchange.dial(newCall).call).toBeUndefined();
  });
});

describe('a hand', () => {
  const byHand = (b = '13812340099', more: Partial<NewCall> = {}) => {
    const { time, exchange } = simulate();
    const call = exchange.place({ ...newCall, b, ...more });
    const now = (): SimulatedCall => exchange.find('e9', call.id) ?? call;
    const play = (seconds: number, leg: 'A' | 'B', act: 'answer' | 'decline' | 'hang-up'): string => {
      time.at = NOW + seconds * 1000;
      return exchange.play('e9', call.id, leg, act).kind;
    };
    const legs = (seconds: number): string[] => legsOf(now(), NOW + seconds * 1000).map(({ state, can }) => [state, ...can].join(' '));
    return { exchange, call, now, play, legs };
  };

  test('is waited for 60 seconds at each phone', () => {
    const { call, now, play, legs } = byHand();
    expect([call.times.end, call.times.endedAt - call.times.aRingAt]).toEqual(['a-no-answer', 60_000]);
    expect([legs(0), legs(1), legs(100)]).toEqual([['idle', 'idle'], ['ringing answer decline', 'idle'], ['ended', 'ended']]);
    expect(play(30, 'A', 'answer')).toBe('done');
    const { times } = now();
    expect([times.aAnsweredAt, times.end, times.endedAt - (times.bRingAt ?? 0)]).toEqual([NOW + 30_000, 'b-no-answer', 60_000]);
    expect([legs(30), legs(31)]).toEqual([['answered hang-up', 'idle'], ['answered hang-up', 'ringing answer decline']]);
  });

  test('answers and hangs up, and they talk 600 seconds at most, or as long as the dial allows', () => {
    const { now, play, legs } = byHand();
    expect([play(10, 'A', 'answer'), play(20, 'B', 'answer'), legs(21)]).toEqual(['done', 'done', ['answered hang-up', 'answered hang-up']]);
    expect(now().times).toMatchObject({ connectedAt: NOW + 20_000, endedAt: NOW + 620_000, end: 'b-hung-up' });
    expect(play(50, 'A', 'hang-up')).toBe('done');
    expect(now().times).toMatchObject({ aAnsweredAt: NOW + 10_000, connectedAt: NOW + 20_000, endedAt: NOW + 50_000, end: 'a-hung-up' });
    const limited = byHand('13812340099', { maxTalkSeconds: 30 });
    limited.play(10, 'A', 'answer');
    limited.play(20, 'B', 'answer');
    expect(limited.now().times).toMatchObject({ endedAt: NOW + 50_000, end: 'max-duration' });
  });

  test('declines at either phone, and A may leave before B answers', () => {
    const [first, second, third] = [byHand(), byHand(), byHand()];
    expect([first.play(5, 'A', 'decline'), first.now().times]).toMatchObject(['done', { aAnsweredAt: undefined, endedAt: NOW + 5000, end: 'a-busy' }]);
    second.play(5, 'A', 'answer');
    expect([second.play(8, 'B', 'decline'), second.now().times]).toMatchObject(['done', { aAnsweredAt: NOW + 5000, connectedAt: undefined, endedAt: NOW + 8000, end: 'b-busy' }]);
    expect(second.exchange.rings()).toMatchObject([{ leg: 'A', answeredAt: NOW + 5000 }, { leg: 'B', busy: true, endedAt: NOW + 8000 }]);
    third.play(5, 'A', 'answer');
    expect([third.play(8, 'A', 'hang-up'), third.now().times]).toMatchObject(['done', { connectedAt: undefined, endedAt: NOW + 8000, end: 'a-hung-up' }]);
  });

  test('can do only what the phone allows', () => {
    const { exchange, call, play } = byHand();
    expect([play(0, 'A', 'answer'), play(1, 'A', 'hang-up'), play(1, 'B', 'answer'), play(1, 'A', 'answer'), play(1, 'A', 'answer'), play(1, 'A', 'decline'), play(2, 'B', 'hang-up')])
      .toEqual(['impossible', 'impossible', 'impossible', 'done', 'impossible', 'impossible', 'impossible']);
    expect([play(3, 'B', 'decline'), play(4, 'A', 'hang-up')]).toEqual(['done', 'impossible']);
    expect([exchange.play('hw', call.id, 'A', 'answer'), exchange.play('e9', 'x', 'A', 'answer')]).toEqual(Array(2).fill({ kind: 'unknown-call' }));
    const busy = byHand('13812340083');
    expect(busy.play((busy.call.times.aRingAt - NOW) / 1000, 'A', 'answer')).toBe('impossible');
  });

  test('may come before the plan of any scenario, which then goes on from there', () => {
    const { call, now, play } = byHand('13812340080');
    expect(play(1, 'A', 'answer')).toBe('done');
    expect(now().times.aAnsweredAt).toBe(NOW + 1000);
    expect((now().times.connectedAt ?? 0) - (call.times.connectedAt ?? 0)).toBeLessThan(0);
    expect(now().times.end).toBe('b-hung-up');
    const busy = byHand('13812340084');
    busy.play(1, 'A', 'answer');
    expect(busy.now().times.end).toBe('b-busy');
    const unanswered = byHand('13812340082');
    unanswered.play(6, 'B', 'answer');
    expect(unanswered.now().times).toMatchObject({ connectedAt: NOW + 6000, endedAt: NOW + 606_000, end: 'b-hung-up' });
  });
});

test('who follows the exchange sees every call and every change of it', () => {
  const { time, exchange } = simulate();
  const seen: string[] = [];
  exchange.follow(({ vendor, times }) => void seen.push(`${vendor} ${times.end}`));
  const call = exchange.place({ ...newCall, b: '13812340099' });
  exchange.dial({ ...newCall, b: '13812340094' });
  time.at += 5000;
  exchange.play('e9', call.id, 'A', 'answer');
  exchange.play('e9', call.id, 'A', 'answer');
  exchange.hangUp('e9', call.id);
  exchange.hangUp('e9', call.id);
  expect(seen).toEqual(['e9 a-no-answer', 'e9 b-no-answer', 'e9 cancelled']);
});

describe('the rings', () => {
  test('can be asked for by the echo', () => {
    const { time, exchange } = simulate();
    exchange.place({ ...newCall, echo: 'call_1-1' });
    exchange.place({ ...newCall, vendor: 'hw', echo: 'call_1-2' });
    time.at += 60_000;
    expect(exchange.rings({ attempt: 'call_1-2' })).toMatchObject([{ vendor: 'hw', leg: 'A' }, { vendor: 'hw', leg: 'B' }]);
    expect(exchange.rings({ attempt: 'call_1' })).toEqual([]);
  });

  const ring = (echo: string | undefined, leg: 'A' | 'B', ringAt: number, vendor: 'e9' | 'hw' = 'e9'): Ring => ({
    vendor, leg, number: '13800000000', vendorCallId: 'x', scenario: 'answered', ringAt, ...(echo === undefined ? {} : vendor === 'e9' ? { userData: echo } : { callData: echo }),
  });

  test('are counted by echo, and a call that rings a phone twice is found across its attempts and vendors', () => {
    const summary = summarizeRings([
      ring('call_1-1', 'A', 1), ring('call_1-1', 'B', 2), ring('call_2-1', 'A', 3), ring('call_2-2', 'A', 4, 'hw'), ring('call_2-2', 'B', 5, 'hw'), ring(undefined, 'A', 6), ring('call_3-1', 'B', 7), ring('call_3-1', 'B', 8),
    ]);
    expect(summary.items).toEqual([
      { echo: 'call_1-1', ringsOfA: 1, ringsOfB: 1, firstRingAt: 1 }, { echo: 'call_2-1', ringsOfA: 1, ringsOfB: 0, firstRingAt: 3 },
      { echo: 'call_2-2', ringsOfA: 1, ringsOfB: 1, firstRingAt: 4 }, { echo: 'call_3-1', ringsOfA: 0, ringsOfB: 2, firstRingAt: 7 },
    ]);
    expect(summary.doubles).toEqual([{ call: 'call_2', leg: 'A', rings: 2, echoes: ['call_2-1', 'call_2-2'] }, { call: 'call_3', leg: 'B', rings: 2, echoes: ['call_3-1'] }]);
    expect(summary.ringsWithoutEcho).toBe(1);
  });

  test('of one call are one call\'s whatever name the vendor has for the echo, and whatever an adapter puts behind it', () => {
    const { userData: _userData, ...named } = ring('x', 'A', 2);
    expect(summarizeRings([ring('call-9-1_0a1b_2c3d', 'A', 1), { ...named, attemptId: 'call-9-2' }]).doubles).toEqual([{ call: 'call-9', leg: 'A', rings: 2, echoes: ['call-9-1_0a1b_2c3d', 'call-9-2'] }]);
  });
});
