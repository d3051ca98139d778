import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCallEvent, topics } from '@cc/contracts';
import type { EventLog } from '@cc/event-log';
import { newId } from '@cc/kernel';
import { TypeOrmDatabase, type Database } from '@cc/postgres';
import { append, benchLog, untilCaughtUp } from './bench-log';
import { callbackKinds } from './e9-callbacks';
import { introduction, introductions, knownCalls, type KnownCall } from './known-calls';
import { startLoad } from './load-job';
import type { Place } from './log-product';
import { secondsOfProgress, type Progress } from './pipeline-progress';
import { ServiceProcesses } from './service-processes';

const NOWHERE = '127.0.0.1:9';
const SENDERS = 64;
const FILL_LIMIT_MS = 120_000;
const FILL_SECONDS = 60;

/** e9-callback-ingest with a full spool, event-dispatcher and record-store, each a process of its own. */
export class StoredPipeline {
  private constructor(
    private readonly place: Place,
    readonly database: Database,
    private readonly log: EventLog,
    private readonly readers: ServiceProcesses,
  ) {}

  static async open(place: Place): Promise<StoredPipeline> {
    const database = await TypeOrmDatabase.connect({ url: place.databaseUrl, poolSize: 4, applicationName: 'cc-bench' });
    const log = await benchLog(place, database);
    return new StoredPipeline(place, database, log, await ServiceProcesses.start(place, { only: ['event-dispatcher', 'record-store'] }));
  }

  /** Calls that are known and stay as they are. */
  async introduce(count: number): Promise<void> {
    await this.introduced(count, newId('open').slice(0, 32));
  }

  /** Callbacks a second, from the first record that grows by them to the last one that is closed; all of them lie in the spool at the start. */
  async run(callCount: number): Promise<number> {
    const tenant = newId('bench').slice(0, 32);
    const calls = await this.introduced(callCount, tenant);
    const spoolDir = mkdtempSync(join(tmpdir(), 'cc-bench-spool-'));
    try {
      await this.fill(spoolDir, calls.map(({ tenant: _tenant, ...call }) => call));
      const replaying = await ServiceProcesses.start(this.place, { only: ['e9-callback-ingest'], spoolDir });
      return await this.rate(tenant, callCount).finally(() => replaying.stop());
    } finally {
      rmSync(spoolDir, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    await this.log.close();
    await this.readers.stop();
    await this.database.close();
  }

  private async introduced(count: number, tenant: string): Promise<KnownCall[]> {
    const calls = knownCalls(count, tenant);
    await append(this.log, topics.callEvents.name, calls.flatMap((call) => introduction(call).map((event) => encodeCallEvent(event, 'bench'))));
    await untilCaughtUp(this.log, [['event-dispatcher', topics.callEvents.name], ['record-store', topics.callEvents.name]], () => this.readers.check());
    return calls;
  }

  /** With the log away, so that everything stays in the spool. */
  private async fill(spoolDir: string, calls: Parameters<typeof startLoad>[0]['calls']): Promise<void> {
    const filling = await ServiceProcesses.start({ databaseUrl: `postgres://cc@${NOWHERE}/cc`, brokers: [NOWHERE] }, { only: ['e9-callback-ingest'], spoolDir });
    try {
      const job = { callbackUrl: filling.callbackUrl, calls, callbacksPerSecond: 1000, callbackSpacingMs: 1000 };
      const { result } = await startLoad({ ...job, closedLoop: { senders: SENDERS, seconds: FILL_SECONDS, once: true } }, FILL_LIMIT_MS);
      const { answered } = await result;
      if (answered.count !== calls.length * callbackKinds.length) throw new Error(`Only ${answered.count} callbacks of ${calls.length} calls were stored`);
    } finally {
      await filling.stop();
    }
  }

  private async rate(tenant: string, callCount: number): Promise<number> {
    const seconds = await secondsOfProgress(callCount, async () => {
      const [row] = await this.database.query<Progress>(
        `SELECT count(*) FILTER (WHERE version > $2) AS begun, count(*) FILTER (WHERE state = 'close') AS closed FROM call_record WHERE tenant = $1`, [tenant, introductions]);
      return row ?? { begun: 0, closed: 0 };
    });
    return (callCount * callbackKinds.length) / seconds;
  }
}
