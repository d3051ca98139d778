import { SilentLog } from '@cc/kernel';
import { HandTime } from '../../test/hand-time';
import { CallAnnouncer } from './call-announcer';
import type { Reported } from './deliveries';
import { Exchange, type NewCall } from './exchange';
import { Pace } from './pace';
import type { CallbackManner } from './scenario';
import { Tally } from './tally';

const NOW = 1_700_000_000_000;
const newCall: NewCall = { vendor: 'e9', a: '13912345678', b: '13812340099', echo: undefined, shownToA: undefined, shownToB: undefined, recorded: true, baseUrl: 'http://sim', maxTalkSeconds: undefined };

interface Step extends Reported {
  readonly name: string;
}

/** A vendor that reports every step of a call, and the end with its cause. */
function simulate() {
  const time = new HandTime(NOW);
  const [pace, tally] = [new Pace(1), new Tally()];
  const exchange = new Exchange(time.clock, pace, 1);
  const sent: string[] = [];
  new CallAnnouncer<Step>({ clock: time.clock, timers: time, pace, tally, log: new SilentLog() }, exchange, {
    announces: ({ vendor }) => vendor === 'e9',
    of: ({ times }) => [
      { name: 'a-rings', occurredAt: times.aRingAt },
      ...(times.bRingAt === undefined ? [] : [{ name: 'b-rings', occurredAt: times.bRingAt }]),
      ...(times.connectedAt === undefined ? [] : [{ name: 'talk', occurredAt: times.connectedAt }]),
      { name: 'end', occurredAt: times.endedAt },
    ],
    nameOf: ({ name }) => name,
    deliver: async ({ name, occurredAt }, { times }) => void sent.push(name === 'end' ? `end ${times.end} ${(occurredAt - NOW) / 1000}` : name),
  });
  const callbacks = (manner: CallbackManner): void => void exchange.scripts.add({ vendor: 'e9', scenario: { end: 'a-no-answer', callbacks: manner, times: { ringAAfterSeconds: 1, ringBAfterSeconds: 1, unansweredAfterSeconds: 60 } } });
  return { time, exchange, sent, tally, callbacks };
}

describe('the callbacks of a call', () => {
  test('follow what its people do, each once, and say the end that came', async () => {
    const { time, exchange, sent, callbacks } = simulate();
    callbacks('in-order');
    const call = exchange.place(newCall);
    await time.moveTo(NOW + 20_000);
    expect(sent).toEqual(['a-rings']);
    exchange.play('e9', call.id, 'A', 'answer');
    await time.moveTo(NOW + 30_000);
    expect(sent).toEqual(['a-rings', 'b-rings']);
    exchange.play('e9', call.id, 'B', 'answer');
    await time.moveTo(NOW + 70_000);
    expect(sent).toEqual(['a-rings', 'b-rings', 'talk']);
    exchange.play('e9', call.id, 'B', 'hang-up');
    await time.moveTo(NOW + 2_000_000);
    expect(sent).toEqual(['a-rings', 'b-rings', 'talk', 'end b-hung-up 70']);
  });

  test('say nothing of what a hand prevents', async () => {
    const { time, exchange, sent, callbacks } = simulate();
    callbacks('in-order');
    const call = exchange.place(newCall);
    await time.moveTo(NOW + 20_000);
    exchange.play('e9', call.id, 'A', 'decline');
    await time.moveTo(NOW + 200_000);
    expect(sent).toEqual(['a-rings', 'end a-busy 20']);
  });

  test.each([
    ['twice', ['a-rings', 'a-rings', 'b-rings', 'b-rings', 'end b-busy 30', 'end b-busy 30']],
    ['late', ['a-rings', 'b-rings', 'end b-busy 30']],
    ['swapped', ['b-rings', 'a-rings', 'end b-busy 30']],
    ['none', []],
  ] as const)('that come %s follow as well', async (manner, wanted) => {
    const { time, exchange, sent, callbacks } = simulate();
    callbacks(manner);
    const call = exchange.place(newCall);
    await time.moveTo(NOW + 20_000);
    exchange.play('e9', call.id, 'A', 'answer');
    await time.moveTo(NOW + 30_000);
    exchange.play('e9', call.id, 'B', 'decline');
    await time.moveTo(NOW + 200_000);
    expect(sent).toEqual(wanted);
  });

  test('of another vendor are not this vendor’s', async () => {
    const { time, exchange, sent } = simulate();
    exchange.place({ ...newCall, vendor: 'hw' });
    await time.moveTo(NOW + 200_000);
    expect(sent).toEqual([]);
  });

  test('are lost while the vendor is silent, for calls of before as well, and only then', async () => {
    const { time, exchange, sent, tally } = simulate();
    const call = exchange.place(newCall);
    await time.moveTo(NOW + 5000);
    exchange.outages.begin('e9', { callbacks: 'none' });
    exchange.play('e9', call.id, 'A', 'answer');
    await time.moveTo(NOW + 15_000);
    exchange.outages.end('e9');
    exchange.play('e9', call.id, 'B', 'answer');
    await time.moveTo(NOW + 20_000);
    expect(sent).toEqual(['a-rings', 'talk']);
    expect(tally.all()).toEqual({ 'e9.callback.silenced': 1 });
  });
});
