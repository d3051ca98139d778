import { WorkInFlight } from '../src/work-in-flight';

function deferred(): { readonly work: Promise<void>; end(): void } {
  let end = (): void => undefined;
  const work = new Promise<void>((resolve) => (end = resolve));
  return { work, end: () => end() };
}

describe('work in flight', () => {
  it('has room up to its limit, and again when something ends', async () => {
    const inFlight = new WorkInFlight(2);
    const [first, second] = [deferred(), deferred()];
    expect(await inFlight.room()).toBe(2);
    inFlight.begin(first.work);
    expect(await inFlight.room()).toBe(1);
    inFlight.begin(second.work);
    let room: number | undefined;
    const waiting = inFlight.room().then((free) => (room = free));
    await new Promise(setImmediate);
    expect(room).toBeUndefined();
    first.end();
    await waiting;
    expect(room).toBe(1);
    second.end();
  });

  it('knows what it is on until that ends', async () => {
    const inFlight = new WorkInFlight(Number.POSITIVE_INFINITY);
    const [one, other] = [deferred(), deferred()];
    inFlight.begin(one.work, 'e9');
    inFlight.begin(other.work);
    expect([inFlight.isOn('e9'), inFlight.isOn('hw')]).toEqual([true, false]);
    one.end();
    await new Promise(setImmediate);
    expect(inFlight.isOn('e9')).toBe(false);
    other.end();
  });

  it('is drained when all has ended', async () => {
    const inFlight = new WorkInFlight(5);
    const [one, other] = [deferred(), deferred()];
    inFlight.begin(one.work);
    inFlight.begin(other.work, 'x');
    let drained = false;
    const draining = inFlight.drained().then(() => (drained = true));
    one.end();
    await new Promise(setImmediate);
    expect(drained).toBe(false);
    other.end();
    await draining;
    expect(await inFlight.room()).toBe(5);
  });

  it('is left in the middle by whoever has waited long enough', async () => {
    jest.useFakeTimers();
    try {
      const inFlight = new WorkInFlight(1);
      inFlight.begin(new Promise(() => undefined));
      const draining = inFlight.drained();
      await jest.advanceTimersByTimeAsync(8000);
      await draining;
    } finally {
      jest.useRealTimers();
    }
  });
});
