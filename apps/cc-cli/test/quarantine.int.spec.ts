import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCallEvent, encodeChannelNotification, topics, type ChannelNotification } from '@cc/contracts';
import { createEventLog, type EventLog } from '@cc/event-log';
import { NoMetrics, Sealer, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { sealNotification } from '@cc/vendors';
import { callGateway } from '../../call-gateway/src/service';
import { eventDispatcher } from '../../event-dispatcher/src/service';
import { runCommandLine } from '../src/run-command-line';

const OLGA = 'olga-key-0123456789abcdefghij';
const KEY = Buffer.alloc(32, 7);

describe('cc quarantine', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cc-quarantine-'));
  let fresh: FreshDatabase;
  let services: RunningService[];
  let database: TypeOrmDatabase;
  let eventLog: EventLog;

  beforeAll(async () => {
    fresh = await freshDatabase();
    const channelsFile = join(directory, 'channels.yaml');
    // JSON is YAML as well.
    writeFileSync(channelsFile, JSON.stringify({ channels: [{ id: 'e9-main', vendor: 'e9', protocol: 'callback', callbackSecrets: [{ value: 'callback-secret-0123456789' }], settings: { endpoint: 'http://127.0.0.1:1', accountSid: 'a'.repeat(32), authToken: { value: 't'.repeat(32) }, appId: 'b'.repeat(32) } }] }));
    const common = { CC_DATABASE_URL: fresh.url, CC_ENCRYPTION_KEY: KEY.toString('base64') };
    const gateway = loadServiceSettings(callGateway, {
      ...common, CC_CALL_GATEWAY_PORT: '0', CC_API_KEYS: 'acme:acme-key-0123456789abcdefghij', CC_CALL_GATEWAY_OPERATOR_KEYS: `olga:${OLGA}`,
      CC_OSS_REGION: 'oss-cn-test', CC_OSS_BUCKET: 'none', CC_OSS_ENDPOINT: 'http://127.0.0.1:1', CC_OSS_ACCESS_KEY_ID: 'x', CC_OSS_ACCESS_KEY_SECRET: 'x',
    });
    services = [
      await startService(callGateway, gateway, new SilentLog(), () => undefined),
      await startService(eventDispatcher, loadServiceSettings(eventDispatcher, { ...common, CC_EVENT_DISPATCHER_PORT: '0', CC_CHANNELS_FILE: channelsFile }), new SilentLog(), () => undefined),
    ];
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
  }, 60_000);
  afterAll(async () => {
    for (const service of services) await service.stop();
    await eventLog.close();
    await database.close();
    await fresh.drop();
    rmSync(directory, { recursive: true });
  }, 30_000);

  async function cc(...args: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    const out: string[] = [];
    const err: string[] = [];
    const code = await runCommandLine(args, { CC_URL: services[0]?.url, CC_OPERATOR_KEY: OLGA }, { out: (text) => out.push(text), err: (text) => err.push(text) });
    return { code, out: out.join('\n'), err: err.join('\n') };
  }

  const begin = (callId: string): Promise<void> => eventLog.append(topics.callEvents.name, [encodeCallEvent({
    type: 'cc.call.attempt-started.v1', id: `${callId}-1/started`, callId, tenant: 'acme', attemptId: `${callId}-1`, channel: 'e9-main', vendor: 'e9', attemptNumber: 1, recordRequested: false, occurredAt: 1, recordedAt: 1, source: 'router',
  }, 'test')]);
  /** A callback that rings A, of which a check failed. */
  function forged(id: string, callId: string): Promise<void> {
    const raw = { kind: 'callback', headers: {}, body: Buffer.from('<req><action>CallInvite</action><userFlag>0</userFlag><dateCreated>20260921200001</dateCreated></req>'), receivedAt: 1000 } as const;
    const notification: ChannelNotification = { id, channel: 'e9-main', kind: 'callback', receivedAt: 1000, attemptId: `${callId}-1`, verdict: 'forged', verdictReason: 'it came from 192.0.2.7', sealed: sealNotification(raw, id, new Sealer(KEY, 'notifications')) };
    return eventLog.append(topics.channelNotifications.name, [encodeChannelNotification(notification, 'test')]);
  }
  const ringings = async (callId: string): Promise<number> => (await database.query(`SELECT 1 FROM log_record WHERE topic = $1 AND key = $2 AND headers::jsonb->>'ce_type' = 'cc.call.a-ringing.v1'`, [topics.callEvents.name, callId])).length;
  const listed = async (): Promise<string> => (await cc('quarantine', 'list')).out;

  it('lists what was put aside, by channel and cause', async () => {
    expect(await cc('quarantine', 'list')).toEqual({ code: 0, out: 'nothing is in quarantine', err: '' });
    await begin('call-1');
    await forged('ntf-1', 'call-1');
    await eventually(async () => (await listed()).includes('ntf-1'));
    expect(await listed()).toMatch(/^ntf-1 +e9-main +callback +forged .*it came from 192\.0\.2\.7$/m);
    expect((await cc('quarantine', 'list', '--channel', 'other')).out).toBe('nothing is in quarantine');
    expect((await cc('quarantine', 'list', '--cause', 'orphaned')).out).toBe('nothing is in quarantine');
    expect(await cc('quarantine', 'list', '--cause', 'odd')).toMatchObject({ code: 1, err: expect.stringContaining('there are forged, unaddressed, orphaned, unusable') });
  });

  it('has one delivered on the operator\'s word, once', async () => {
    expect(await ringings('call-1')).toBe(0);
    expect(await cc('quarantine', 'release', 'ntf-1', '--reason', 'the vendor has moved')).toEqual({ code: 0, out: 'ntf-1: delivered', err: '' });
    await eventually(async () => (await ringings('call-1')) === 1);
    expect(await listed()).toBe('nothing is in quarantine');
    expect(await cc('quarantine', 'release', 'ntf-1')).toMatchObject({ code: 1, out: 'ntf-1: is not there any more' });
  });

  it('has one dropped, with a reason, and none of it becomes an event', async () => {
    await begin('call-2');
    await forged('ntf-2', 'call-2');
    await eventually(async () => (await listed()).includes('ntf-2'));
    expect((await cc('quarantine', 'drop', 'ntf-2')).code).toBe(2);
    expect(await cc('quarantine', 'drop', 'ntf-2', '--reason', 'nonsense')).toEqual({ code: 0, out: 'ntf-2: dropped for good', err: '' });
    expect(await listed()).toBe('nothing is in quarantine');
    expect(await ringings('call-2')).toBe(0);
  });
});
