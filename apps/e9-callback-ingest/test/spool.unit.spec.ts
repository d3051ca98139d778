import { appendFile, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { SilentLog } from '@cc/kernel';
import { PromMetrics } from '@cc/platform';
import { BEGINNING } from '../src/domain/checkpoint';
import { frame } from '../src/domain/frames';
import { CallbackStore } from '../src/out/callback-store';
import { Spool, type SpoolOptions } from '../src/out/spool';
import { SpoolWatch } from '../src/out/spool-watch';
import { spoolOptions } from './spool-options';

describe('the spool', () => {
  let root: string;
  let directory: string;
  let metrics: PromMetrics;
  let brokenBecause: string[];
  const open = (segmentBytes = 1_000_000, more: Partial<SpoolOptions> = {}): Promise<Spool> => Spool.open(spoolOptions(directory, { segmentBytes, watch: new SpoolWatch(new SilentLog(), metrics), onBroken: (reason) => brokenBecause.push(reason), ...more }));
  const figure = async (name: string): Promise<number> => Number(new RegExp(`^${name}[{ ].* (\\d+)$`, 'm').exec(await metrics.expose())?.[1] ?? 0);
  const tornTails = (): Promise<number> => figure('cc_spool_torn_tails_total');
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
    for (const segment of spool.segments()) texts.push(...(await spool.read({ segment, offset: 0 }, 10_000)).payloads.map(String));
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
    expect(spool.segments()).toEqual([1, 2, 3, 4, 5]);
    expect([1, 4, 5, 6].map((segment) => spool.isFinished(segment))).toEqual([true, true, false, false]);
    expect(await contents(spool)).toHaveLength(10);
    await spool.advance({ segment: 2, offset: 0 });
    expect(spool.segments()).toEqual([2, 3, 4, 5]);
    expect(spool.backlogBytes).toBe(400);
    await spool.close();
  });

  it('keeps a damaged segment beside the spool, however often it is met, when the segment itself goes', async () => {
    const spool = await open(100);
    for (let index = 0; index < 3; index += 1) await append(spool, `${index}`.repeat(38));
    await spool.keepDamaged(1);
    await spool.keepDamaged(1);
    const held = await readFile(path(1));
    await spool.advance({ segment: 2, offset: 0 });
    expect(await readFile(`${path(1)}.damaged`)).toEqual(held);
    expect(spool.segments()).toEqual([2]);
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
    expect(spool.segments()).toEqual([1, 2]);
    expect(spool.isFinished(2)).toBe(false);
    expect(await contents(spool)).toEqual(['old', 'new']);
    await spool.close();
  });

  it('remembers how far the replay got, in two slots that are written by turns, with one file of one size', async () => {
    const spool = await open();
    expect(spool.position).toEqual(BEGINNING);
    const { size } = await stat(join(directory, 'checkpoint'));
    for (const offset of [1, 2, 3, 4711]) {
      await spool.advance({ segment: 3, offset });
      expect(spool.position).toEqual({ segment: 3, offset });
      expect((await open()).position).toEqual({ segment: 3, offset });
    }
    expect((await stat(join(directory, 'checkpoint'))).size).toBe(size);
    await spool.close();
  });

  it('remembers the position before where a crash spoiled the slot that was being written, and begins anew where both are spoilt', async () => {
    const spool = await open();
    await spool.advance({ segment: 3, offset: 10 });
    await spool.advance({ segment: 3, offset: 20 });
    await spool.close();
    const whole = await readFile(join(directory, 'checkpoint'));
    const at = whole.indexOf('0020 ');
    const positions = new Set<string>();
    for (let cut = at - 45; cut < at + 14; cut += 1) {
      const spoilt = Buffer.from(whole);
      spoilt.writeUInt8(spoilt.readUInt8(cut) ^ 1, cut);
      await writeFile(join(directory, 'checkpoint'), spoilt);
      positions.add(JSON.stringify((await open()).position));
    }
    expect([...positions]).toEqual([JSON.stringify({ segment: 3, offset: 10 })]);
    for (const text of ['', 'nonsense', whole.toString('latin1').replaceAll('CCK1', 'CCK0')]) {
      await writeFile(join(directory, 'checkpoint'), text);
      const anew = await open();
      expect(anew.position).toEqual(BEGINNING);
      await anew.advance({ segment: 5, offset: 1 });
      expect((await open()).position).toEqual({ segment: 5, offset: 1 });
    }
  });

  it.each([['000000000003 0000000000004711 ', { segment: 3, offset: 4711 }], ['000000000003 0000000000004712 ', BEGINNING]])('takes over the position that an earlier program saved, if it is sound: %s', async (text, position) => {
    await (await open()).close();
    await rm(join(directory, 'checkpoint'));
    await writeFile(join(directory, 'replayed'), `${text}${crc32('000000000003 0000000000004711').toString(16).padStart(8, '0')}\n`);
    for (let start = 0; start < 2; start += 1) expect((await open()).position).toEqual(position);
    expect(await readdir(directory)).toEqual(['checkpoint']);
  });

  it('keeps what the log has for its time, and what the log does not have for ever', async () => {
    let now = Date.now();
    const spool = await open(10, { retentionMs: 1000, nowMs: () => now });
    for (const text of ['a', 'b', 'c']) await append(spool, text);
    await spool.advance({ segment: 3, offset: 0 });
    expect(spool.segments()).toEqual([1, 2, 3]);
    now += 999;
    expect(await spool.tidy()).toBe(0);
    now += 1;
    expect(await spool.tidy()).toBe(2);
    now += 1_000_000;
    expect(await spool.tidy()).toBe(0);
    expect(spool.segments()).toEqual([3]);
    expect((await readdir(directory)).filter((name) => name.endsWith('.spool'))).toHaveLength(1);
    await spool.close();
  });

  it('lets go before its time what the log has, oldest first, where the disk has less room than the reserve, and is not ready', async () => {
    const spool = await open(10, { retentionMs: 1_000_000 });
    for (const text of ['a', 'b', 'c']) await append(spool, text);
    await spool.advance({ segment: 3, offset: 0 });
    const free = await spool.freeBytes();
    expect(spool.segments()).toEqual([1, 2, 3]);
    expect(await spool.unreadyBecause()).toBeUndefined();
    await spool.close();
    const poor = await open(10, { retentionMs: 1_000_000, reserveBytes: 2 * free });
    expect(await poor.unreadyBecause()).toMatch(/MiB are free on its disk, the reserve is /);
    await append(poor, 'still taken');
    await poor.tidy();
    expect(poor.segments()).toEqual([3, 4]);
    await poor.close();
  });

  it('refuses what would wait for the log beyond the limit, is not ready then, and takes again once the log has some', async () => {
    const spool = await open(1_000_000, { backlogBytes: 26 });
    await append(spool, 'a');
    await append(spool, 'b');
    await expect(append(spool, 'c')).rejects.toMatchObject({ kind: 'unavailable', code: 'spool-unavailable' });
    expect(await spool.unreadyBecause()).toMatch(/wait for the log, the limit is/);
    await spool.advance({ segment: 1, offset: 13 });
    expect(await spool.unreadyBecause()).toBeUndefined();
    await append(spool, 'd');
    expect(await figure('cc_spool_refused_total')).toBe(1);
    await spool.close();
    expect(await contents(await open())).toEqual(['a', 'b', 'd']);
    expect((await open(1000, { backlogBytes: 26 })).backlogBytes).toBe(26);
  });

  it('refuses what would wait for the disk beyond the limit', async () => {
    const spool = await open(1_000_000, { waitingBytes: 30 });
    const [first, second, third] = ['a', 'b', 'c'].map((text) => append(spool, text));
    await expect(third).rejects.toMatchObject({ code: 'spool-unavailable' });
    await Promise.all([first, second]);
    await append(spool, 'd');
    await append(spool, 'alone it may be larger than the limit');
    expect(await contents(spool)).toEqual(['a', 'b', 'd', 'alone it may be larger than the limit']);
    expect(await figure('cc_spool_fdatasync_seconds_count')).toBeGreaterThan(0);
    await spool.close();
  });

  it('goes on where a segment is gone', async () => {
    const spool = await open(10);
    for (const text of ['a', 'b']) await append(spool, text);
    await rm(path(1));
    expect(await spool.read({ segment: 1, offset: 0 }, 1)).toEqual({ payloads: [], nextOffset: 0, damaged: 0, rest: 0 });
    expect(spool.segments()).toEqual([2]);
    await spool.close();
  });

  it('ignores files that are no segments', async () => {
    await (await open()).close();
    await Promise.all(['notes.txt', '12.spool', '000000000009.spool.bak'].map((name) => writeFile(join(directory, name), '')));
    const spool = await open();
    expect(spool.segments()).toEqual([]);
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
    await first.advance({ segment: 4, offset: 0 });
    expect(first.segments()).toEqual([]);
    await first.close();
    const second = await open();
    await append(second, 'b');
    expect(second.segments()).toEqual([5]);
    await second.close();
  });

  it('begins no segment under the number of one that the checkpoint stands within, when that is gone', async () => {
    const first = await open();
    await append(first, 'a');
    await first.advance({ segment: 4, offset: 4096 });
    await first.close();
    const second = await open();
    await append(second, 'b');
    const [segment = 0] = second.segments();
    expect((await second.read({ segment, offset: 0 }, 10)).payloads.map(String)).toEqual(['b']);
    expect(segment).toBeGreaterThan(second.position.segment);
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
