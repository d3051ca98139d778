import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { decodeCallEvent, encodeCallEvent, topics, type CallEvent, type WireRecord } from '@cc/contracts';
import { createEventLog, handled, type EventLog } from '@cc/event-log';
import { NoMetrics, SilentLog, newId } from '@cc/kernel';
import { AliOssObjectStore, startEmbeddedObjectStore, type EmbeddedObjectStore } from '@cc/object-store';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { Script, eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { recordingArchiver } from '../src/service';
import { RecordingHost, type Reaction } from './recording-host';

const ROOT = resolve(__dirname, '../../..');
const STORE = { accessKeyId: 'test-key', accessKeySecret: 'test-secret' };
const AT = Date.now();
const DAY = new Date(AT).toISOString().slice(0, 10).replaceAll('-', '/');
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const mp3 = (): Buffer => Buffer.concat([Buffer.from('ID3'), randomBytes(300_000)]);
const wav = (): Buffer => Buffer.concat([Buffer.from('RIFF'), randomBytes(4), Buffer.from('WAVE'), randomBytes(1000)]);

/** `brief` gives a recording up after three seconds. */
function channelFile(endpoint: string): string {
  const channel = (id: string, giveUpAfterSeconds: number): string =>
    `- { id: ${id}, vendor: e9, protocol: callback, callbackSecrets: [{ value: recording-secret-0123456 }], settings: { endpoint: '${endpoint}', accountSid: ${'a'.repeat(32)}, authToken: { value: ${'b'.repeat(32)} }, appId: ${'c'.repeat(32)}, recordingReadyAfterSeconds: 0, recordingGiveUpAfterSeconds: ${giveUpAfterSeconds} } }\n`;
  return `channels:\n${channel('main', 3600)}${channel('brief', 3)}`;
}

describe('the recording archiver on PostgreSQL and the embedded object store', () => {
  let directory: string;
  let temporaryDir: string;
  let host: RecordingHost;
  let embedded: EmbeddedObjectStore;
  let objects: AliOssObjectStore;
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let eventLog: EventLog;
  let env: Record<string, string>;
  let service: RunningService | undefined;
  const events: CallEvent[] = [];

  async function start(): Promise<void> {
    service = await startService(recordingArchiver, loadServiceSettings(recordingArchiver, env), new SilentLog(), () => undefined);
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cc-archiver-'));
    temporaryDir = join(directory, 'temporary');
    await mkdir(temporaryDir);
    host = await RecordingHost.start();
    await writeFile(join(directory, 'channels.yaml'), channelFile(host.endpoint));
    embedded = await startEmbeddedObjectStore({ dataDir: join(directory, 'objects'), port: 0, host: '127.0.0.1', ...STORE, log: new SilentLog() });
    objects = new AliOssObjectStore({ ...STORE, region: 'oss-cn-test', bucket: 'recordings-test', endpoint: embedded.endpoint, pathStyle: true });
    fresh = await freshDatabase();
    env = {
      CC_RECORDING_ARCHIVER_PORT: '0', CC_RECORDING_ARCHIVER_RETRY_SECONDS: '0.1', CC_RECORDING_ARCHIVER_TEMPORARY_DIR: temporaryDir,
      CC_DATABASE_URL: fresh.url, CC_CHANNELS_FILE: join(directory, 'channels.yaml'),
      CC_OSS_REGION: 'oss-cn-test', CC_OSS_BUCKET: 'recordings-test', CC_OSS_ENDPOINT: embedded.endpoint, CC_OSS_PATH_STYLE: 'true', CC_OSS_ACCESS_KEY_ID: STORE.accessKeyId, CC_OSS_ACCESS_KEY_SECRET: STORE.accessKeySecret,
    };
    await start();
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
    eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
    await eventLog.subscribe({ group: 'test', topics: [topics.callEvents.name], handle: (batch) => {
      for (const decoded of batch.records.map(decodeCallEvent)) {
        if (decoded.kind === 'known' && decoded.message.type !== 'cc.call.recording-available.v1') events.push(decoded.message);
      }
      return Promise.resolve(handled);
    } }).ready;
  }, 60_000);
  afterAll(async () => {
    await service?.stop();
    await eventLog.close();
    await database.close();
    await fresh.drop();
    await embedded.stop();
    await host.stop();
    await rm(directory, { recursive: true, force: true });
  }, 30_000);

  interface Recording {
    readonly callId: string;
    readonly bytes: Buffer;
    readonly vendorUrl: string;
  }

  function arrange(bytes: Buffer, ...reactions: Reaction[]): Recording {
    const callId = newId('call');
    return { callId, bytes, vendorUrl: host.arrange(`/${callId}.mp3`, bytes, ...reactions) };
  }

  const available = ({ callId, vendorUrl }: Pick<Recording, 'callId'> & Partial<Recording>, channel = 'main', at = AT): WireRecord => encodeCallEvent({
    type: 'cc.call.recording-available.v1', id: `${callId}-1/recording-available`, callId, tenant: 'acme', attemptId: `${callId}-1`, channel, occurredAt: at, recordedAt: at, source: 'callback',
    vendorCallId: `v-${callId}`.slice(0, 64), ...(vendorUrl === undefined ? {} : { vendorUrl }),
  }, 'test');
  const append = (...records: WireRecord[]): Promise<void> => eventLog.append(topics.callEvents.name, records);
  const toldOf = ({ callId }: Pick<Recording, 'callId'>): CallEvent[] => events.filter((event) => event.callId === callId);
  const keyOf = (callId: string, bytes: Buffer, extension = 'mp3'): string => `recordings/${DAY}/${callId}/${sha256(bytes).slice(0, 16)}.${extension}`;

  async function expectArchived({ callId, bytes, vendorUrl }: Recording, extension = 'mp3', contentType = 'audio/mpeg'): Promise<void> {
    await eventually(() => toldOf({ callId }).length > 0, { limitMs: 20_000 });
    const object = keyOf(callId, bytes, extension);
    expect(toldOf({ callId })).toMatchObject([{
      type: 'cc.call.recording-archived.v1', tenant: 'acme', attemptId: `${callId}-1`, channel: 'main', source: 'archiver',
      object, url: objects.urlOf(object), vendorUrl, sizeBytes: bytes.length, sha256: sha256(bytes),
    }]);
    const opened = await objects.openRead(object);
    expect(opened.contentType).toBe(contentType);
    expect((await buffer(opened.stream)).equals(bytes)).toBe(true);
  }

  /** As if whoever has taken the task were dead for long enough. */
  const endLease = ({ callId }: Recording): Promise<unknown> => database.query('UPDATE archive_task SET next_try = 0 WHERE call_id = $1', [callId]);

  /** What is appended after something else and archived shows that the service has come by that. */
  async function passBy(): Promise<void> {
    const marker = arrange(mp3(), 'whole');
    await append(available(marker));
    await expectArchived(marker);
  }

  it.each([['mp3', mp3(), 'audio/mpeg'], ['wav', wav(), 'audio/wav']])('stores %s byte for byte, and tells its size and digest', async (extension, bytes, contentType) => {
    const recording = arrange(bytes, 'whole');
    await append(available(recording));
    await expectArchived(recording, extension, contentType);
    expect(host.asked.at(-1)?.searchParams.get('auth')).toMatch(/./);
    expect(JSON.stringify(toldOf(recording))).not.toContain('auth=');
    await eventually(async () => expect(await readdir(temporaryDir)).toEqual([]));
  });

  it('stores nothing that broke off, is shorter than announced or no audio, and tries again until it has the file', async () => {
    const recording = arrange(mp3(), 'cut', 'short', 'page', 'missing', 'whole');
    await append(available(recording));
    await expectArchived(recording);
    expect(host.triesOf(recording.vendorUrl)).toBe(5);
    const half = recording.bytes.subarray(0, recording.bytes.length / 2);
    expect(await objects.stat(keyOf(recording.callId, half))).toBeUndefined();
    await eventually(async () => expect(await readdir(temporaryDir)).toEqual([]));
  });

  it('says why there is none, once the limit is over', async () => {
    const recording = arrange(Buffer.alloc(0), 'missing');
    await append(available(recording, 'brief', Date.now()));
    await eventually(() => expect(toldOf(recording)).toMatchObject([{ type: 'cc.call.recording-failed.v1', channel: 'brief', reason: expect.stringMatching(/^given up after \d+ tries: the vendor answered 404/) }]));
    const tries = host.triesOf(recording.vendorUrl);
    expect(tries).toBeGreaterThan(1);
    await endLease(recording);
    await passBy();
    expect(host.triesOf(recording.vendorUrl)).toBe(tries);
    expect(toldOf(recording)).toHaveLength(1);
  });

  it('says at once that there is none where there can be none', async () => {
    const callId = newId('call');
    await append(available({ callId }));
    await eventually(() => expect(toldOf({ callId })).toMatchObject([{ type: 'cc.call.recording-failed.v1', reason: 'the vendor gave no address of a recording' }]));
  });

  it('fetches a recording once and tells of it once, however often it is announced', async () => {
    const recording = arrange(mp3(), 'whole');
    await append(available(recording), available(recording));
    await expectArchived(recording);
    await append(available(recording));
    await endLease(recording);
    await passBy();
    await expectArchived(recording);
    expect(host.triesOf(recording.vendorUrl)).toBe(1);
  });

  it('leaves a download to whom has begun it, and begins again when that one was killed in the middle', async () => {
    await service?.stop();
    service = undefined;
    const recording = arrange(mp3(), 'stall', 'whole');
    const child = spawn(process.execPath, ['-r', join(ROOT, 'libs/testing/src/swc-register.cjs'), join(ROOT, 'apps/recording-archiver/src/main.ts')], { cwd: ROOT, env: { PATH: process.env['PATH'], CC_TEST_DIES_WITH_STDIN: 'true', ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    const doomed = new Script(child);
    try {
      await doomed.line(/"service ready"/);
      await append(available(recording));
      await eventually(() => host.triesOf(recording.vendorUrl) === 1);
      await start();
      await passBy();
    } finally {
      await doomed.kill();
    }
    await passBy();
    expect(host.triesOf(recording.vendorUrl)).toBe(1);
    await endLease(recording);
    await expectArchived(recording);
    expect(host.triesOf(recording.vendorUrl)).toBe(2);
  }, 60_000);
});
