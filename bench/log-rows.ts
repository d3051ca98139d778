import { newId } from '@cc/kernel';
import { freshDatabase } from './backends';
import { appendWithKafkajs, consumeWithKafkajs } from './kafka-floor';
import { appendWithPg, consumeWithPg, prepareFloorTables } from './log-postgres-floor';
import { appendWithProduct, consumeWithProduct, type Place } from './log-product';
import { interleave, type Row } from './measure';
import { batchesOf, BATCH, benchTopic, callRecords } from './records';

const ROUNDS = 3;
const UNIT = 'records/s';
const AIM = { of: 'ratio', figure: 0.8 } as const;
const POSTGRES_RECORDS = 10_000;
const KAFKA_RECORDS = 15_000;

/** Append and consume of the PostgreSQL log beside bare pg with the same head rows and cursors. */
export async function postgresLogRows(server: string): Promise<Row[]> {
  const database = await freshDatabase(server);
  try {
    await prepareFloorTables(database.at);
    const topic = benchTopic('cc.bench.log.v1');
    const place: Place = { databaseUrl: database.at };
    const batches = batchesOf(callRecords(POSTGRES_RECORDS + BATCH));
    const total = ROUNDS * (POSTGRES_RECORDS + BATCH);
    const append = await interleave(ROUNDS, () => appendWithPg(database.at, topic.name, batches), () => appendWithProduct(place, topic, batches));
    const consume = await interleave(ROUNDS, (round) => consumeWithPg(database.at, topic.name, `floor-${round}`, total), (round) => consumeWithProduct(place, topic, `product-${round}`, total));
    return [{ name: 'log append, postgres', unit: UNIT, ...append, aim: AIM }, { name: 'log consume, postgres', unit: UNIT, ...consume, aim: AIM }];
  } finally {
    await database.stop();
  }
}

/** Append and consume of the log on Kafka beside bare kafkajs; both keep their positions in PostgreSQL. */
export async function kafkaLogRows(server: string, brokers: readonly string[]): Promise<Row[]> {
  const database = await freshDatabase(server);
  try {
    await prepareFloorTables(database.at);
    // One topic for both: the same records in the same partitions.
    const topic = benchTopic(newId('cc.bench.log'));
    const place: Place = { databaseUrl: database.at, brokers };
    const batches = batchesOf(callRecords(KAFKA_RECORDS + BATCH));
    await appendWithProduct(place, topic, batches.slice(0, 1));
    const append = await interleave(ROUNDS, () => appendWithKafkajs(brokers, topic.name, batches), () => appendWithProduct(place, topic, batches));
    const total = BATCH + 2 * ROUNDS * (KAFKA_RECORDS + BATCH);
    const group = newId('bench');
    const consume = await interleave(
      ROUNDS,
      (round) => consumeWithKafkajs(brokers, database.at, topic.name, `${group}-floor-${round}`, total),
      (round) => consumeWithProduct(place, topic, `${group}-product-${round}`, total),
    );
    return [{ name: 'log append, kafka', unit: UNIT, ...append, aim: AIM }, { name: 'log consume, kafka', unit: UNIT, ...consume, aim: AIM }];
  } finally {
    await database.stop();
  }
}
