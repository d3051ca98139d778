import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeChannelNotification, topics } from '@cc/contracts';
import { createEventLog, handled, type EventLog } from '@cc/event-log';
import { NoMetrics, Sealer, SilentLog } from '@cc/kernel';
import { TypeOrmDatabase } from '@cc/postgres';
import { describeUnless, eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { openNotification } from '@cc/vendors';
import { IngestProcess } from './ingest-process';
import { logIsMade } from './log-tables';

const KEY = Buffer.alloc(32, 7);
const CALLBACK_PATH = '/callbacks/e9-main/spool-faults-secret-0123';
const CHANNELS = `channels: [{ id: e9-main, vendor: e9, protocol: callback, callbackSecrets: [{ value: spool-faults-secret-0123 }], settings: { accountSid: ${'a'.repeat(32)}, authToken: { value: ${'b'.repeat(32)} }, appId: ${'c'.repeat(32)} } }]`;
const REFUSED = { status: 503, data: { code: 'spool-unavailable', retriable: true } };
const PAGE = 4096;

/** Why the machine cannot run a command; `undefined` when it can. */
function unable(command: string, ...args: readonly string[]): string | undefined {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? undefined : `${command}: ${error?.message ?? stderr.trim()}`;
}

function mountFault(): string | undefined {
  const probe = spawnSync('mktemp', ['-d'], { encoding: 'utf8' }).stdout.trim();
  const fault = unable('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe) ?? unable('umount', probe);
  return unable('rmdir', probe) ?? fault;
}

let root: string;
let spoolDir: string;
let fresh: FreshDatabase;
let database: TypeOrmDatabase;
let eventLog: EventLog;
let ingest: IngestProcess | undefined;
const logged = new Set<string>();

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cc-spool-faults-'));
  spoolDir = join(root, 'disk', 'spool');
  await mkdir(join(root, 'disk'));
  await writeFile(join(root, 'channels.yaml'), CHANNELS);
  fresh = await freshDatabase();
  logged.clear();
}, 30_000);
afterEach(async () => {
  await ingest?.kill();
  ingest = undefined;
  await eventLog.close();
  await database.close();
  await fresh.drop();
  await rm(root, { recursive: true, force: true });
}, 30_000);

async function start(tracer: readonly string[] = []): Promise<IngestProcess> {
  const env = {
    CC_E9_CALLBACK_INGEST_PORT: '0', CC_E9_CALLBACK_INGEST_SPOOL_DIR: spoolDir, CC_E9_CALLBACK_INGEST_RETENTION_HOURS: '0', CC_CHANNELS_FILE: join(root, 'channels.yaml'), CC_DATABASE_URL: fresh.url, CC_ENCRYPTION_KEY: KEY.toString('base64'),
    // strace counts the calls of each thread for itself.
    UV_THREADPOOL_SIZE: '1',
  };
  ingest = await IngestProcess.start(env, CALLBACK_PATH, tracer);
  return ingest;
}

/** Follows the log, once the service has made its tables. */
async function followLog(): Promise<void> {
  const sealer = new Sealer(KEY, 'notifications');
  database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'test' });
  await logIsMade(database);
  eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
  await eventLog.subscribe({ group: 'test', topics: [topics.channelNotifications.name], handle: (batch) => {
    for (const decoded of batch.records.map(decodeChannelNotification)) {
      if (decoded.kind === 'known') logged.add(openNotification(decoded.message.sealed, decoded.message, sealer).body.toString());
    }
    return Promise.resolve(handled);
  } }).ready;
}

const expectLogged = (bodies: readonly string[]): Promise<void> => eventually(() => expect(bodies.filter((body) => !logged.has(body))).toEqual([]), { limitMs: 20_000 });
/** What came back for each; no status where the service had gone. */
async function postOneByOne(service: IngestProcess, bodies: readonly string[]): Promise<{ readonly status?: number }[]> {
  const answers: { readonly status?: number }[] = [];
  for (const body of bodies) answers.push(await service.post(body).catch(() => ({})));
  return answers;
}
const bodiesOf = (name: string, count: number, bytes = 100): string[] => Array.from({ length: count }, (_, index) => `<req>${name} ${String(index).padStart(4, '0')} ${'x'.repeat(bytes)}</req>`);

