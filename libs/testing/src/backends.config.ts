import { z } from 'zod';

const optionalText = z.string().trim().transform((text) => (text === '' ? undefined : text)).optional();

const Environment = z.object({
  /** A PostgreSQL whose user may create databases; each spec makes its own. */
  CC_DATABASE_URL: optionalText,
  /** host:port,… of a Kafka that may be filled with topics. */
  CC_KAFKA_BROKERS: optionalText,
  /** `true`: what is missing is a failure, not a reason to skip. */
  CI: optionalText,
  /** Tools, with spaces between, that could not be had even in CI, which has said so. */
  CC_TEST_MAY_LACK: optionalText,
  /** Set by the global setup, for the specs. */
  CC_TEST_POSTGRES_URL: optionalText,
  CC_TEST_KAFKA_BROKERS: optionalText,
  CC_TEST_KAFKA_SKIP_REASON: optionalText,
  CC_TEST_KAFKA_BROKER_SKIP_REASON: optionalText,
});

/** What the environment says now; the global setup writes it before any spec is read. */
export function testEnvironment(): z.infer<typeof Environment> {
  return Environment.parse(process.env);
}

/** Our own environment with some variables more, for a child process. */
export function environmentWith(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...more };
}
