import { measureSeats } from '../apps/hw-poller/test/bench/seats-bench';
import { freshDatabase } from './backends';
import { percentile, type Row } from './measure';

const SEATS = 1000;
const SECONDS = 15;
const EVENTS_PER_SECOND = 100;

/** 1,000 seats on one hw-poller, each of them polled all the time. */
export async function seatRows(server: string): Promise<Row[]> {
  const database = await freshDatabase(server);
  try {
    const { rssMb, cpuShare, delaysMs } = await measureSeats(database.at, SEATS, SECONDS, EVENTS_PER_SECOND);
    const name = '1,000 seats on one hw-poller';
    const row = (what: string, unit: string, figure: number): Row => ({ name: `${name}, ${what}`, unit, product: [figure], floor: [], aim: undefined });
    return [row('memory', 'MB', rssMb), row('CPU', 'of a core', cpuShare), row('poll to event, p50', 'ms', percentile(delaysMs, 0.5)), row('poll to event, p99', 'ms', percentile(delaysMs, 0.99))];
  } finally {
    await database.stop();
  }
}
