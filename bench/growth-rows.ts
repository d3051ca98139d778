import { TypeOrmDatabase, type Database } from '@cc/postgres';
import { freshDatabase } from './backends';
import type { Row } from './measure';
import { StoredPipeline } from './stored-product';
import { storeAlone } from './store-rows';
import { WholeSystem } from './whole-system';

/** Calls that are open, and calls that lie in the tables, beside those that are measured. */
interface Scale {
  readonly name: string;
  readonly open: number;
  readonly table: number;
}

const OPEN = 2_000;
const TABLE = 20_000;
const scales: readonly Scale[] = [
  { name: 'as it is', open: OPEN, table: TABLE },
  { name: '10 times the open calls', open: 10 * OPEN, table: TABLE },
  { name: '10 times the table', open: OPEN, table: 10 * TABLE },
];

/** Calls that are really led to their end, before their rows are copied. */
const LED = 1_000;
const CALLS = 2_000;
const RATE = 2_000;
const EVENTS = 100_000;

/** The tables that grow with the calls: what names a call in each. */
const STORED_TABLES = { call_record: ['cc_call_id', 'call_id'], record_event: ['call_id'], dispatcher_subject: ['subject'] } as const;
const ALL_TABLES = { ...STORED_TABLES, gateway_call: ['call_id'], gateway_event: ['call_id'] } as const;

/** How the rates change with ten times the open calls, and with ten times the table. */
export async function growthRows(server: string, brokers: readonly string[], kafkaPid: number | undefined): Promise<Row[]> {
  const rows: Row[] = [];
  for (const scale of scales) {
    const figures: readonly (readonly [string, string, (databaseUrl: string) => Promise<number>])[] = [
      ['whole way, offered more than it takes', 'callbacks/s', (databaseUrl) => wholeAt(scale, { databaseUrl, brokers }, kafkaPid)],
      ['stored callback to committed record', 'callbacks/s', (databaseUrl) => storedAt(scale, { databaseUrl, brokers })],
      ['record-store alone', 'events/s', (databaseUrl) => storeAt(scale, { databaseUrl, brokers })],
    ];
    for (const [name, unit, figure] of figures) {
      const database = await freshDatabase(server);
      try {
        rows.push({ name: `growth: ${name}, ${scale.name}`, unit, product: [await figure(database.at)], floor: [], aim: undefined });
        process.stderr.write(`  ${name}, ${scale.name}: ${Math.round(rows.at(-1)?.product[0] ?? 0)} ${unit}\n`);
      } finally {
        await database.stop();
      }
    }
  }
  return rows;
}

interface At {
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
}

async function wholeAt({ open, table }: Scale, place: At, kafkaPid: number | undefined): Promise<number> {
  const system = await WholeSystem.start(place, { kafkaPid });
  try {
    await system.run(await system.introduce(LED), RATE);
    await copied(place, ALL_TABLES, table);
    await system.introduce(open);
    return (await system.run(await system.introduce(CALLS), RATE)).throughput;
  } finally {
    await system.stop();
  }
}

async function storedAt({ open, table }: Scale, place: At): Promise<number> {
  const pipeline = await StoredPipeline.open(place);
  try {
    await pipeline.run(LED);
    await copied(place, STORED_TABLES, table);
    await pipeline.introduce(open);
    return await pipeline.run(CALLS);
  } finally {
    await pipeline.close();
  }
}

/** Open calls are for the store what calls in the table are: rows that are not touched. */
async function storeAt({ open, table }: Scale, place: At): Promise<number> {
  await storeAlone(place, 11 * LED);
  await copied(place, { call_record: STORED_TABLES.call_record, record_event: STORED_TABLES.record_event }, table + open);
  return (await storeAlone(place, EVENTS)).eventsPerSecond;
}

/** Rows of the calls that were led to their end, once more under other names, until the tables hold so many calls. */
async function copied({ databaseUrl }: At, tables: Readonly<Record<string, readonly string[]>>, calls: number): Promise<void> {
  const database = await TypeOrmDatabase.connect({ url: databaseUrl, poolSize: 2, applicationName: 'cc-bench', statementTimeoutMs: 600_000 });
  try {
    for (const [table, names] of Object.entries(tables)) await copy(database, table, names, Math.round(calls / LED) - 1);
    for (const table of Object.keys(tables)) await database.query(`ANALYZE ${table}`);
  } finally {
    await database.close();
  }
}

async function copy(database: Database, table: string, names: readonly string[], times: number): Promise<void> {
  const rows = await database.query<{ column_name: string }>(
    `SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND column_name <> 'id' AND is_generated = 'NEVER' ORDER BY ordinal_position`, [table]);
  const columns = rows.map(({ column_name: column }) => column);
  const values = columns.map((column) => (names.includes(column) ? `'g' || n || '-' || ${column}` : column));
  await database.query(`INSERT INTO ${table} (${columns.join(', ')}) SELECT ${values.join(', ')} FROM ${table} CROSS JOIN generate_series(1, $1::int) AS n`, [times]);
}
