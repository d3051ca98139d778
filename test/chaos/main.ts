import { parseArgs } from 'node:util';
import { hasPassed, textOf } from './report';
import { runChaos } from './run';

const usage = `Usage: npm run chaos -- [options]

Runs every service as a process of its own on a real Kafka, PostgreSQL and disk, places calls, lets faults happen that are drawn from the
seed, and checks afterwards what was promised: every acknowledged callback is in a record or in quarantine, every record is what the
vendor's side knows, nobody was rung twice, every recording is archived, and a fresh call works. The report, the plan, and every process's
log lie in test-output/chaos/<seed>. Needs Java 17 for Kafka, and for some faults root, strace or faketime.

  --minutes N    how long faults happen (3)
  --seed N       what they are drawn from (the time)
  --rate N       calls a second (10)
  --speed N      how much faster than life the simulated calls are (30)
  --recovery N   seconds that the system may take to come to rest afterwards (180)
  --only TEXT    only the faults whose name contains TEXT; may be repeated
  --help         this text
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '3' }, seed: { type: 'string' }, rate: { type: 'string', default: '10' }, speed: { type: 'string', default: '30' },
      recovery: { type: 'string', default: '180' }, only: { type: 'string', multiple: true, default: [] }, help: { type: 'boolean', default: false },
    },
  });
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  if (values.help) {
    say(usage);
    return 0;
  }
  const number = (name: 'minutes' | 'seed' | 'rate' | 'speed' | 'recovery', text: string | undefined): number => {
    if (text === undefined || !(Number(text) > 0)) throw new Error(`--${name} must be a number above 0, not ${text}\n\n${usage}`);
    return Number(text);
  };
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  const report = await runChaos({
    minutes: number('minutes', values.minutes), seed: number('seed', values.seed ?? String(Date.now() % 2_147_483_647)), callsPerSecond: number('rate', values.rate), speed: number('speed', values.speed),
    recoverySeconds: number('recovery', values.recovery), only: values.only, say,
  }, ending.signal);
  say(`\n${textOf(report)}`);
  return hasPassed(report) ? 0 : 1;
}

// What still holds the event loop (a consumer without its broker) must not keep us.
main().then((code) => process.exit(code), (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(2);
});
