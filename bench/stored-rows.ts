import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { newId } from '@cc/kernel';
import { processEnvironment } from '@cc/platform';
import { Script } from '@cc/testing';
import { freshDatabase } from './backends';
import { callbackKinds, callbackXml } from './e9-callbacks';
import { FLOOR_RECORD_TABLES } from './floor-record';
import { bareKafka } from './kafka-floor';
import { knownCalls } from './known-calls';
import { connected, prepareFloorTables } from './log-postgres-floor';
import { interleave, type Row } from './measure';
import { secondsOfProgress } from './pipeline-progress';
import { PARTITIONS } from './records';
import type { StoredFloorJob } from './stored-floor';
import { StoredPipeline } from './stored-product';

const ROUNDS = 3;
const CALLS = 2_000;

const FLOOR_TABLES = `
  CREATE TABLE floor_attempt (id text PRIMARY KEY, call text NOT NULL);
  CREATE TABLE floor_event (call_id text, event_id text, event text NOT NULL, PRIMARY KEY (call_id, event_id))`;

/** Stored callback to committed record on Kafka: the spool's replay, event-dispatcher and record-store, beside three bare programs with the same hops and durable writes. */
export async function storedRows(server: string, brokers: readonly string[]): Promise<Row[]> {
  const database = await freshDatabase(server);
  try {
    await prepareFloorTables(database.at);
    const client = await connected(database.at);
    await client.query(`${FLOOR_RECORD_TABLES};${FLOOR_TABLES}`).finally(() => client.end());
    const product = await StoredPipeline.open({ databaseUrl: database.at, brokers });
    try {
      const figures = await interleave(ROUNDS, () => byHand(brokers, database.at, CALLS), () => product.run(CALLS));
      return [{ name: 'stored callback to committed record, kafka', unit: 'callbacks/s', ...figures, aim: { of: 'ratio', figure: 0.8 } }];
    } finally {
      await product.close();
    }
  } finally {
    await database.stop();
  }
}

/** Callbacks a second through the bare programs, measured as CC is. */
async function byHand(brokers: readonly string[], databaseUrl: string, callCount: number): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'cc-bench-stored-floor-'));
  const job: StoredFloorJob = { brokers: [...brokers], databaseUrl, directory, tenant: newId('floor').slice(0, 32), notifications: newId('cc.bench.notifications'), events: newId('cc.bench.events'), records: newId('cc.bench.records') };
  const client = await connected(databaseUrl);
  const programs: Script[] = [];
  try {
    await createTopics(brokers, [job.notifications, job.events, job.records]);
    const calls = knownCalls(callCount, job.tenant);
    await client.query(`INSERT INTO floor_attempt (id, call) SELECT * FROM unnest($1::text[], $2::text[])`, [calls.map(({ attemptId }) => attemptId), calls.map(({ callId }) => callId)]);
    writeFileSync(join(directory, 'spool'), Buffer.concat(callbackKinds.flatMap((kind) => calls.map((call) => frameOf(callbackXml(call, kind))))), { flush: true });
    writeFileSync(join(directory, 'job.json'), JSON.stringify(job));
    for (const stage of ['store', 'translate', 'forward'] as const) {
      const script = program(stage, join(directory, 'job.json'));
      programs.push(script);
      await script.line(/^ready$/);
    }
    const seconds = await secondsOfProgress(callCount, async () => {
      for (const script of programs) if (!script.running && script.stderr !== '') throw new Error(script.stderr);
      const { rows } = await client.query<{ begun: string; closed: string }>(`SELECT count(*) AS begun, count(*) FILTER (WHERE state = 'close') AS closed FROM floor_call WHERE tenant = $1`, [job.tenant]);
      return { begun: Number(rows[0]?.begun ?? 0), closed: Number(rows[0]?.closed ?? 0) };
    });
    return (callCount * callbackKinds.length) / seconds;
  } finally {
    for (const script of programs) await script.kill();
    await client.end();
    rmSync(directory, { recursive: true, force: true });
  }
}

function program(stage: string, path: string): Script {
  return new Script(spawn(process.execPath, ['-r', './libs/testing/src/swc-register.cjs', 'bench/stored-floor.ts', stage, path], { env: { ...processEnvironment(), CC_TEST_DIES_WITH_STDIN: 'true' }, stdio: ['pipe', 'pipe', 'pipe'] }));
}

function frameOf(xml: string): Buffer {
  const payload = Buffer.from(JSON.stringify({ id: newId('ntf'), receivedAt: Date.now(), body: Buffer.from(xml).toString('base64') }));
  const header = Buffer.alloc(8);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt32BE(crc32(payload), 4);
  return Buffer.concat([header, payload]);
}

async function createTopics(brokers: readonly string[], topics: readonly string[]): Promise<void> {
  const admin = bareKafka(brokers).admin();
  await admin.connect();
  try {
    await admin.createTopics({ waitForLeaders: false, topics: topics.map((topic) => ({ topic, numPartitions: PARTITIONS })) });
  } finally {
    await admin.disconnect();
  }
}

