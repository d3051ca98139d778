import { pause } from '@cc/kernel';
import type { AxiosInstance } from 'axios';
import { z } from 'zod';
import type { Random } from './fault-plan';

/** `ok`: CC answered 202, so that the call must be carried out. `fail`: it was refused. `info`: nobody knows. */
export type PlacementOutcome = 'ok' | 'fail' | 'info';

/** A call as the application placed it. */
export interface Placement {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly record: boolean;
  readonly channel: string | undefined;
  /** Epoch ms. */
  readonly at: number;
  readonly outcome: PlacementOutcome;
  readonly tries: number;
  readonly callId?: string;
  /** Of the refusal. */
  readonly refusal?: string;
}

/** How often each scenario of the simulator is played, by the last two digits of `to`: every one that needs no hand. */
const scenarioWeights: Readonly<Record<string, number>> = {
  '80': 30, '81': 4, '82': 4, '83': 4, '84': 4, '85': 2, '86': 8, '87': 8, '88': 3, '89': 3, '90': 8, '91': 8, '92': 4, '93': 3, '94': 1, '95': 2, '96': 3, '97': 1, '98': 1,
};
/** Undefined: the router chooses. */
const channelWeights: readonly (readonly [channel: string | undefined, weight: number])[] = [['e9-main', 40], ['hw-main', 20], ['jy-main', 15], ['hw-voice', 10], [undefined, 15]];
/** As many agents, each with a line: a line is used again and again, so that one that leaks is missed. */
const AGENTS = 3000;
/** A call whose placement is in doubt is asked for again that long. */
const GIVE_UP_MS = 60_000;
/** Before the first repetition; twice as long before each further one, and never as long as the others wait. */
const RETRY_MS = 500;
const MAX_RETRY_MS = 8000;
const BUSINESS = 'chaos';

const Answer = z.object({ callId: z.string() });
const Problem = z.object({ code: z.string() });

/** Places calls at a steady rate, as an application does that repeats what was not answered under the same Idempotency-Key. */
export class Load {
  readonly placements: Placement[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private next = 1;

  constructor(
    private readonly api: AxiosInstance,
    private readonly random: Random,
    private readonly name: string,
  ) {}

  /** Until it is aborted; then the placements that are under way are still finished. */
  async run(callsPerSecond: number, signal: AbortSignal): Promise<void> {
    const began = performance.now();
    for (let count = 0; !signal.aborted; count += 1) {
      const placing = this.placeOne();
      this.underWay.add(placing);
      void placing.finally(() => this.underWay.delete(placing));
      await pause(Math.max(0, began + ((count + 1) * 1000) / callsPerSecond - performance.now()), signal);
    }
    await Promise.all(this.underWay);
  }

  /** One that both answer and that is recorded, on a line of its own. */
  async placeFresh(): Promise<Placement> {
    const serial = this.serial();
    return this.place({ key: `${this.name}-fresh-${serial}`, ...numbers(AGENTS + serial, serial, '80'), record: true, channel: 'e9-main' });
  }

  private async placeOne(): Promise<void> {
    const serial = this.serial();
    const digits = this.draw(Object.entries(scenarioWeights));
    this.placements.push(await this.place({ key: `${this.name}-${serial}`, ...numbers(serial % AGENTS, serial, digits), record: this.random() < 0.7, channel: this.draw(channelWeights) }));
  }

  private serial(): number {
    this.next += 1;
    return this.next - 1;
  }

  private draw<T>(weighted: readonly (readonly [T, number])[]): T {
    let left = this.random() * weighted.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of weighted) if ((left -= weight) < 0) return item;
    throw new Error('nothing to draw from');
  }

  private async place(wanted: Pick<Placement, 'key' | 'from' | 'to' | 'record' | 'channel'>): Promise<Placement> {
    const { key, channel, from, to, record } = wanted;
    const body = { from, to, record, business: BUSINESS, agent: `agent-${from.slice(-5)}`, notAfterSeconds: 120, bizData: { key }, ...(channel === undefined ? {} : { channel }) };
    const at = Date.now();
    let doubtful = false;
    for (let tries = 1; ; tries += 1) {
      const answer = await this.api.post<unknown>('/calls', body, { headers: { 'idempotency-key': key } }).catch(() => undefined);
      const read = readAnswer(answer);
      const about = { ...wanted, at, tries };
      if (read.kind === 'placed') return { ...about, outcome: 'ok', callId: read.callId };
      if (read.kind === 'refused') return { ...about, outcome: 'fail', refusal: read.why };
      doubtful ||= read.kind === 'doubtful';
      if (Date.now() - at > GIVE_UP_MS) return { ...about, outcome: doubtful ? 'info' : 'fail', refusal: `given up: ${read.why}` };
      await pause(Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** (tries - 1)) * (0.5 + Math.random()));
    }
  }
}

type ReadAnswer =
  | { readonly kind: 'placed'; readonly callId: string }
  /** For good; for now; nobody knows. */
  | { readonly kind: 'refused' | 'not-now' | 'doubtful'; readonly why: string };

/** A 503 with a code of CC's own says that this try placed nothing. */
function readAnswer(answer: { readonly status: number; readonly data: unknown } | undefined): ReadAnswer {
  if (answer === undefined) return { kind: 'doubtful', why: 'no answer' };
  const { status, data } = answer;
  if (status === 202) return { kind: 'placed', callId: Answer.parse(data).callId };
  const why = `${status} ${JSON.stringify(data).slice(0, 300)}`;
  if (status < 500 && status !== 409) return { kind: 'refused', why };
  return { kind: status === 503 && Problem.safeParse(data).success ? 'not-now' : 'doubtful', why };
}

/** An agent's mobile and a customer's, whose last digits choose the scenario. */
function numbers(agent: number, serial: number, digits: string): { from: string; to: string } {
  return { from: `+86138000${String(agent).padStart(5, '0')}`, to: `+86139${String(serial % 1_000_000).padStart(6, '0')}${digits}` };
}
