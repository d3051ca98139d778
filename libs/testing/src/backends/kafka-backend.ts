import { testEnvironment } from '../backends.config';
import { startKafkaBroker } from '../kafka-broker';
import type { Backend } from './backend';
import { dockerAnswers } from './docker';

const IMAGE = 'confluentinc/cp-kafka:7.9.1';
const PORT = 9093;

/** The Kafka of the tests: the one given, else one in Docker, else tools/kafka-local; `localObstacle` says why that cannot be. */
export async function provideKafka(localObstacle: string | undefined): Promise<Backend<string>> {
  const given = testEnvironment().CC_KAFKA_BROKERS;
  if (given !== undefined) return { at: given, stop: () => Promise.resolve() };
  const container = (await dockerAnswers()) ? await inDocker().catch(() => undefined) : undefined;
  if (container !== undefined) return container;
  if (localObstacle !== undefined) throw new Error(localObstacle);
  const broker = await startKafkaBroker();
  return { at: broker.brokers.join(','), stop: () => broker.stop() };
}

async function inDocker(): Promise<Backend<string>> {
  const { KafkaContainer } = await import('@testcontainers/kafka');
  // As in tools/kafka-local: a misspelt topic is an error, and a first join of a group does not wait.
  const settings = { KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false', KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0', KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000' };
  const container = await new KafkaContainer(IMAGE).withKraft().withEnvironment(settings).start();
  return { at: `${container.getHost()}:${container.getMappedPort(PORT)}`, stop: async () => void (await container.stop()) };
}
