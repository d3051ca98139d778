// Measures CC beside hand-written floors in the same run; see `usage`.
import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { describeError } from '@cc/kernel';
import { startKafka, startPostgres, type Started } from './backends';
import { ingestRows } from './ingest-rows';
import { latencyRows } from './latency-rows';
import { kafkaLogRows, postgresLogRows } from './log-rows';
import { kafkaPipelineRows, postgresPipelineRows } from './pipeline-rows';
import { routingRows } from './routing-rows';
import { seatRows } from './seat-rows';
import { growthRows } from './growth-rows';
import { storeRows } from './store-rows';
import { storedRows } from './stored-rows';
import { wholeRows, type WholeOptions } from './whole-rows';
import { met, ratio, table, type Row, type Skipped } from './measure';

interface Part {
  readonly name: string;
  readonly needs: 'postgres' | 'kafka';
  /** Takes so long that it is only done where it is named. */
  readonly alone?: true;
  run(backends: PartBackends): Promise<Row[]>;
}

interface PartBackends {
  readonly postgres: string;
  readonly brokers: readonly string[];
  /** The broker's process, where it is ours. */
  readonly kafkaPid: number | undefined;
  readonly whole: Pick<WholeOptions, 'profileDir' | 'rate'>;
}

const parts: readonly Part[] = [
  { name: 'log-postgres', needs: 'postgres', run: ({ postgres }) => postgresLogRows(postgres) },
  { name: 'log-kafka', needs: 'kafka', run: ({ postgres, brokers }) => kafkaLogRows(postgres, brokers) },
  { name: 'pipeline-postgres', needs: 'postgres', run: ({ postgres }) => postgresPipelineRows(postgres) },
  { name: 'pipeline-kafka', needs: 'kafka', run: ({ postgres, brokers }) => kafkaPipelineRows(postgres, brokers) },
  { name: 'routing', needs: 'postgres', run: ({ postgres }) => routingRows(postgres) },
  { name: 'seats', needs: 'postgres', run: ({ postgres }) => seatRows(postgres) },
  { name: 'latency', needs: 'postgres', run: ({ postgres }) => latencyRows(postgres) },
  { name: 'ingest', needs: 'kafka', run: ({ brokers }) => ingestRows(brokers) },
  { name: 'stored', needs: 'kafka', run: ({ postgres, brokers }) => storedRows(postgres, brokers) },
  { name: 'whole-kafka', needs: 'kafka', run: ({ postgres, brokers, kafkaPid, whole }) => wholeRows('kafka', postgres, brokers, { ...whole, kafkaPid }) },
  { name: 'record-store', needs: 'kafka', run: ({ postgres, brokers }) => storeRows(postgres, brokers) },
  { name: 'whole-postgres', needs: 'postgres', run: ({ postgres, whole }) => wholeRows('postgres', postgres, undefined, whole) },
  { name: 'growth', needs: 'kafka', alone: true, run: ({ postgres, brokers, kafkaPid }) => growthRows(postgres, brokers, kafkaPid) },
];

const usage = `Usage: npm run bench -- [options]

Measures CC beside a hand-written floor in the same run: the floor and CC in turn, three rounds, medians.
PostgreSQL and Kafka are started for it, unless CC_DATABASE_URL or CC_KAFKA_BROKERS name others.

  --only NAME   only the parts whose name contains NAME: ${parts.map(({ name }) => name).join(', ')}
  --json FILE   write every figure there as well
  --rate N      of the whole way: one run at N callbacks/s, and no search for the greatest rate
  --profile DIR of the whole way: each service leaves its CPU profile there
  --help        this text
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function bench(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string', default: '' }, json: { type: 'string' }, rate: { type: 'string' }, profile: { type: 'string' }, help: { type: 'boolean', default: false } } });
  if (values.help) return say(usage);
  const chosen = parts.filter(({ name, alone }) => (alone === true ? name === values.only : name.includes(values.only)));
  if (chosen.length === 0) throw new Error(`No part is named ${values.only}\n\n${usage}`);
  const startedAt = Date.now();
  const load = loadavg()[0] ?? 0;
  const whole = { profileDir: values.profile, rate: values.rate === undefined ? undefined : Number(values.rate) };
  const { rows, skipped } = await measure(chosen, whole);
  const machine = { cores: availableParallelism(), node: process.version, loadBefore: Number(load.toFixed(2)), seconds: Math.round((Date.now() - startedAt) / 1000) };
  say(`\n${table(rows)}\n`);
  say('ratio: CC / floor; of what is counted a second more is better, of ms less.');
  say(`${machine.cores} cores, Node ${machine.node}, load before ${machine.loadBefore}, ${machine.seconds} s`);
  for (const { name, reason } of skipped) say(`skipped: ${name}: ${reason}`);
  if (values.json !== undefined) {
    const told = rows.map((row) => ({ ...row, ratio: row.floor.length === 0 ? null : ratio(row), met: met(row) ?? null }));
    writeFileSync(values.json, `${JSON.stringify({ at: new Date(startedAt).toISOString(), machine, rows: told, skipped }, null, 2)}\n`);
  }
}

async function measure(chosen: readonly Part[], whole: PartBackends['whole']): Promise<{ rows: Row[]; skipped: Skipped[] }> {
  const rows: Row[] = [];
  const skipped: Skipped[] = [];
  const stops: (() => Promise<void>)[] = [];
  const keep = <T>(started: Started<T>): T => {
    stops.push(() => started.stop());
    return started.at;
  };
  try {
    const postgres = keep(await startPostgres());
    const kafka = chosen.some(({ needs }) => needs === 'kafka') ? await startKafka() : undefined;
    const brokers = kafka === undefined || 'missing' in kafka ? [] : keep(kafka);
    for (const part of chosen) {
      if (part.needs === 'kafka' && kafka !== undefined && 'missing' in kafka) {
        skipped.push({ name: part.name, reason: kafka.missing });
        continue;
      }
      process.stderr.write(`${part.name} …\n`);
      rows.push(...(await part.run({ postgres, brokers, kafkaPid: pidOf(kafka), whole })));
    }
    return { rows, skipped };
  } finally {
    for (const stop of stops.reverse()) await stop().catch((error: unknown) => process.stderr.write(`A backend did not end cleanly: ${describeError(error)}\n`));
  }
}

function pidOf(kafka: Awaited<ReturnType<typeof startKafka>> | undefined): number | undefined {
  return kafka === undefined || 'missing' in kafka ? undefined : kafka.pid;
}

void bench().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`);
    process.exit(1);
  },
);
