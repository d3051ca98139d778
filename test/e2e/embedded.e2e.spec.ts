import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@cc/testing';
import axios from 'axios';
import { z } from 'zod';

const PORTS = ['CALL_GATEWAY', 'E9_CALLBACK_INGEST', 'CHANNEL_ROUTER', 'HW_POLLER', 'EVENT_DISPATCHER', 'RECORD_STORE', 'RECORDING_ARCHIVER', 'VENDOR_SIMULATOR'].map((name) => `CC_${name}_PORT`);
const START_LIMIT_MS = 60_000;
const DEMO_LIMIT_MS = 120_000;
/** What the commands page promises of Ctrl-C. */
const STOP_LIMIT_MS = 10_000;

/** `npm start` as a newcomer runs it, but on free ports and a directory of its own. */
class Embedded {
  output = '';
  private readonly child: ChildProcess;
  readonly exited: Promise<number | null>;

  constructor(dataDir: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, ['dist/apps/all-in-one/main.js', '--data', dataDir, ...args], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], CC_OBJECT_STORE_PORT: '0', ...Object.fromEntries(PORTS.map((name) => [name, '0'])), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exited = new Promise((resolve) => this.child.once('exit', (code) => resolve(code)));
  }

  async says(pattern: RegExp, limitMs: number): Promise<string> {
    return await eventually(() => {
      const found = pattern.exec(this.output);
      if (found === null) throw new Error(`it said:\n${this.output}`);
      return found[1] ?? found[0];
    }, { limitMs, everyMs: 50 });
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

const postgresProcesses = (dataDir: string): string => spawnSync('pgrep', ['-f', `postgres.*${dataDir}`], { encoding: 'utf8' }).stdout;

describe('the embedded default', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'cc-embedded-'));
  const started: Embedded[] = [];
  const start = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Embedded => {
    const embedded = new Embedded(dataDir, args, env);
    started.push(embedded);
    return embedded;
  };

  afterAll(async () => {
    for (const embedded of started) embedded.signal('SIGTERM');
    await Promise.all(started.map(({ exited }) => exited));
    rmSync(dataDir, { recursive: true, force: true });
  }, 30_000);

  test('shows the demo call from requested to recording archived, then ends at Ctrl-C with nothing left running', async () => {
    const embedded = start();
    await embedded.says(/ready in/, START_LIMIT_MS);
    await embedded.says(/recording archived, \d+ bytes/, DEMO_LIMIT_MS);
    for (const step of ['requested', 'attempt started', 'attempt accepted', 'a ringing', 'a answered', 'b ringing', 'connected', 'ended', 'recording available', 'recording archived']) expect(embedded.output).toContain(step);
    embedded.signal('SIGINT');
    expect(await Promise.race([embedded.exited, new Promise((resolve) => setTimeout(() => resolve('still running'), STOP_LIMIT_MS).unref())])).toBe(0);
    expect(postgresProcesses(dataDir)).toBe('');
  }, 200_000);

  test('a second start at the same time is refused, a later one keeps the data; after kill -9 the next one takes the database over', async () => {
    const first = start(['--no-demo']);
    const url = await first.says(/^API +(http\S+)$/m, START_LIMIT_MS);
    const key = await first.says(/^API key +(\S+)$/m, START_LIMIT_MS);
    const calls = async (base: string): Promise<number> => z.object({ items: z.array(z.unknown()) }).parse((await axios.get<unknown>(`${base}/calls`, { headers: { authorization: `Bearer ${key}` }, timeout: 10_000, proxy: false })).data).items.length;
    expect(await calls(url)).toBe(1);
    const rival = start(['--no-demo', '--fresh']);
    expect(await rival.exited).toBe(1);
    expect(rival.output).toContain('Another CC runs on');
    expect(await calls(url)).toBe(1);
    first.signal('SIGKILL');
    await first.exited;
    const second = start(['--no-demo']);
    expect(await calls(await second.says(/^API +(http\S+)$/m, START_LIMIT_MS))).toBe(1);
    second.signal('SIGTERM');
    expect(await second.exited).toBe(0);
    expect(postgresProcesses(dataDir)).toBe('');
  }, 200_000);

  test('the API key, by file, is the one that is given', async () => {
    const keyFile = join(dataDir, 'keys');
    writeFileSync(keyFile, 'acme:acme-key-0123456789:abcdefghijkl\n');
    const embedded = start(['--no-demo'], { CC_API_KEYS_FILE: keyFile });
    const url = await embedded.says(/^API +(http\S+)$/m, START_LIMIT_MS);
    const key = await embedded.says(/^API key +(\S+)$/m, START_LIMIT_MS);
    expect(key).toBe('acme-key-0123456789:abcdefghijkl');
    expect((await axios.get(`${url}/calls`, { headers: { authorization: `Bearer ${key}` }, timeout: 10_000, proxy: false })).status).toBe(200);
    embedded.signal('SIGTERM');
    expect(await embedded.exited).toBe(0);
  }, 100_000);

  test('a wrong setting stops the start with the full list, a wrong option with the usage', async () => {
    const faulty = start(['--no-demo'], { CC_CALL_GATEWAY_PRT: '1', CC_LOG_LEVEL: 'loud', CC_HW_POLLER_LEASE_SECONDS: 'x' });
    expect(await faulty.exited).toBe(1);
    expect(faulty.output).toContain('CC_CALL_GATEWAY_PRT: no such setting; did you mean CC_CALL_GATEWAY_PORT?');
    expect(faulty.output.match(/CC_LOG_LEVEL: /g)).toHaveLength(1);
    expect(faulty.output).toContain('CC_HW_POLLER_LEASE_SECONDS: ');
    const misused = start(['--nodemo']);
    expect(await misused.exited).toBe(2);
    expect(misused.output).toContain('--no-demo');
    expect(readFileSync(join(dataDir, 'secrets.json'), 'utf8')).toContain('apiKey');
  }, 60_000);
});
