import { freshDatabase } from './backends';
import { FLOOR_RECORD_TABLES } from './floor-record';
import { connected, prepareFloorTables } from './log-postgres-floor';
import type { Place } from './log-product';
import { interleave, type Row } from './measure';
import { pipelineWithKafkajs } from './pipeline-kafka-floor';
import { pipelineWithPg } from './pipeline-postgres-floor';
import { ProductPipeline } from './pipeline-product';

const ROUNDS = 3;
const CALLS = 2_000;

/** Notification to committed record through event-dispatcher and record-store on Kafka, beside bare kafkajs programs with the same hops. */
export function kafkaPipelineRows(server: string, brokers: readonly string[]): Promise<Row[]> {
  return pipelineRows('record pipeline, kafka', server, (databaseUrl) => ({ databaseUrl, brokers }), (databaseUrl) => pipelineWithKafkajs(brokers, databaseUrl, CALLS));
}

/** The same on PostgreSQL's log, beside bare pg programs. */
export function postgresPipelineRows(server: string): Promise<Row[]> {
  return pipelineRows('record pipeline, postgres', server, (databaseUrl) => ({ databaseUrl }), (databaseUrl) => pipelineWithPg(databaseUrl, CALLS));
}

async function pipelineRows(name: string, server: string, placeOf: (databaseUrl: string) => Place, floor: (databaseUrl: string) => Promise<number>): Promise<Row[]> {
  const database = await freshDatabase(server);
  try {
    await prepareFloorTables(database.at);
    const client = await connected(database.at);
    await client.query(FLOOR_RECORD_TABLES).finally(() => client.end());
    const product = await ProductPipeline.open(placeOf(database.at));
    try {
      const figures = await interleave(ROUNDS, () => floor(database.at), () => product.run(CALLS));
      return [{ name, unit: 'notifications/s', ...figures, aim: { of: 'ratio', figure: 0.5 } }];
    } finally {
      await product.close();
    }
  } finally {
    await database.stop();
  }
}
