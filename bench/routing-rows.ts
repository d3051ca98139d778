import { measureDecisions, measureLineGaps, measurePlanning, measurePlanningByHand } from '../apps/channel-router/test/bench/routing-bench';
import { freshDatabase } from './backends';
import { interleave, percentile, type Row } from './measure';

const ROUNDS = 3;

/** The router's choice: alone, with its commit beside the same SQL by hand, and for lines that calls wait for. */
export async function routingRows(server: string): Promise<Row[]> {
  const decisions = Array.from({ length: ROUNDS }, measureDecisions);
  const database = await freshDatabase(server);
  const lines = await freshDatabase(server);
  try {
    const planned = await interleave(ROUNDS, (round) => measurePlanningByHand(database.at, round), (round) => measurePlanning(database.at, round));
    const gaps = await measureLineGaps(lines.at);
    return [
      { name: 'route decision, 50 channels, 2,000 seats', unit: 'decisions/s', product: decisions.map(({ perSecond }) => perSecond), floor: [], aim: { of: 'at-least', figure: 5000 } },
      { name: 'route decision, p99', unit: 'ms', product: decisions.map(({ p99Ms }) => p99Ms), floor: [], aim: { of: 'value', figure: 5 } },
      { name: 'routing with its commit', unit: 'calls/s', ...planned, aim: { of: 'ratio', figure: 0.8 } },
      { name: 'line idle while a call waits, p50', unit: 'ms', product: [percentile(gaps, 0.5)], floor: [], aim: undefined },
      { name: 'line idle while a call waits, p99', unit: 'ms', product: [percentile(gaps, 0.99)], floor: [], aim: { of: 'value', figure: 100 } },
    ];
  } finally {
    await database.stop();
    await lines.stop();
  }
}
