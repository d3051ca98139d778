import { eventually } from '@cc/testing';

describe('eventually', () => {
  it('looks again while the check throws or is false, and returns what it found', async () => {
    let looks = 0;
    const found = await eventually(
      () => {
        looks += 1;
        if (looks === 1) throw new Error('not yet');
        return looks < 3 ? false : { looks };
      },
      { everyMs: 1 },
    );
    expect(found).toEqual({ looks: 3 });
  });

  it('takes nothing, 0 and an empty list for an answer', async () => {
    expect(await eventually(() => undefined)).toBeUndefined();
    expect(await eventually(() => 0)).toBe(0);
    expect(await eventually(async () => [])).toEqual([]);
  });

  it('gives up at the limit with what the last look found, even when a look hangs', async () => {
    await expect(eventually(() => Promise.reject(new Error('still closed')), { limitMs: 20, everyMs: 1 })).rejects.toThrow('Not so within 20 ms: still closed');
    await expect(eventually(() => false, { limitMs: 5, everyMs: 1 })).rejects.toThrow('Not so within 5 ms: it was false');
    await expect(eventually(() => new Promise(() => undefined), { limitMs: 20 })).rejects.toThrow('The last look');
  });
});
