import { freshDatabase } from './backends';
import { interleave, type Row } from './measure';
import { pipelineWithKafkajs } from './pipeline-floor';
import { ProductPipeline } from './pipeline-product';

const ROUNDS = 3;
const CALLS = 2_000;

/** Notification to committed record through event-dispatcher and record-store, beside bare kafkajs programs with the same hops. */
export async function kafkaPipelineRows(server: string, brokers: readonly string[]): Promise<Row[]> {
  const database = await freshDatabase(server);
  try {
    const product = await ProductPipeline.open({ databaseUrl: database.at, brokers });
    try {
      const figures = await interleave(ROUNDS, () => pipelineWithKafkajs(brokers, database.at, CALLS), () => product.run(CALLS));
      return [{ name: 'record pipeline, kafka', unit: 'notifications/s', ...figures, aim: { of: 'ratio', figure: 0.5 } }];
    } finally {
      await product.close();
    }
  } finally {
    await database.stop();
  }
}
