import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { murmur2, partitionOf } from '@cc/event-log';
import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { z } from 'zod';
import { AppendQueue, type PendingAppend } from '../src/append-queue';
import { FailurePlan } from '../src/failure-plan';
import { formatOrigin, originOf, withoutRepetitions } from '../src/kafka/outbox-origin';
import { Slots } from '../src/slots';
import { Wake } from '../src/wake';

const Golden = z.array(z.object({ key: z.string(), murmur2: z.number(), partitions: z.record(z.string(), z.number()) }));

describe('the partition of a key', () => {
  const golden = Golden.parse(JSON.parse(readFileSync(join(__dirname, 'fixtures/java-partitions.json'), 'utf8')));

  it('is the one of the Java client', () => {
    expect(golden.length).toBeGreaterThanOrEqual(200);
    for (const { key, murmur2: hash, partitions } of golden) {
      expect([key, murmur2(Buffer.from(key))]).toEqual([key, hash]);
      for (const [count, partition] of Object.entries(partitions)) expect([key, partitionOf(key, Number(count))]).toEqual([key, partition]);
    }
  });

  it('is the one of the client that sends to Kafka, for any key', () => {
    const choose = Partitioners.DefaultPartitioner();
    const metadata = (count: number) => Array.from({ length: count }, (_, partitionId) => ({ partitionId, partitionErrorCode: 0, leader: 1, replicas: [1], isr: [1] }));
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 64 }), (key, count) => {
        expect(partitionOf(key, count)).toBe(choose({ topic: 't', partitionMetadata: metadata(count), message: { key, value: null } }));
      }),
    );
  });

  it('does not depend on where in memory the bytes of a key lie', () => {
    expect(murmur2(Buffer.from('xcall-1').subarray(1))).toBe(murmur2(Buffer.from('call-1')));
  });
});

describe('a failing batch', () => {
  /** Applies a log of `count` records of which some always fail, as the batch runner does; returns what was condemned and how often a batch ran. */
  function run(count: number, culprits: ReadonlySet<number>, maxBatch: number): { condemned: number[]; applied: number[]; batches: number } {
    const plan = new FailurePlan();
    const condemned = new Set<number>();
    const applied: number[] = [];
    let batches = 0;
    for (let cursor = 0; cursor < count; ) {
      const taken = Array.from({ length: Math.min(plan.limit(maxBatch), count - cursor) }, (_, index) => cursor + index);
      const delivered = taken.filter((record) => !condemned.has(record));
      batches += 1;
      if (delivered.some((record) => culprits.has(record))) {
        if (plan.failed(taken.length, delivered.length) === 'condemn') for (const record of delivered) condemned.add(record);
      } else {
        plan.succeeded(taken.length);
        applied.push(...delivered);
        cursor += taken.length;
      }
    }
    return { condemned: [...condemned], applied, batches };
  }

  it('gives up exactly the culprits, and applies all others once and in order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 100 }), fc.array(fc.nat(399)), (count, maxBatch, some) => {
        const culprits = new Set(some.filter((record) => record < count));
        const { condemned, applied } = run(count, culprits, maxBatch);
        expect(condemned).toEqual([...culprits].sort((a, b) => a - b));
        expect(applied).toEqual(Array.from({ length: count }, (_, record) => record).filter((record) => !culprits.has(record)));
      }),
    );
  });

  it('is tried three times before anything is given up, and costs few batches more', () => {
    expect(run(1, new Set([0]), 500).batches).toBe(3 + 1);
    // Three tries of all, nine halvings, two tries alone, and the rest.
    expect(run(500, new Set([250]), 500).batches).toBeLessThan(40);
    expect(run(500, new Set(Array.from({ length: 500 }, (_, record) => record)), 500).batches).toBeLessThan(500 * 7);
  });
});

