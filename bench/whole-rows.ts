import { freshDatabase } from './backends';
import type { Row } from './measure';
import { services } from './service-processes';
import { WholeSystem, type Run, type Usage } from './whole-system';

/** Of the issue: 500 calls a second, four callbacks each. */
const AIM_RATE = 2_000;
const VISIBLE_AIM_MS = 1000;
const SECONDS = 20;
const WARM_UP_CALLS = 500;
const WARM_UP_RATE = 400;
const SEARCH_SECONDS = 10;
const SEARCH_RATES: readonly number[] = [100, 150, 200, 300, 400, 500, 650, 800, 1000, 1250, 1500, 1750, 2000, 2500, 3000, 3500, 4000];

export interface WholeOptions {
  readonly kafkaPid?: number | undefined;
  readonly profileDir?: string | undefined;
  /** Callbacks a second instead of the issue's, and nothing beside that one run. */
  readonly rate?: number | undefined;
}

/** From the vendor's callback at e9-callback-ingest to the record that the gateway shows, with every service a process of its own. */
export async function wholeRows(backend: 'kafka' | 'postgres', server: string, brokers: readonly string[] | undefined, options: WholeOptions): Promise<Row[]> {
  const database = await freshDatabase(server);
  try {
    const system = await WholeSystem.start({ databaseUrl: database.at, ...(brokers === undefined ? {} : { brokers }) }, options);
    try {
      await system.run(await system.introduce(WARM_UP_CALLS), WARM_UP_RATE);
      const rate = options.rate ?? AIM_RATE;
      const run = await told(system, rate, SECONDS);
      const rows = rowsOf(`whole way, ${backend}`, rate, run);
      if (options.rate !== undefined) return rows;
      return [...rows, await greatestRate(`whole way, ${backend}`, system, isSustained(run) ? rate : 0)];
    } finally {
      await system.stop();
    }
  } finally {
    await database.stop();
  }
}

async function told(system: WholeSystem, rate: number, seconds: number): Promise<Run> {
  const run = await system.run(await system.introduce(Math.ceil((rate * seconds) / 4)), rate);
  const { load, throughput, drainSeconds, usage } = run;
  process.stderr.write(`  ${rate}/s: answered p99 ${shown(load.answered.p99)}, visible p50 ${shown(load.visible?.p50)} p99 ${shown(load.visible?.p99)}, refused ${load.refused}, unseen ${load.unseen}, done at ${Math.round(throughput)}/s, ${drainSeconds.toFixed(1)} s behind\n`);
  process.stderr.write(`    CPU ms a callback: ${[...usage].map(([name, { cpuMsPerCallback }]) => `${name} ${cpuMsPerCallback.toFixed(2)}`).join(', ')}; together ${sum(usage, ({ cpuMsPerCallback }) => cpuMsPerCallback).toFixed(2)}, ${sum(usage, ({ cores }) => cores).toFixed(2)} cores\n`);
  return run;
}

const sum = (usage: Run['usage'], of: (each: Usage) => number): number => [...usage.values()].reduce((total, each) => total + of(each), 0);
const shown = (ms: number | null | undefined): string => (ms === null || ms === undefined ? '-' : `${Math.round(ms)} ms`);

/** Everything was taken, and what was looked for was visible in time: nothing piled up. */
const isSustained = ({ load }: Run): boolean => load.refused === 0 && load.unseen === 0 && (load.visible?.p99 ?? Infinity) <= VISIBLE_AIM_MS;

function rowsOf(name: string, rate: number, run: Run): Row[] {
  const { load, usage } = run;
  const row = (what: string, unit: string, figure: number | null | undefined, aim?: Row['aim']): Row => ({ name: `${name}, ${what}`, unit, product: [figure ?? Number.NaN], floor: [], aim });
  const at = `at ${rate.toLocaleString('en-US')}/s`;
  return [
    row(`200 to visible record ${at}, p50`, 'ms', load.visible?.p50),
    row(`200 to visible record ${at}, p99`, 'ms', load.visible?.p99, { of: 'value', figure: VISIBLE_AIM_MS }),
    row(`callback to its 200 ${at}, p99`, 'ms', load.answered.p99),
    row(`not taken or not seen ${at}`, 'callbacks', load.refused + load.unseen, { of: 'value', figure: 0 }),
    row(`offered ${at}, done`, 'callbacks/s', run.throughput),
    ...services.map((service) => row(`memory of ${service}`, 'MB', usage.get(service)?.rssMb)),
    ...[...usage].map(([process, { cpuMsPerCallback }]) => row(`CPU of ${process}`, 'ms/callback', cpuMsPerCallback)),
    row('CPU of all together', 'ms/callback', sum(usage, ({ cpuMsPerCallback }) => cpuMsPerCallback)),
  ];
}

/** The greatest of the rates that is sustained for ten seconds; halves the rates that are left. */
async function greatestRate(name: string, system: WholeSystem, known: number): Promise<Row> {
  let [low, high] = [0, SEARCH_RATES.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const rate = SEARCH_RATES[middle] ?? 0;
    if (rate <= known || isSustained(await told(system, rate, SEARCH_SECONDS))) low = middle + 1;
    else high = middle;
  }
  return { name: `${name}, greatest rate with p99 <= 1 s`, unit: 'callbacks/s', product: [SEARCH_RATES[low - 1] ?? 0], floor: [], aim: { of: 'at-least', figure: AIM_RATE } };
}
