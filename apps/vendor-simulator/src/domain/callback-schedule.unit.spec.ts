import { HandTime } from '../../test/hand-time';
import { CallbackSchedule } from './callback-schedule';
import type { Reported } from './deliveries';
import { Exchange } from './exchange';
import { Pace } from './pace';

const NOW = 1_700_000_000_000;

function schedule() {
  const time = new HandTime(NOW);
  const pace = new Pace(1);
  const call = new Exchange(time.clock, pace, 1).place({ vendor: 'e9', a: '13912345678', b: '13812345680', echo: undefined, shownToA: undefined, shownToB: undefined, recorded: true, baseUrl: 'http://sim', maxTalkSeconds: undefined });
  const sent: number[] = [];
  const callbacks = new CallbackSchedule<Reported>({ clock: time.clock, timers: time, pace }, async ({ occurredAt }) => void sent.push((occurredAt - NOW) / 1000));
  const at = (seconds: number, sentAfterSeconds = seconds) => ({ notification: { occurredAt: NOW + seconds * 1000 }, sendAt: NOW + sentAfterSeconds * 1000 });
  const nameOf = ({ occurredAt }: Reported): string => String(occurredAt);
  return { time, call, sent, callbacks, at, nameOf };
}

test('what is planned anew replaces what waits, and what was sent is not sent again, nor before its time', async () => {
  const { time, call, sent, callbacks, at, nameOf } = schedule();
  callbacks.plan(call, [at(1), at(1), at(5), at(9)], nameOf);
  await time.moveTo(NOW + 2000);
  callbacks.plan(call, [at(1), at(1), at(3), at(7)], nameOf);
  await time.moveTo(NOW + 4000);
  expect(sent).toEqual([1, 1, 3]);
  callbacks.plan(call, [at(1), at(3), at(2)], nameOf);
  await time.moveTo(NOW + 60_000);
  expect(sent).toEqual([1, 1, 3, 2]);
});
