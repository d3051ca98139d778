import { sitOutAnOutage } from './long-outage';

it('a spool that nobody drains holds its callbacks on disk, not in memory, and gives all of them back in order', async () => {
  const { memoryMebibytes, backlogMebibytes, ...figures } = await sitOutAnOutage(20_000, 4 * 1024 * 1024);
  expect(figures).toMatchObject({ stored: 20_000, readBack: 20_000, inOrder: true, backlogLeftBytes: 0 });
  expect(backlogMebibytes).toBeGreaterThan(15);
  // Garbage that was not collected yet counts as well.
  expect(memoryMebibytes).toBeLessThan(120);
}, 120_000);
