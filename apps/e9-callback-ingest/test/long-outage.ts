// What an hour without a log means: `node -r ./libs/testing/src/swc-register.cjs apps/e9-callback-ingest/test/long-outage.ts 720000`
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CallbackStore } from '../src/out/callback-store';
import { Spool } from '../src/out/spool';
import { spoolOptions } from './spool-options';

const AT_ONCE = 100;
const BATCH = 500;
const BODY = Buffer.alloc(600, 'x').toString('base64');
const MEBIBYTE = 1024 * 1024;

/** What was seen of the spool alone, without HTTP and without a log behind it. */
export interface OutageFigures {
  readonly stored: number;
  readonly readBack: number;
  /** They came back in their order, each once. */
  readonly inOrder: boolean;
  readonly storedPerSecond: number;
  readonly readPerSecond: number;
  readonly backlogMebibytes: number;
  /** The most that heap and buffers held beyond what they held at the beginning. */
  readonly memoryMebibytes: number;
  readonly backlogLeftBytes: number;
}

/** Stores so many callbacks that nobody takes, as fast as the disk allows, then opens them all. */
export async function sitOutAnOutage(count: number, segmentBytes: number): Promise<OutageFigures> {
  const root = await mkdtemp(join(tmpdir(), 'cc-outage-'));
  const spool = await Spool.open(spoolOptions(join(root, 'spool'), { segmentBytes, backlogBytes: 100_000 * MEBIBYTE }));
  const store = new CallbackStore(spool, Buffer.alloc(32, 7));
  const held = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const before = held();
  let most = before;
  const beganMs = performance.now();
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, index) => store.keep({ id: String(from + index), channel: 'e9-main', receivedAt: 1, sourceAddress: '127.0.0.1', headers: { 'content-type': 'application/xml' }, body: BODY })));
    most = Math.max(most, held());
  }
  const storedMs = performance.now();
  const backlogMebibytes = Math.round(spool.backlogBytes / MEBIBYTE);
  const { readBack, inOrder } = await readAll(spool, store, () => (most = Math.max(most, held())));
  const endMs = performance.now();
  const backlogLeftBytes = spool.backlogBytes;
  await spool.close();
  await rm(root, { recursive: true, force: true });
  return {
    stored: count, readBack, inOrder, backlogMebibytes, backlogLeftBytes, memoryMebibytes: Math.round((most - before) / MEBIBYTE),
    storedPerSecond: Math.round((count * 1000) / (storedMs - beganMs)), readPerSecond: Math.round((readBack * 1000) / (endMs - storedMs)),
  };
}

async function readAll(spool: Spool, store: CallbackStore, look: () => void): Promise<{ readBack: number; inOrder: boolean }> {
  let readBack = 0;
  let inOrder = true;
  for (const segment of spool.segments()) {
    for (let offset = 0; ; ) {
      const { payloads, nextOffset } = await spool.read({ segment, offset }, BATCH);
      if (payloads.length === 0) break;
      for (const payload of payloads) inOrder = store.open(payload).id === String(readBack++) && inOrder;
      offset = nextOffset;
      await spool.advance({ segment, offset });
      look();
    }
  }
  return { readBack, inOrder };
}

if (require.main === module) void sitOutAnOutage(Number(process.argv[2]), 64 * MEBIBYTE).then((figures) => process.stdout.write(`${JSON.stringify(figures)}\n`));
