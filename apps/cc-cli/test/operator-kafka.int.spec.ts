import { CallEvent, deadLetterTopicName, encodeCallEvent, topics } from '@cc/contracts';
import { createEventLog, type EventLog } from '@cc/event-log';
import { NoMetrics, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { describeWithKafkaBroker, eventually, freshDatabase, startKafkaBroker, type FreshDatabase, type KafkaBroker } from '@cc/testing';
import { callGateway } from '../../call-gateway/src/service';
import { recordStore } from '../../record-store/src/service';
import { runCommandLine } from '../src/run-command-line';

const OLGA = 'olga-key-0123456789abcdefghij';

/** As in production: the services' only common ground is Kafka. */
describeWithKafkaBroker('cc dead-letters, each service with a database of its own', () => {
  let broker: KafkaBroker;
  let databases: FreshDatabase[];
  let services: RunningService[];
  let records: TypeOrmDatabase;
  let eventLog: EventLog;

  beforeAll(async () => {
    broker = await startKafkaBroker();
    databases = [await freshDatabase(), await freshDatabase()];
    const [gatewayUrl = '', recordsUrl = ''] = databases.map(({ url }) => url);
    const brokers = broker.brokers.join();
    services = [
      await startService(callGateway, loadServiceSettings(callGateway, {
        CC_CALL_GATEWAY_PORT: '0', CC_KAFKA_BROKERS: brokers, CC_DATABASE_URL: gatewayUrl, CC_API_KEYS: 'acme:acme-key-0123456789abcdefghij', CC_CALL_GATEWAY_OPERATOR_KEYS: `olga:${OLGA}`, CC_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'), CC_CALL_GATEWAY_OPERATOR_ANSWER_SECONDS: '20',
        CC_OSS_REGION: 'oss-cn-test', CC_OSS_BUCKET: 'none', CC_OSS_ENDPOINT: 'http://127.0.0.1:1', CC_OSS_ACCESS_KEY_ID: 'x', CC_OSS_ACCESS_KEY_SECRET: 'x',
      }), new SilentLog(), () => undefined),
      await startService(recordStore, loadServiceSettings(recordStore, { CC_RECORD_STORE_PORT: '0', CC_KAFKA_BROKERS: brokers, CC_DATABASE_URL: recordsUrl }), new SilentLog(), () => undefined),
    ];
    records = await TypeOrmDatabase.connect({ url: recordsUrl, poolSize: 4, applicationName: 'test' });
    eventLog = createEventLog({ driver: 'kafka', brokers: broker.brokers, clientId: 'test', database: records, log: new SilentLog(), metrics: new NoMetrics(), onFatal: () => undefined });
  }, 120_000);
  afterAll(async () => {
    await eventLog.close();
    for (const service of services) await service.stop();
    await records.close();
    await broker.stop();
    for (const database of databases) await database.drop();
  }, 60_000);

  async function cc(...args: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    const out: string[] = [];
    const err: string[] = [];
    const code = await runCommandLine(args, { CC_URL: services[0]?.url, CC_OPERATOR_KEY: OLGA }, { out: (text) => out.push(text), err: (text) => err.push(text) });
    return { code, out: out.join('\n'), err: err.join('\n') };
  }

  const base = (name: string) => ({ id: `call-1/${name}`, callId: 'call-1', tenant: 'acme', occurredAt: Date.now(), recordedAt: Date.now(), source: 'gateway' });
  const number = { masked: '+86139****0001', ref: 'r', sealed: 's' };
  const tell = (event: object) => eventLog.append(topics.callEvents.name, [encodeCallEvent(CallEvent.parse(event), 'test')]);

  it('release a key in its order once the cause is mended, and its first record had its copy', async () => {
    const copies: string[] = [];
    const dlq = deadLetterTopicName(topics.callEvents.name, 'record-store');
    eventLog.subscribe({ group: 'alarm', topics: [dlq], handle: (batch) => {
      copies.push(...batch.records.map(({ headers }) => `${headers['ce_id']}: ${headers['cc_dlq_reason']}`));
      return Promise.resolve({ kind: 'handled' });
    } });
    await records.query('ALTER TABLE record_event RENAME TO record_event_away');
    await tell({ type: 'cc.call.requested.v1', ...base('requested'), caller: number, called: number, record: false });
    await tell({ type: 'cc.call.cancel-requested.v1', ...base('cancel') });
    const letter = await eventually(async () => /^(record-store\/\d+) .* call-1 +2 /m.exec((await cc('dead-letters', 'list', '--service', 'record-store')).out)?.[1] ?? false, { limitMs: 60_000 });
    expect(await cc('dead-letters', 'release', letter)).toMatchObject({ code: 1, out: expect.stringContaining('0 released, 2 of the key still parked') });
    await records.query('ALTER TABLE record_event_away RENAME TO record_event');
    expect(await cc('dead-letters', 'release', letter, '--reason', 'mended')).toEqual({ code: 0, out: `${letter}: done; 2 released, 0 of the key still parked`, err: '' });
    expect(await records.query('SELECT version FROM call_record')).toEqual([{ version: 2 }]);
    await eventually(() => copies.length > 0, { limitMs: 30_000 });
    expect(copies).toEqual(['call-1/requested: relation "record_event" does not exist']);
    expect(await cc('records', 'rebuild')).toMatchObject({ code: 0, out: '1 calls checked, 0 records differ from their events, 0 stored anew' });
  }, 120_000);
});
