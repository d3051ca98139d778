import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allTopics, encodeCallEvent, encodeChannelNotification, topics, type WireRecord } from '@cc/contracts';
import { createEventLog, eventLogMigrations, type EventLog } from '@cc/event-log';
import { newId, NoMetrics, Sealer, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService, type ServiceDefinition } from '@cc/platform';
import { runMigrations, TypeOrmDatabase, type Database } from '@cc/postgres';
import { eventually } from '@cc/testing';
import { sealNotification } from '@cc/vendors';
import { eventDispatcher } from '../apps/event-dispatcher/src/service';
import { recordStore } from '../apps/record-store/src/service';
import { callbackAt, callbackKinds, callbackXml, e9ChannelFile } from './e9-callbacks';
import { introduction, introductions, knownCalls, type KnownCall } from './known-calls';
import type { Place } from './log-product';
import { secondsOfProgress, type Progress } from './pipeline-progress';
import { batchesOf } from './records';

const KEY = Buffer.alloc(32, 7);
const CALLBACK_SECRET = 'bench-callback-secret-0123456789';
const LEARN_LIMIT_MS = 60_000;

/** event-dispatcher and record-store as they are, with a log to fill them from. */
export class ProductPipeline {
  private readonly sealer = new Sealer(KEY, 'notifications');

  private constructor(
    private readonly env: Readonly<Record<string, string>>,
    private readonly database: Database,
    private readonly log: EventLog,
    private readonly directory: string,
  ) {}

  static async open({ databaseUrl, brokers }: Place): Promise<ProductPipeline> {
    const directory = mkdtempSync(join(tmpdir(), 'cc-bench-pipeline-'));
    const channelsFile = join(directory, 'channels.yaml');
    writeFileSync(channelsFile, e9ChannelFile('http://127.0.0.1:9', CALLBACK_SECRET), { mode: 0o600 });
    const database = await TypeOrmDatabase.connect({ url: databaseUrl, poolSize: 4, applicationName: 'cc-bench' });
    await runMigrations(database, 'event-log', eventLogMigrations);
    const parts = { log: new SilentLog(), metrics: new NoMetrics(), database };
    const open = (): EventLog => createEventLog(brokers === undefined ? { driver: 'postgres', ...parts } : { driver: 'kafka', brokers, clientId: 'cc-bench', onFatal: () => undefined, ...parts });
    // Whoever ensures topics relays their outbox as well; that is for the services alone to do.
    const making = open();
    await making.ensureTopics(allTopics).finally(() => making.close());
    const log = open();
    const env = {
      CC_DATABASE_URL: databaseUrl, CC_CHANNELS_FILE: channelsFile, CC_ENCRYPTION_KEY: KEY.toString('base64'), CC_EVENT_DISPATCHER_PORT: '0', CC_RECORD_STORE_PORT: '0',
      ...(brokers === undefined ? {} : { CC_KAFKA_BROKERS: brokers.join(',') }),
    };
    return new ProductPipeline(env, database, log, directory);
  }

  /** Notifications a second, from the first record that grows by them to the last one that is closed; all of them lie in the log at the start. */
  async run(callCount: number): Promise<number> {
    const tenant = newId('bench').slice(0, 32);
    const calls = knownCalls(callCount, tenant);
    await this.append(topics.callEvents.name, calls.flatMap((call) => introduction(call).map((event) => encodeCallEvent(event, 'bench'))));
    const store = await this.start(recordStore);
    try {
      const learning = await this.start(eventDispatcher);
      await this.caughtUp().finally(() => learning.stop());
      await this.append(topics.channelNotifications.name, callbackKinds.flatMap((kind) => calls.map((call) => this.notification(call, kind))));
      const translating = await this.start(eventDispatcher);
      return await this.rate(tenant, callCount).finally(() => translating.stop());
    } finally {
      await store.stop();
    }
  }

  async close(): Promise<void> {
    await this.log.close();
    await this.database.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async rate(tenant: string, callCount: number): Promise<number> {
    const seconds = await secondsOfProgress(callCount, async () => {
      const [row] = await this.database.query<Progress>(
        `SELECT count(*) FILTER (WHERE version > $2) AS begun, count(*) FILTER (WHERE state = 'close') AS closed FROM call_record WHERE tenant = $1`, [tenant, introductions]);
      return row ?? { begun: 0, closed: 0 };
    });
    return (callCount * callbackKinds.length) / seconds;
  }

  private start(service: ServiceDefinition): Promise<RunningService> {
    return startService(service, loadServiceSettings(service, this.env), new SilentLog(), (reason) => process.stderr.write(`${service.name}: ${reason}\n`));
  }

  private async append(topic: string, records: readonly WireRecord[]): Promise<void> {
    for (const batch of batchesOf(records)) await this.log.append(topic, batch);
  }

  private async caughtUp(): Promise<void> {
    await eventually(async () => {
      for (const { name } of [eventDispatcher, recordStore]) {
        const lags = await this.log.lag(name, topics.callEvents.name);
        const behind = lags.reduce((sum, { records }) => sum + records, 0);
        if (lags.length === 0 || behind > 0) throw new Error(`${name} is ${behind} records behind`);
      }
    }, { limitMs: LEARN_LIMIT_MS, everyMs: 100 });
  }

  private notification(call: KnownCall, kind: (typeof callbackKinds)[number]): WireRecord {
    const header = { id: newId('ntf'), channel: 'e9-main', kind: 'callback', receivedAt: callbackAt(call, kind) + 300, vendorCallId: call.vendorCallId, attemptId: call.attemptId } as const;
    const raw = { kind: header.kind, headers: { 'content-type': 'application/xml;charset=utf-8' }, body: Buffer.from(callbackXml(call, kind)), receivedAt: header.receivedAt };
    return encodeChannelNotification({ ...header, sealed: sealNotification(raw, header.id, this.sealer) }, 'bench');
  }
}
