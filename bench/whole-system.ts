import { encodeCallEvent, topics } from '@cc/contracts';
import type { EventLog } from '@cc/event-log';
import { newId, pause } from '@cc/kernel';
import { TypeOrmDatabase, type Database } from '@cc/postgres';
import { eventually } from '@cc/testing';
import { callbackKinds } from './e9-callbacks';
import { append, benchLog, untilCaughtUp } from './bench-log';
import { introduction, knownCalls, type KnownCall } from './known-calls';
import { startLoad, type LoadResult } from './load-job';
import type { Place } from './log-product';
import { figuresOf, figuresOfFamily, parentOf, type ProcessFigures } from './process-figures';
import { ServiceProcesses, services, type Service } from './service-processes';

/** Between two callbacks of a call: shorter than life, where they are seconds apart, so that a run soon has its full rate. */
const SPACING_MS = 1000;
/** The effect of every n-th callback is looked for. */
const WATCH_EVERY = 101;
const VISIBLE_LIMIT_MS = 120_000;
const DRAIN_LIMIT_MS = 600_000;
const SAMPLE_MS = 1000;
const TENANTS = 40;

const readersOfEvents: readonly Service[] = ['record-store', 'event-dispatcher', 'hw-poller', 'recording-archiver', 'channel-router', 'call-gateway'];

/** What the processes used meanwhile. */
export interface Usage {
  /** Cores in use on average, from the first callback to the last visible effect. */
  readonly cores: number;
  /** CPU time for each callback, ms. */
  readonly cpuMsPerCallback: number;
  /** The most that was seen, MB. */
  readonly rssMb: number;
}

export interface Run {
  readonly load: LoadResult;
  /** Callbacks a second from the first post to the last visible end of a call. */
  readonly throughput: number;
  /** From the last answer to the last visible end of a call, s. */
  readonly drainSeconds: number;
  readonly usage: ReadonlyMap<string, Usage>;
}

/** CC as in production, one process a service, with everything that a run over it needs. */
export class WholeSystem {
  private usedTenants = 0;
  private constructor(
    private readonly processes: ServiceProcesses,
    private readonly database: Database,
    private readonly log: EventLog,
    private readonly keys: ReadonlyMap<string, string>,
    private readonly kafkaPid: number | undefined,
  ) {}

  static async start(place: Place, { kafkaPid, profileDir }: { readonly kafkaPid?: number | undefined; readonly profileDir?: string | undefined } = {}): Promise<WholeSystem> {
    const database = await TypeOrmDatabase.connect({ url: place.databaseUrl, poolSize: 4, applicationName: 'cc-bench' });
    const log = await benchLog(place, database);
    const keys = new Map(Array.from({ length: TENANTS }, (_, index) => [`bench-${index}`, newId('cck-bench')]));
    const processes = await ServiceProcesses.start(place, { apiKeys: keys, profileDir });
    return new WholeSystem(processes, database, log, keys, kafkaPid);
  }

  async stop(): Promise<void> {
    for (const [complaint, count] of this.processes.complaints()) process.stderr.write(`${count} x ${complaint}\n`);
    await this.log.close();
    await this.processes.stop();
    await this.database.close();
  }

  /** Calls of a tenant of their own that every service has heard of. */
  async introduce(count: number): Promise<KnownCall[]> {
    const tenant = `bench-${this.usedTenants++}`;
    const calls = knownCalls(count, tenant);
    await append(this.log, topics.callEvents.name, calls.flatMap((call) => introduction(call).map((event) => encodeCallEvent(event, 'bench'))));
    await this.caughtUp();
    return calls;
  }

