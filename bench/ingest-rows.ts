import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allTopics } from '@cc/contracts';
import { createEventLog } from '@cc/event-log';
import { newId, NoMetrics, SilentLog } from '@cc/kernel';
import { processEnvironment } from '@cc/platform';
import { Script } from '@cc/testing';
import { knownCalls } from './known-calls';
import { startLoad, type LoadResult } from './load-job';
import { interleave, type Row } from './measure';
import { benchTopic } from './records';
import { ServiceProcesses } from './service-processes';

const ROUNDS = 3;
const RATE = 2_000;
const SECONDS = 8;
const SENDERS = 64;
const LOAD_LIMIT_MS = 120_000;
const P99_AIM_MS = 50;
/** Nobody listens there. */
const NOWHERE = '127.0.0.1:9';

/** A door under test: posts go to its address. */
interface Door {
  readonly url: string;
  close(): Promise<void>;
}

/** e9-callback-ingest alone, beside a bare node:http server with the same group commit: with the log within reach, and with everything behind it away. */
export async function ingestRows(brokers: readonly string[]): Promise<Row[]> {
  const topic = newId('cc.bench.ingest');
  const log = createEventLog({ driver: 'kafka', brokers, clientId: 'cc-bench', onFatal: () => undefined, log: new SilentLog(), metrics: new NoMetrics() });
  await log.ensureTopics([...allTopics, benchTopic(topic)]).finally(() => log.close());
  return [
    ...(await rowsOf('ingest, Kafka up', () => ingestDoor(brokers), () => floorDoor([brokers.join(','), topic]))),
    ...(await rowsOf('ingest, Kafka and PostgreSQL away', () => ingestDoor([NOWHERE]), () => floorDoor([]))),
  ];
}

async function rowsOf(name: string, openProduct: () => Promise<Door>, openFloor: () => Promise<Door>): Promise<Row[]> {
  const doors: Door[] = [];
  const opened = async (opening: Promise<Door>): Promise<Door> => {
    const door = await opening;
    doors.push(door);
    return door;
  };
  try {
    const [product, floor] = [await opened(openProduct()), await opened(openFloor())];
    for (const door of [product, floor]) await posted(door, RATE, 2);
    const steady = await interleave(ROUNDS, () => posted(floor, RATE, SECONDS), () => posted(product, RATE, SECONDS));
    const most = await interleave(ROUNDS, () => posted(floor, undefined, SECONDS), () => posted(product, undefined, SECONDS));
    const refused = [...steady.product, ...most.product].reduce((sum, { refused: count }) => sum + count, 0);
    const both = (runs: { readonly product: readonly LoadResult[]; readonly floor: readonly LoadResult[] }, of: (run: LoadResult) => number): Pick<Row, 'product' | 'floor'> => ({ product: runs.product.map(of), floor: runs.floor.map(of) });
    return [
      { name: `${name}, at 2,000/s, p50`, unit: 'ms', ...both(steady, ({ answered }) => answered.p50 ?? Number.NaN), aim: undefined },
      { name: `${name}, at 2,000/s, p99`, unit: 'ms', ...both(steady, ({ answered }) => answered.p99 ?? Number.NaN), aim: { of: 'value', figure: P99_AIM_MS } },
      { name: `${name}, the most`, unit: 'callbacks/s', ...both(most, ({ answered, secondsToLastAnswer }) => answered.count / secondsToLastAnswer), aim: { of: 'ratio', figure: 0.8 } },
      { name: `${name}, refused`, unit: 'callbacks', product: [refused], floor: [], aim: { of: 'value', figure: 0 } },
    ];
  } finally {
    for (const door of doors.reverse()) await door.close();
  }
}

/** At that rate whatever the answers do, or as fast as the answers come. */
async function posted({ url }: Door, rate: number | undefined, seconds: number): Promise<LoadResult> {
  const calls = knownCalls(((rate ?? RATE) * seconds) / 4, 'bench').map(({ tenant: _tenant, ...call }) => call);
  const { result } = await startLoad({ callbackUrl: url, calls, callbacksPerSecond: rate ?? RATE, callbackSpacingMs: 0, ...(rate === undefined ? { closedLoop: { senders: SENDERS, seconds } } : {}) }, LOAD_LIMIT_MS);
  return result;
}

async function ingestDoor(brokers: readonly string[]): Promise<Door> {
  const processes = await ServiceProcesses.start({ databaseUrl: `postgres://cc@${NOWHERE}/cc`, brokers }, { only: ['e9-callback-ingest'] });
  return { url: processes.callbackUrl, close: () => processes.stop() };
}

async function floorDoor(args: readonly string[]): Promise<Door> {
  const directory = mkdtempSync(join(tmpdir(), 'cc-bench-ingest-floor-'));
  const script = new Script(spawn(process.execPath, ['-r', './libs/testing/src/swc-register.cjs', 'bench/ingest-floor.ts', directory, ...args], { env: { ...processEnvironment(), CC_TEST_DIES_WITH_STDIN: 'true' }, stdio: ['pipe', 'pipe', 'pipe'] }));
  const close = async (): Promise<void> => {
    await script.kill();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const [, url = ''] = await script.line(/^listening (\S+)$/);
    return { url: `${url}/callbacks/e9-main/secret`, close };
  } catch (error) {
    await close();
    throw error;
  }
}
