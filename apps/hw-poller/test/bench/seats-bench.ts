import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeChannelNotification, topics } from '@cc/contracts';
import { createEventLog, eventLogMigrations, handled, type Batch, type Outcome } from '@cc/event-log';
import { NoMetrics, pause, SilentLog, withDeadline } from '@cc/kernel';
import { runMigrations, TypeOrmDatabase } from '@cc/postgres';
import { stringify } from 'yaml';

const FIRST_AGENT = 20_001;
const HOLD_MS = 10_000;
const SIGN_IN_LIMIT_MS = 60_000;
const CLOCK_TICKS_PER_SECOND = 100;

export interface SeatFigures {
  readonly rssMb: number;
  /** Of one core. */
  readonly cpuShare: number;
  /** From the vendor's answer to the record in the log, ms. */
  readonly delaysMs: readonly number[];
}

/** A gateway that keeps each poll waiting, as the vendor's does, until there is something to tell. */
class SeatGateway {
  private readonly waiting = new Map<string, ServerResponse>();
  private readonly server: Server = createServer((request, response) => this.answer(request, response));
  private readonly signedIn = new Set<string>();
  readonly toldAt = new Map<string, number>();

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    return `http://127.0.0.1:${address.port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  polled(): number {
    return this.signedIn.size;
  }

  /** Tells one of the waiting polls that its seat talks. */
  tell(serial: number): void {
    const seats = [...this.waiting.keys()];
    const seat = seats[(serial * 7919) % seats.length];
    const response = seat === undefined ? undefined : this.waiting.get(seat);
    if (seat === undefined || response === undefined) return;
    this.waiting.delete(seat);
    const callid = `bench-${serial}`;
    this.toldAt.set(callid, Date.now());
    reply(response, { message: '', retcode: '0', event: { eventType: 'AgentEvent_Talking', workNo: seat, content: { caller: '40001', called: '13900139000', callid, feature: '7' } } });
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const { pathname } = new URL(request.url ?? '/', 'http://gateway');
    const polled = /\/agentevent\/(\d+)$/.exec(pathname)?.[1];
    if (polled === undefined) {
      reply(response.setHeader('Guid', 'bench-guid'), { message: '', retcode: '0', result: { vdnid: 1, workno: '1' } });
      return;
    }
    this.signedIn.add(polled);
    this.waiting.set(polled, response);
    setTimeout(() => {
      if (this.waiting.get(polled) !== response) return;
      this.waiting.delete(polled);
      reply(response, { message: '', retcode: '0' });
    }, HOLD_MS);
  }
}

function reply(response: ServerResponse, body: object): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
}

/** One hw-poller process polls all seats, while the gateway tells `eventsPerSecond` things of random ones. */
export async function measureSeats(databaseUrl: string, seats: number, seconds: number, eventsPerSecond: number): Promise<SeatFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'cc-seats-'));
  const gateway = new SeatGateway();
  const endpoint = await gateway.start();
  const channelsFile = join(directory, 'channels.yaml');
  const lines = Array.from({ length: seats }, (_, index) => ({ id: String(FIRST_AGENT + index), agentId: FIRST_AGENT + index, password: { value: 'password' }, phone: '40001' }));
  writeFileSync(channelsFile, stringify({ channels: [{ id: 'seats', vendor: 'hw', protocol: 'agentGateway', lines, settings: { endpoint } }] }));
  const database = await TypeOrmDatabase.connect({ url: databaseUrl, poolSize: 4, applicationName: 'seats-bench' });
  await runMigrations(database, 'event-log', eventLogMigrations);
  const eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
  const env = { ...process.env, CC_DATABASE_URL: databaseUrl, CC_CHANNELS_FILE: channelsFile, CC_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'), CC_HW_POLLER_PORT: '0', CC_LOG_LEVEL: 'error' };
  const poller = spawn(process.execPath, ['-r', './libs/testing/src/swc-register.cjs', 'apps/hw-poller/src/main.ts'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    await withDeadline(until(() => gateway.polled() === seats), SIGN_IN_LIMIT_MS, `Signing in ${seats} seats`);
    const arrivals = new Map<string, number>();
    const subscription = eventLog.subscribe({ group: 'seats-bench', topics: [topics.channelNotifications.name], handle: (batch) => noteArrivals(batch, arrivals) });
    const pid = poller.pid ?? 0;
    const cpuBefore = cpuSecondsOf(pid);
    const began = performance.now();
    for (let serial = 0; serial < seconds * eventsPerSecond; serial += 1) {
      await pause(Math.max(0, began + (serial * 1000) / eventsPerSecond - performance.now()));
      gateway.tell(serial);
    }
    const cpuShare = (cpuSecondsOf(pid) - cpuBefore) / ((performance.now() - began) / 1000);
    await withDeadline(until(() => arrivals.size === gateway.toldAt.size), SIGN_IN_LIMIT_MS, 'The arrival of every event').catch(() => undefined);
    await subscription.stop();
    const delaysMs = [...gateway.toldAt].flatMap(([callid, toldAt]) => (arrivals.has(callid) ? [(arrivals.get(callid) ?? 0) - toldAt] : []));
    if (delaysMs.length < gateway.toldAt.size) throw new Error(`${gateway.toldAt.size - delaysMs.length} of ${gateway.toldAt.size} events did not arrive`);
    return { rssMb: rssMbOf(pid), cpuShare, delaysMs };
  } finally {
    poller.kill('SIGKILL');
    gateway.stop();
    await eventLog.close();
    await database.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function noteArrivals({ records }: Batch, arrivals: Map<string, number>): Promise<Outcome> {
  for (const record of records) {
    const decoded = decodeChannelNotification(record);
    if (decoded.kind === 'known' && decoded.message.vendorCallId !== undefined) arrivals.set(decoded.message.vendorCallId, record.appendedAtMs);
  }
  return handled;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(20);
}

/** Linux tells both of a process. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

function rssMbOf(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}
