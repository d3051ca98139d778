// Holds the tests' PostgreSQL and Kafka: starts them, says in one line of JSON where they are, and ends them when its stdin ends,
// so that they do not outlive the test run, however that ends.
import { describeError } from '@cc/kernel';
import { testEnvironment } from '../backends.config';
import { localKafkaObstacle } from '../local-kafka';
import { provideKafka } from './kafka-backend';
import { providePostgres } from './postgres-backend';

/** The variables that the specs see. */
type SpecVariables = Record<string, string>;

async function hold(): Promise<void> {
  const ended = new Promise<void>((done) => {
    process.stdin.once('end', done).resume();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done());
  });
  const obstacle = await localKafkaObstacle();
  const [postgres, kafka] = await Promise.allSettled([providePostgres(), provideKafka(obstacle)]);
  const faults: string[] = [];
  const variables: SpecVariables = obstacle === undefined ? {} : { CC_TEST_KAFKA_BROKER_SKIP_REASON: obstacle };
  if (postgres.status === 'fulfilled') variables['CC_TEST_POSTGRES_URL'] = postgres.value.at;
  else faults.push(`PostgreSQL: ${describeError(postgres.reason)}`);
  if (kafka.status === 'fulfilled') variables['CC_TEST_KAFKA_BROKERS'] = kafka.value.at;
  else {
    variables['CC_TEST_KAFKA_SKIP_REASON'] = describeError(kafka.reason);
    if (testEnvironment().CI === 'true') faults.push(`Kafka: ${describeError(kafka.reason)}`);
  }
  process.stdout.write(`${JSON.stringify(faults.length > 0 ? { faults } : { variables })}\n`);
  if (faults.length === 0) await ended;
  await Promise.allSettled([postgres, kafka].map(async (backend) => (backend.status === 'fulfilled' ? backend.value.stop() : undefined)));
}

// Whatever else holds the event loop (a container client's agent) must not keep us.
void hold().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stdout.write(`${JSON.stringify({ faults: [describeError(error)] })}\n`);
    process.exit(1);
  },
);