describe('the queue of appends', () => {
  const limits = { deadlineMs: 10_000, maxWaiting: 10, maxTogether: 5 };
  const record = (n: number) => ({ key: String(n), value: null, headers: {} });
  const keys = (appends: readonly PendingAppend[]): string[] => appends.flatMap(({ records }) => records.map(({ key }) => key));

  function gated(): { queue: AppendQueue; writes: string[][]; open: () => void } {
    const writes: string[][] = [];
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const queue = new AppendQueue(async (appends) => {
      writes.push(keys(appends));
      await gate;
      for (const append of appends) append.settle();
    }, limits);
    return { queue, writes, open };
  }

  it('writes what waits together, in order, one write at a time and no more than fits', async () => {
    const { queue, writes, open } = gated();
    const first = queue.add('t', [record(0)]);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const others = [1, 2, 3, 4, 5, 6].map((n) => queue.add('t', [record(n)]));
    expect(writes).toEqual([['0']]);
    open();
    await Promise.all([first, ...others]);
    expect(writes).toEqual([['0'], ['1', '2', '3', '4', '5'], ['6']]);
  });

  it('refuses at once what it has no room for, and takes again when there is', async () => {
    const { queue, open } = gated();
    const first = queue.add('t', [record(0)]);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const waiting = queue.add('t', Array.from({ length: 10 }, (_, n) => record(n)));
    await expect(queue.add('t', [record(99)])).rejects.toMatchObject({ kind: 'unavailable', code: 'log-overloaded' });
    open();
    await Promise.all([first, waiting]);
    await queue.add('t', [record(100)]);
    await queue.close();
    await expect(queue.add('t', [record(101)])).rejects.toMatchObject({ code: 'log-closed' });
  });

  it('tells the caller at the deadline, and does not begin what was given up', async () => {
    const writes: string[][] = [];
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const queue = new AppendQueue(async (appends) => {
      writes.push(keys(appends));
      await gate;
      for (const append of appends) append.settle();
    }, { ...limits, deadlineMs: 20 });
    const results = await Promise.allSettled([0, 1, 2, 3, 4, 5].map((n) => queue.add('t', [record(n)])));
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: { kind: 'unavailable', code: 'log-unavailable' } });
    open();
    await queue.close();
    expect(writes).toEqual([['0', '1', '2', '3', '4']]);
  });
});

describe('what came through an outbox', () => {
  const from = (offset: number, origin?: string) => ({
    topic: 't', partition: 0, offset, key: 'k', value: null, appendedAtMs: 0, headers: origin === undefined ? {} : { cc_outbox: origin },
  });

  it('is taken once for each outbox, also out of order', () => {
    const records = [from(0, 'a/0'), from(1, 'a/1'), from(2, 'b/0'), from(3), from(4, 'a/0'), from(5, 'a/1'), from(6, 'a/2'), from(7, 'b/0')];
    const { fresh, seen } = withoutRepetitions(records, new Map([['a', 0]]));
    expect(fresh.map(({ offset }) => offset)).toEqual([1, 2, 3, 6]);
    expect(seen).toEqual(new Map([['a', 2], ['b', 0]]));
  });

  it('is known by a header that only an outbox writes', () => {
    expect(originOf(from(0, formatOrigin({ origin: 'x/y', offset: 12 })))).toEqual({ origin: 'x/y', offset: 12 });
    for (const odd of ['', 'a', 'a/', '/1', 'a/x', 'a/-1', 'a/1.5']) expect(originOf(from(0, odd))).toBeUndefined();
  });
});

describe('waiting and taking turns', () => {
  it('keeps a wake that comes while nobody waits', async () => {
    const wake = new Wake();
    wake.wake();
    await wake.wait(600_000);
    const waiting = wake.wait(600_000);
    wake.wake();
    await waiting;
  });

  it('runs no more at once than there are slots, in the order of coming', async () => {
    const slots = new Slots(2);
    const order: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        slots.run(async () => {
          order.push(n);
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
        }),
      ),
    );
    expect(most).toBe(2);
    expect(order).toEqual(Array.from({ length: 20 }, (_, n) => n));
    await expect(slots.run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await slots.run(() => Promise.resolve('still free'))).toBe('still free');
  });
});