describeUnless(mountFault(), 'the callback ingest on a full disk', () => {
  beforeEach(() => expect(unable('mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', join(root, 'disk'))).toBeUndefined());
  afterEach(async () => {
    await ingest?.kill();
    expect(unable('umount', join(root, 'disk'))).toBeUndefined();
  });

  const isDrained = (): Promise<void> => eventually(async () => expect((await readdir(spoolDir)).filter((name) => name.endsWith('.spool'))).toHaveLength(1), { limitMs: 20_000 });

  async function fillDisk(): Promise<void> {
    const ballast = await open(join(root, 'disk', 'ballast'), 'a');
    const fill = async (): Promise<never> => {
      for (;;) if ((await ballast.write(Buffer.alloc(PAGE))).bytesWritten < PAGE) throw new Error('full');
    };
    await fill().catch(() => undefined);
    await ballast.close();
  }

  it('refuses callbacks, acknowledges none, and takes them again as soon as there is room', async () => {
    const service = await start();
    await followLog();
    const [before, meanwhile, after] = [bodiesOf('before', 5), bodiesOf('meanwhile', 20, 2 * PAGE), bodiesOf('after', 5)];
    for (const body of before) expect(await service.post(body)).toMatchObject({ status: 200 });
    await fillDisk();
    for (const answer of await Promise.all(meanwhile.map((body) => service.post(body)))) expect(answer).toMatchObject(REFUSED);
    await rm(join(root, 'disk', 'ballast'));
    for (const body of after) expect(await service.post(body)).toMatchObject({ status: 200 });
    await expectLogged([...before, ...after]);
    expect(meanwhile.filter((body) => logged.has(body))).toEqual([]);
    await isDrained();
  }, 60_000);

  /** Fills the disk with callbacks while the log is away, kills the service and starts it again; then the log is back. Resolves to what was acknowledged. */
  async function fillKillAndRestart(): Promise<string[]> {
    const service = await start();
    await followLog();
    const acknowledged: string[] = [];
    await database.transaction(async (tx) => {
      await tx.query('LOCK TABLE log_record IN EXCLUSIVE MODE');
      for (const body of bodiesOf('kept', 200, PAGE)) {
        const answer = await service.post(body);
        if (answer.status !== 200) {
          expect(answer).toMatchObject(REFUSED);
          break;
        }
        acknowledged.push(body);
      }
      expect(acknowledged.length).toBeGreaterThan(10);
      expect(acknowledged.length).toBeLessThan(200);
      await service.kill();
      expect(await (await start()).post(bodiesOf('refused', 1, PAGE).join())).toMatchObject(REFUSED);
      expect(logged.size).toBe(0);
    });
    await expectLogged(acknowledged);
    return acknowledged;
  }
  it('has in the log what it acknowledged, though the log was away and it was killed on the full disk', async () => {
    const acknowledged = await fillKillAndRestart();
    expect(unable('mount', '-o', 'remount,size=1m', join(root, 'disk'))).toBeUndefined();
    const [after = ''] = bodiesOf('after', 1, PAGE);
    expect(await ingest?.post(after)).toMatchObject({ status: 200 });
    await expectLogged([...acknowledged, after]);
    await isDrained();
  }, 60_000);

  it('makes room by itself on a disk that its own spool has filled, once the log is back', async () => {
    await fillKillAndRestart();
    await eventually(async () => expect(await ingest?.post(bodiesOf('again', 1, PAGE).join())).toMatchObject({ status: 200 }), { limitMs: 5000, everyMs: 200 });
  }, 60_000);
});

