import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { scripts } from './script';
import { simulate, type SimulationResult } from './simulate';

const usage = `Usage: npm run sim -- [options]

Plays applications, two routers that crash and stand still, and vendors that fail in every way, and checks that nobody is rung twice,
that a line carries one call, that every call and every doubt ends, that no vendor is asked too often, and that each call whose end was missed is asked about. A failure prints its seed and the shortest history that shows it.

  --seeds N     how many scripts are played (200)
  --seed S      where their making begins (the time)
  --path P      plays one counterexample again, as a failure printed it
  --help        this text
`;

type Seen = SimulationResult['seen'];

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { seeds: { type: 'string', default: '200' }, seed: { type: 'string' }, path: { type: 'string' }, help: { type: 'boolean', default: false } } });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const seed = values.seed === undefined ? Date.now() % 2_147_483_647 : Number(values.seed);
  const total: Record<keyof Seen, number> = { dials: 0, rings: 0, failovers: 0, doubts: 0, lostOutcomes: 0, lateRings: 0, waited: 0, refusedAsBusy: 0, missedEnds: 0, repairs: 0 };
  let runs = 0;
  const property = fc.asyncProperty(scripts, async (script) => {
    const { violations, seen } = await simulate(script);
    runs += 1;
    for (const [key, count] of Object.entries(seen)) if (isSeen(key, total)) total[key] += count;
    return violations.length === 0;
  });
  const began = performance.now();
  const outcome = await fc.check(property, { seed, numRuns: Number(values.seeds), ...(values.path === undefined ? {} : { path: values.path }), endOnFailure: false });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(`${runs} scripts in ${seconds} s, seed ${seed}: ${JSON.stringify(total)}\n`);
  const script = outcome.counterexample?.[0];
  if (!outcome.failed || script === undefined || script === null) return 0;
  const { violations, history } = await simulate(script);
  process.stdout.write(`\nFAILED. Again: npm run sim -- --seed ${seed} --path ${outcome.counterexamplePath ?? ''}\n\n${JSON.stringify(script)}\n\n${violations.join('\n')}\n\n${history.join('\n')}\n`);
  return 1;
}

function isSeen(key: string, total: Record<keyof Seen, number>): key is keyof Seen {
  return key in total;
}

main().then((code) => (process.exitCode = code), (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exitCode = 2;
});
