import type { WireRecord } from '@cc/contracts';
import { partitionOf } from '@cc/event-log';
import { Client } from 'pg';
import { secondsSince } from './measure';
import { BATCH, Finish, PARTITIONS } from './records';

/** Batches of other partitions that a member takes at the same time, as CC's log does. */
const LANES = 2;

/** Tables as a careful hand would make them for the same promises. */
const TABLES = `
  CREATE TABLE floor_head (topic text, part int, next bigint NOT NULL DEFAULT 0, PRIMARY KEY (topic, part)) WITH (fillfactor = 50);
  CREATE TABLE floor_record (topic text, part int, off bigint, key text COLLATE "C" NOT NULL, value bytea, headers text NOT NULL, appended_at bigint NOT NULL, PRIMARY KEY (topic, part, off));
  CREATE TABLE floor_cursor (grp text, topic text, part int, off bigint NOT NULL DEFAULT -1, PRIMARY KEY (grp, topic, part)) WITH (fillfactor = 50)`;

const APPEND = `
  WITH head AS (UPDATE floor_head SET next = next + $3 WHERE topic = $1 AND part = $2 RETURNING next - $3 AS base)
  INSERT INTO floor_record (topic, part, off, key, value, headers, appended_at)
  SELECT $1, $2, head.base + r.ord - 1, r.key, r.value, r.headers, (extract(epoch FROM clock_timestamp()) * 1000)::bigint
  FROM head, unnest($4::text[], $5::bytea[], $6::text[]) WITH ORDINALITY AS r (key, value, headers, ord)`;

const TAKE = `SELECT off, key, value, headers, appended_at FROM floor_record WHERE topic = $1 AND part = $2 AND off > $3 ORDER BY off LIMIT ${BATCH}`;

export async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 60_000 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

export async function prepareFloorTables(url: string): Promise<void> {
  const client = await connected(url);
  await client.query(TABLES).finally(() => client.end());
}

/** Records a second: bare pg, one transaction a batch, one statement a partition: head row and records together. */
export async function appendWithPg(url: string, topic: string, batches: readonly WireRecord[][]): Promise<number> {
  const client = await connected(url);
  try {
    await createTopic(client, topic);
    const [first = [], ...rest] = batches;
    await appendAlone(client, topic, first);
    const startedAt = performance.now();
    for (const batch of rest) await appendAlone(client, topic, batch);
    return rest.reduce((sum, batch) => sum + batch.length, 0) / secondsSince(startedAt);
  } finally {
    await client.end();
  }
}

export async function createTopic(client: Client, topic: string): Promise<void> {
  await client.query(`INSERT INTO floor_head (topic, part) SELECT $1, generate_series(0, $2::int - 1) ON CONFLICT DO NOTHING`, [topic, PARTITIONS]);
}

export async function createCursors(client: Client, topic: string, group: string): Promise<void> {
  await client.query(`INSERT INTO floor_cursor (grp, topic, part) SELECT $1, $2, generate_series(0, $3::int - 1)`, [group, topic, PARTITIONS]);
}

/** A batch in a transaction of its own. */
export async function appendAlone(client: Client, topic: string, batch: readonly WireRecord[]): Promise<void> {
  await client.query('BEGIN');
  await appendBatch(client, topic, batch);
  await client.query('COMMIT');
}

/** A batch in the transaction that is open. */
export async function appendBatch(client: Client, topic: string, batch: readonly WireRecord[]): Promise<void> {
  const groups = new Map<number, WireRecord[]>();
  for (const record of batch) {
    const partition = partitionOf(record.key, PARTITIONS);
    const group = groups.get(partition);
    if (group === undefined) groups.set(partition, [record]);
    else group.push(record);
  }
  for (const [partition, members] of [...groups].sort(([a], [b]) => a - b)) {
    await client.query(APPEND, [topic, partition, members.length, members.map(({ key }) => key), members.map(({ value }) => value), members.map(({ headers }) => JSON.stringify(headers))]);
  }
  await client.query(`SELECT pg_notify('floor', '')`);
}

/** Records a second: a transaction a batch that locks the cursor, reads behind it, parses the headers and moves it. */
export async function consumeWithPg(url: string, topic: string, group: string, expected: number): Promise<number> {
  const clients = await Promise.all(Array.from({ length: LANES }, () => connected(url)));
  const finish = new Finish(expected);
  try {
    if (clients[0] !== undefined) await createCursors(clients[0], topic, group);
    const due = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    finish.begin();
    await Promise.all(clients.map((client) => lane(client, topic, group, due, finish)));
    return expected / (await finish.seconds);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

async function lane(client: Client, topic: string, group: string, due: number[], finish: Finish): Promise<void> {
  for (let partition = due.shift(); partition !== undefined; partition = due.shift()) {
    let taken = BATCH;
    while (taken === BATCH) taken = await takeBatch(client, topic, group, partition, finish);
  }
}

async function takeBatch(client: Client, topic: string, group: string, partition: number, finish: Finish): Promise<number> {
  const taken = await inBatch(client, { topic, group, partition }, () => Promise.resolve());
  finish.done(taken);
  return taken;
}

export interface TakenRecord {
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: string;
}

/** One batch behind the group's cursor, its effects and the cursor in one transaction. Resolves to how many there were. */
export async function inBatch(
  client: Client,
  { topic, group, partition }: { readonly topic: string; readonly group: string; readonly partition: number },
  handle: (records: readonly TakenRecord[]) => Promise<void>,
): Promise<number> {
  await client.query('BEGIN');
  const cursor = await client.query<{ off: string }>(`SELECT off FROM floor_cursor WHERE grp = $1 AND topic = $2 AND part = $3 FOR UPDATE SKIP LOCKED`, [group, topic, partition]);
  const { rows } = await client.query<TakenRecord & { off: string }>(TAKE, [topic, partition, Number(cursor.rows[0]?.off ?? -1)]);
  for (const row of rows) JSON.parse(row.headers);
  const last = rows.at(-1);
  if (last !== undefined) {
    await handle(rows);
    await client.query(`UPDATE floor_cursor SET off = $4 WHERE grp = $1 AND topic = $2 AND part = $3`, [group, topic, partition, Number(last.off)]);
  }
  await client.query('COMMIT');
  return rows.length;
}
