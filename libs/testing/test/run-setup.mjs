// What Jest does with two projects: both set up, and one tear down for each, when told to.
import { createInterface } from 'node:readline';
import setUp from '../src/global-setup.mjs';
import tearDown from '../src/global-teardown.mjs';

await Promise.all([setUp(), setUp()]);
process.stdout.write(`${process.env.CC_TEST_POSTGRES_URL} ${process.env.CC_TEST_KAFKA_BROKERS ?? 'none'}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  await tearDown();
  process.stdout.write(`${line} done\n`);
  if (line === 'last') process.exit(0);
}
