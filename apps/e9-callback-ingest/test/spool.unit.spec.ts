import { appendFile, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SilentLog } from '@cc/kernel';
import { PromMetrics } from '@cc/platform';
import { frame } from '../src/domain/frames';
import { CallbackStore } from '../src/out/callback-store';
import { Spool } from '../src/out/spool';
import type { SpoolPosition } from '../src/out/spool-directory';
import { SpoolWatch } from '../src/out/spool-watch';

const BEGINNING: SpoolPosition = { segment: 0, offset: 0 };

describe('the spool', () => {
  let root: string;
  let directory: string;
  let metrics: PromMetrics;
  let brokenBecause: string[];
  const open = (segmentBytes = 1_000_000): Promise<Spool> => Spool.open({ directory, segmentBytes, watch: new SpoolWatch(new SilentLog(), metrics), onBroken: (reason) => brokenBecause.push(reason) });
  const tornTails = async (): Promise<number> => Number(/^cc_spool_torn_tails_total.* (\d+)$/m.exec(await metrics.expose())?.[1] ?? 0);
  const path = (segment: number): string => join(directory, `${String(segment).padStart(12, '0')}.spool`);
  const append = (spool: Spool, text: string): Promise<void> => spool.append(Buffer.from(text));

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cc-spool-'));
    directory = join(root, 'deep', 'spool');
    metrics = new PromMetrics('test');
    brokenBecause = [];
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function contents(spool: Spool): Promise<string[]> {
    const texts: string[] = [];
    for (const segment of await spool.segments()) texts.push(...(await spool.read({ segment, offset: 0 }, 10_000)).payloads.map(String));
    return texts;
  }

  it('has on disk what it acknowledged, readable by the owner alone', async () => {
    const spool = await open();
    await append(spool, 'first');
    expect((await readFile(path(1))).includes('first')).toBe(true);
    expect((await stat(path(1))).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    await spool.close();
  });

  it('keeps the order of appends, whoever waits with whom, and tells of far fewer writes than appends', async () => {
    const spool = await open();
    let writes = 0;
    spool.onWritten(() => (writes += 1));
    const expected = Array.from({ length: 500 }, (_, index) => `payload ${index}`);
    await Promise.all(expected.map((text) => append(spool, text)));
    expect(await contents(spool)).toEqual(expected);
    expect(writes).toBeGreaterThan(0);
    expect(writes).toBeLessThanOrEqual(2);
    await spool.close();
  });

  it('begins a new segment when one is full, and calls the old ones finished', async () => {
    const spool = await open(100);
    for (let index = 0; index < 10; index += 1) await append(spool, `${index}`.repeat(38));
    expect(await spool.segments()).toEqual([1, 2, 3, 4, 5]);
    expect([1, 4, 5, 6].map((segment) => spool.isFinished(segment))).toEqual([true, true, false, false]);
    expect(await contents(spool)).toHaveLength(10);
    await spool.remove(1);
    expect(await spool.segments()).toEqual([2, 3, 4, 5]);
    await spool.close();
  });

  it('keeps a damaged segment beside the spool, however often it is met, when the segment itself goes', async () => {
    const spool = await open(100);
    for (let index = 0; index < 3; index += 1) await append(spool, `${index}`.repeat(38));
    await spool.keepDamaged(1);
    await spool.keepDamaged(1);
    const held = await readFile(path(1));
    await spool.remove(1);
    expect(await readFile(`${path(1)}.damaged`)).toEqual(held);
    expect(await spool.segments()).toEqual([2]);
    await spool.close();
  });

  it('reads on from a position, up to a limit, and passes damage', async () => {
    const spool = await open();
    for (const text of ['a', 'b', 'c']) await append(spool, text);
    const first = await spool.read({ segment: 1, offset: 0 }, 2);
    expect({ texts: first.payloads.map(String), nextOffset: first.nextOffset }).toEqual({ texts: ['a', 'b'], nextOffset: 26 });
    expect((await spool.read({ segment: 1, offset: 26 }, 2)).payloads.map(String)).toEqual(['c']);
    expect(await spool.read({ segment: 1, offset: 39 }, 2)).toEqual({ payloads: [], nextOffset: 39, damaged: 0, rest: 0 });
    await appendFile(path(1), 'garbage');
    await append(spool, 'd');
    const last = await spool.read({ segment: 1, offset: 39 }, 2);
    expect({ texts: last.payloads.map(String), damaged: last.damaged }).toEqual({ texts: ['d'], damaged: 1 });
    await spool.close();
  });

  it('finds what lies behind damage that is longer than it reads at once', async () => {
    const spool = await open(100_000_000);
    await append(spool, 'before');
    await appendFile(path(1), Buffer.alloc(9 * 1024 * 1024));
    await appendFile(path(1), frame(Buffer.from('behind')));
    const found: string[] = [];
    let damaged = 0;
    for (let offset = 0, steps = 0; steps < 20; steps += 1) {
      const read = await spool.read({ segment: 1, offset }, 10);
      found.push(...read.payloads.map(String));
      damaged += read.damaged;
      offset = read.nextOffset;
    }
    expect(found).toEqual(['before', 'behind']);
    expect(damaged).toBeGreaterThan(0);
    await spool.close();
  });

  it('takes nothing that it would not read back', async () => {
    const spool = await open();
    await expect(spool.append(Buffer.alloc(1024 * 1024 + 1))).rejects.toMatchObject({ code: 'callback-too-large' });
    await append(spool, 'small');
    expect(await contents(spool)).toEqual(['small']);
    await spool.close();
  });

  it('reads everything after a new start, and appends to a segment of its own', async () => {
    const before = await open();
    await append(before, 'old');
    await before.close();
    await appendFile(path(1), Buffer.from('CCF1 torn'));
    const spool = await open();
    expect(spool.isFinished(1)).toBe(true);
    await append(spool, 'new');
    expect(await spool.segments()).toEqual([1, 2]);
    expect(spool.isFinished(2)).toBe(false);
    expect(await contents(spool)).toEqual(['old', 'new']);
    await spool.close();
  });

  it('remembers how far the replay got; a broken memory means from the beginning', async () => {
    const spool = await open();
    expect(await spool.loadPosition()).toEqual(BEGINNING);
    await spool.savePosition({ segment: 3, offset: 4711 });
    expect(await (await open()).loadPosition()).toEqual({ segment: 3, offset: 4711 });
    await spool.savePosition({ segment: 4, offset: 0 });
    expect(await spool.loadPosition()).toEqual({ segment: 4, offset: 0 });
    for (const text of ['', 'nonsense', '3', '3 x']) {
      await writeFile(join(directory, 'replayed'), text);
      expect(await spool.loadPosition()).toEqual(BEGINNING);
    }
    await spool.savePosition({ segment: 4, offset: 0 });
    await writeFile(join(directory, 'replayed'), (await readFile(join(directory, 'replayed'), 'utf8')).replace('04 ', '05 '));
    expect(await spool.loadPosition()).toEqual(BEGINNING);
    await spool.close();
  });

  it('ignores files that are no segments', async () => {
    const spool = await open();
    await Promise.all(['replayed', 'notes.txt', '12.spool', '000000000009.spool.bak'].map((name) => writeFile(join(directory, name), '')));
    expect(await spool.segments()).toEqual([]);
    expect(await readdir(directory)).toHaveLength(4);
    await spool.close();
  });

  it('says so when it cannot write, to everyone who waits, and takes nothing from then on', async () => {
    const spool = await open(13);
    await append(spool, 'kept');
    await rename(directory, `${directory}-away`);
    const refused = await Promise.allSettled(['lost 1', 'lost 2'].map((text) => append(spool, text)));
    const refusal = { status: 'rejected', reason: { kind: 'unavailable', code: 'spool-unavailable' } };
    expect(refused).toMatchObject([refusal, refusal]);
    expect(brokenBecause).toEqual([expect.stringMatching(/cannot be written \(ENOENT.*Look after the disk/)]);
    await rename(`${directory}-away`, directory);
    await expect(append(spool, 'lost 3')).rejects.toMatchObject(refusal.reason);
    expect(brokenBecause).toHaveLength(1);
    await spool.close();
    expect(await contents(await open())).toEqual(['kept']);
  });

  it('cuts off what a crash left unfinished at its end, at whatever byte, and counts it', async () => {
    const torn = frame(Buffer.from('torn'));
    const flipped = Buffer.from(torn);
    flipped.writeUInt8(flipped.readUInt8(14) ^ 1, 14);
    const ends = [...Array.from({ length: torn.length }, (_, bytes) => torn.subarray(0, bytes)), flipped];
    for (const [segment, end] of ends.entries()) {
      const spool = await open();
      await append(spool, 'whole');
      await spool.close();
      const { size } = await stat(path(segment + 1));
      await appendFile(path(segment + 1), end);
      await (await open()).close();
      expect((await stat(path(segment + 1))).size).toBe(size);
    }
    expect(await tornTails()).toBe(ends.length - 1);
  });

  it('cuts nothing off a segment that is not the newest, nor sound frames behind damage', async () => {
    const spool = await open(10);
    await append(spool, 'old');
    await append(spool, 'new');
    await spool.close();
    await appendFile(path(1), 'CCF1 torn');
    await appendFile(path(2), Buffer.concat([Buffer.from('garbage'), frame(Buffer.from('behind'))]));
    const held = await Promise.all([1, 2].map((segment) => readFile(path(segment))));
    expect(await contents(await open())).toEqual(['old', 'new', 'behind']);
    expect(await Promise.all([1, 2].map((segment) => readFile(path(segment))))).toEqual(held);
    expect(await tornTails()).toBe(0);
  });

  it('finishes what is waiting before it closes', async () => {
    const spool = await open();
    const pending = Promise.all(Array.from({ length: 20 }, (_, index) => append(spool, `${index}`)));
    await spool.close();
    await pending;
    await expect(append(spool, 'late')).rejects.toMatchObject({ code: 'spool-unavailable' });
    expect(await contents(await open())).toHaveLength(20);
  });

  it('keeps callbacks sealed', async () => {
    const spool = await open();
    const store = new CallbackStore(spool, Buffer.alloc(32, 7));
    const callback = { id: 'ntf-1', channel: 'e9', receivedAt: 1, sourceAddress: '127.0.0.1', headers: { a: 'b' }, body: Buffer.from('13800138000').toString('base64') };
    await store.keep(callback);
    const [sealed] = (await spool.read({ segment: 1, offset: 0 }, 1)).payloads;
    expect(sealed?.includes(callback.body)).toBe(false);
    expect(sealed?.includes('ntf-1')).toBe(false);
    expect(store.open(sealed ?? Buffer.alloc(0))).toEqual(callback);
    expect(() => new CallbackStore(spool, Buffer.alloc(32, 8)).open(sealed ?? Buffer.alloc(0))).toThrow(expect.objectContaining({ code: 'cannot-unseal' }));
    await spool.close();
  });

  it('begins behind what was replayed, also when every drained segment is gone', async () => {
    const first = await open();
    await append(first, 'a');
    await first.savePosition({ segment: 4, offset: 0 });
    await first.remove(1);
    await first.close();
    const second = await open();
    await append(second, 'b');
    expect(await second.segments()).toEqual([4]);
    await second.close();
  });

  it('never calls a segment finished that is just being made', async () => {
    const spool = await open();
    let written = false;
    const writing = append(spool, 'a').then(() => (written = true));
    while (!written) {
      expect(spool.isFinished(1)).toBe(false);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
    expect(spool.isFinished(1)).toBe(false);
    await spool.close();
    expect(spool.isFinished(1)).toBe(true);
  });
});