  /** Posts the callbacks of these calls at that rate, and waits until each call's end is visible. */
  async run(calls: readonly KnownCall[], callbacksPerSecond: number): Promise<Run> {
    const tenant = calls[0]?.tenant ?? '';
    const watch = { apiUrl: `${this.processes.urlOf('call-gateway')}/v1`, apiKey: this.keys.get(tenant) ?? '', every: WATCH_EVERY, limitMs: VISIBLE_LIMIT_MS };
    const job = { callbackUrl: this.processes.callbackUrl, calls: calls.map(({ tenant: _tenant, ...call }) => call), callbacksPerSecond, callbackSpacingMs: SPACING_MS, watch };
    const running = await startLoad(job, DRAIN_LIMIT_MS + VISIBLE_LIMIT_MS);
    const startedAt = Date.now();
    const postgres = parentOf((await this.database.query<{ pid: number }>(`SELECT pg_backend_pid() AS pid`))[0]?.pid ?? 0);
    const sampler = new Sampler(new Map<string, () => ProcessFigures>([
      ...services.map((name): [string, () => ProcessFigures] => [name, () => figuresOf(this.processes.pidOf(name))]),
      ['load generator', () => figuresOf(running.pid)],
      ...(postgres === undefined ? [] : [['PostgreSQL', () => figuresOfFamily(postgres)] satisfies [string, () => ProcessFigures]]),
      ...(this.kafkaPid === undefined ? [] : [['Kafka', () => figuresOf(this.kafkaPid ?? 0)] satisfies [string, () => ProcessFigures]]),
    ]));
    try {
      const [load, endedAt] = await Promise.all([running.result, this.untilAllEnded(tenant, calls.length, startedAt, (calls.length * callbackKinds.length) / callbacksPerSecond)]);
      const answeredAt = load.startedAt + load.secondsToLastAnswer * 1000;
      return { load, throughput: (calls.length * callbackKinds.length) / ((endedAt - load.startedAt) / 1000), drainSeconds: Math.max(0, endedAt - answeredAt) / 1000, usage: sampler.end(calls.length * callbackKinds.length) };
    } finally {
      sampler.stop();
    }
  }

  /** Epoch ms at which the gateway had the end of every call of the tenant. Does not look before the callbacks can all have come. */
  private async untilAllEnded(tenant: string, count: number, startedAt: number, seconds: number): Promise<number> {
    await pause(Math.max(0, startedAt + seconds * 1000 - Date.now()));
    // One call that has not ended is cheap to find while many have not; to count them all would be a load of its own.
    return eventually(async () => {
      this.processes.check();
      const [open] = await this.database.query<{ stage: string }>(`SELECT record->>'stage' AS stage FROM gateway_call WHERE tenant = $1 AND record->>'stage' <> 'ended' LIMIT 1`, [tenant]);
      if (open !== undefined) throw new Error(`Of ${count} calls of ${tenant} at least one is still ${open.stage}`);
      return Date.now();
    }, { limitMs: DRAIN_LIMIT_MS, everyMs: 250 });
  }

  /** Nothing waits anywhere. */
  private async caughtUp(): Promise<void> {
    await untilCaughtUp(this.log, [...readersOfEvents.map((name): [string, string] => [name, topics.callEvents.name]), ['call-gateway', topics.callRecords.name]], () => this.processes.check());
  }
}

class Sampler {
  private readonly startedAt = performance.now();
  private readonly first = new Map<string, number>();
  private readonly last = new Map<string, number>();
  private readonly most = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly sources: ReadonlyMap<string, () => ProcessFigures>) {
    this.look();
    this.timer = setInterval(() => this.look(), SAMPLE_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  end(callbacks: number): Map<string, Usage> {
    this.stop();
    this.look();
    const seconds = (performance.now() - this.startedAt) / 1000;
    return new Map([...this.sources.keys()].map((name) => {
      const cpuSeconds = Math.max(0, (this.last.get(name) ?? 0) - (this.first.get(name) ?? 0));
      return [name, { cores: cpuSeconds / seconds, cpuMsPerCallback: (1000 * cpuSeconds) / callbacks, rssMb: this.most.get(name) ?? 0 }];
    }));
  }

  private look(): void {
    for (const [name, source] of this.sources) {
      const { cpuSeconds, rssMb } = source();
      if (!this.first.has(name)) this.first.set(name, cpuSeconds);
      // A process that has ended tells nothing more.
      if (cpuSeconds > 0) this.last.set(name, cpuSeconds);
      this.most.set(name, Math.max(this.most.get(name) ?? 0, rssMb));
    }
  }
}
