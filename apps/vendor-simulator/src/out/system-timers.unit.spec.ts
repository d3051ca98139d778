import { SystemTimers } from './system-timers';

test('work happens once, called-off work never, and a stop ends pauses and drops the rest', async () => {
  const timers = new SystemTimers();
  const done: string[] = [];
  timers.after(60_000, () => done.push('never: stopped'));
  timers.after(1, () => done.push('never: called off'))();
  await new Promise<void>((resolve) => void timers.after(2, () => { done.push('once'); resolve(); }));
  const long = timers.pause(60_000);
  timers.onModuleDestroy();
  await long;
  await timers.pause(60_000);
  timers.after(0, () => done.push('never: too late'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual(['once']);
});
