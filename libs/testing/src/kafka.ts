import { testEnvironment } from './backends.config';
import { describeUnless } from './describe-unless';

/** host:port of the Kafka that the tests share, or undefined where there is none. */
export function kafkaBrokers(): string[] | undefined {
  return testEnvironment().CC_TEST_KAFKA_BROKERS?.split(',');
}

/** A `describe` for what needs the shared Kafka; without one it is skipped, with the reason in its name (and fails when CI=true). */
export function describeWithKafka(name: string, specs: () => void): void {
  describeUnless(kafkaBrokers() === undefined ? (testEnvironment().CC_TEST_KAFKA_SKIP_REASON ?? 'no Kafka was set up') : undefined, name, specs);
}

/** A `describe` for what needs a broker of its own to kill or pause ({@link startKafkaBroker}). */
export function describeWithKafkaBroker(name: string, specs: () => void): void {
  describeUnless(testEnvironment().CC_TEST_KAFKA_BROKER_SKIP_REASON, name, specs);
}