describeUnless(unable('strace', '-f', '--seccomp-bpf', '-o', '/dev/null', '-e', 'inject=fdatasync:error=EIO', process.execPath, '--version'), 'the callback ingest under strace', () => {
  const trace = (): Promise<string> => readFile(join(root, 'trace'), 'utf8');
  const tracer = (...more: readonly string[]): string[] => ['strace', '-f', '--seccomp-bpf', '-y', '-s', '1000000', '-o', join(root, 'trace'), ...more];

  it.each([
    ['fdatasync', '-e', 'inject=fdatasync:error=EIO:when=3'],
    ['write', '-e', 'inject=write,pwrite64:error=EIO:when=3'],
  ])('refuses the callbacks of a failed %s and all that follow, never syncs that file again, and ends the process with what to do', async (call, ...injection) => {
    const segment = join(spoolDir, '000000000001.spool');
    const service = await start(tracer('-P', segment, '-e', 'trace=fdatasync,fsync,write,pwrite64', ...injection));
    await followLog();
    const bodies = bodiesOf('synced', 6);
    const answers = await postOneByOne(service, bodies);
    expect(answers.slice(0, 3)).toMatchObject([{ status: 200 }, { status: 200 }, REFUSED]);
    expect(answers.slice(3).filter((answer) => answer.status !== 503 && answer.status !== undefined)).toEqual([]);
    expect(await service.exited).toMatchObject({ code: 1 });
    expect(service.lines.filter((line) => /"level":"error".*cannot be written \(EIO.*Look after the disk.*"msg":"ending"/.test(line))).toHaveLength(1);
    const calls = (await trace()).split('\n').filter((line) => line.includes(segment));
    expect(calls.filter((line) => line.includes('EIO'))).toEqual([expect.stringContaining(call)]);
    expect(calls.at(-1)).toContain('EIO');
    // What the failed call was for may be in the file or not: it was not acknowledged, and harms nothing.
    const again = await start();
    const [after = ''] = bodiesOf('after', 1);
    expect(await again.post(after)).toMatchObject({ status: 200 });
    await expectLogged([...bodies.slice(0, 2), after]);
    expect((await readdir(spoolDir)).filter((name) => name.endsWith('.damaged'))).toEqual([]);
  }, 90_000);

  it('answers each callback after the fdatasync that covers it has returned', async () => {
    const service = await start(tracer('-e', 'trace=fdatasync,write,writev,sendto,sendmsg', '-e', 'inject=fdatasync:delay_enter=20000'));
    await followLog();
    const bodies = bodiesOf('ordered', 60);
    for (let from = 0; from < bodies.length; from += 20) {
      const posts = bodies.slice(from, from + 20).map((body) => service.post(body));
      for (const answer of await Promise.all(posts)) expect(answer).toMatchObject({ status: 200 });
    }
    const { answered, covered, early } = orderOf(await trace());
    expect({ answered, covered }).toEqual({ answered: bodies.length, covered: bodies.length });
    expect(early).toEqual([]);
  }, 90_000);
});

/** Reads a trace: how many 200s were sent and how many frames a returned fdatasync covers, and which 200s came before theirs. */
function orderOf(trace: string): { readonly answered: number; readonly covered: number; readonly early: readonly string[] } {
  let [written, beingSynced, covered, answered] = [0, 0, 0, 0];
  const syncing = new Set<string>();
  const early: string[] = [];
  for (const line of trace.split('\n')) {
    const [thread = ''] = line.split(' ', 1);
    if (/ write\(\d+<[^>]+\.spool>/.test(line)) written += line.split('CCF2').length - 1;
    if (/ fdatasync\(\d+<[^>]+\.spool>/.test(line)) {
      beingSynced = written;
      syncing.add(thread);
    }
    if (/fdatasync(\(| resumed).* = 0/.test(line) && syncing.delete(thread)) covered = beingSynced;
    if (line.includes('"HTTP/1.1 200')) answered += 1;
    if (answered > covered) early.push(line.slice(0, 200));
  }
  return { answered, covered, early };
}
