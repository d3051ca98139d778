import { constants, mkdtempSync, rmSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError, newId } from '@cc/kernel';
import { Client } from 'pg';

const TABLES = `
  CREATE TABLE floor_call (id text PRIMARY KEY, state text NOT NULL);
  CREATE TABLE floor_notification (id text PRIMARY KEY, call text NOT NULL, body text NOT NULL);
  CREATE TABLE floor_event (id text PRIMARY KEY, call text NOT NULL, type text NOT NULL)`;

/** What happens on each channel's NOTIFY: the next hop, with the id that it carries. */
type Hops = Readonly<Record<'floor_command' | 'floor_notification' | 'floor_event' | 'floor_record', (id: string) => Promise<void>>>;

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 30_000 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/**
 * The same steps by hand in one process: a request committed, heard, its attempt committed, dialled on a fresh connection; a callback
 * synced to a file, committed, heard, its event committed, heard, the record committed, heard, and given to whoever waits for it.
 */
export class LatencyFloor {
  private readonly waiting = new Map<string, () => void>();
  private readonly server: Server;

  private constructor(
    private readonly writer: Client,
    private readonly listener: Client,
    private readonly spool: FileHandle,
    private readonly directory: string,
    private readonly vendorUrl: string,
  ) {
    this.server = createServer((incoming, reply) => void this.answer(incoming, reply).catch((error: unknown) => reply.writeHead(500).end(describeError(error))));
  }

  static async open(databaseUrl: string, vendorUrl: string): Promise<LatencyFloor> {
    const directory = mkdtempSync(join(tmpdir(), 'cc-bench-floor-'));
    const [writer, listener] = await Promise.all([connected(databaseUrl), connected(databaseUrl)]);
    await writer.query(TABLES);
    const spool = await open(join(directory, 'spool'), constants.O_CREAT | constants.O_WRONLY | constants.O_APPEND, 0o600);
    const floor = new LatencyFloor(writer, listener, spool, directory, vendorUrl);
    await floor.listen();
    return floor;
  }

  get url(): string {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await Promise.all([this.writer.end(), this.listener.end(), this.spool.close()]);
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async listen(): Promise<void> {
    const hops: Hops = {
      floor_command: async (call) => {
        await this.commit(`UPDATE floor_call SET state = 'sending' WHERE id = $1`, [call], undefined, call);
        this.dial(call);
      },
      floor_notification: (call) => this.commit(`INSERT INTO floor_event (id, call, type) VALUES ($1, $2, 'a-ringing')`, [newId('evt'), call], 'floor_event', call),
      floor_event: (call) => this.commit(`UPDATE floor_call SET state = 'a-ringing' WHERE id = $1`, [call], 'floor_record', call),
      floor_record: async (call) => this.waiting.get(call)?.(),
    };
    const of = new Map(Object.entries(hops));
    this.listener.on('notification', ({ channel, payload = '' }) => void of.get(channel)?.(payload).catch((error: unknown) => process.stderr.write(`floor: ${describeError(error)}\n`)));
    for (const channel of of.keys()) await this.listener.query(`LISTEN ${channel}`);
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  private async commit(sql: string, values: readonly string[], wakes: keyof Hops | undefined, id: string): Promise<void> {
    await this.writer.query('BEGIN');
    await this.writer.query(sql, [...values]);
    if (wakes !== undefined) await this.writer.query('SELECT pg_notify($1, $2)', [wakes, id]);
    await this.writer.query('COMMIT');
  }

  private dial(call: string): void {
    const body = JSON.stringify({ callback: { userData: call } });
    request(this.vendorUrl, { method: 'POST', agent: false, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (response) => response.resume()).end(body);
  }

  private async answer(incoming: IncomingMessage, reply: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const [, what, id = ''] = (incoming.url ?? '').split('/');
    if (incoming.method === 'GET') reply.end(await this.recordOf(id));
    else if (what === 'calls') {
      const call = newId('call');
      await this.commit(`INSERT INTO floor_call (id, state) VALUES ($1, 'init')`, [call], 'floor_command', call);
      reply.writeHead(202).end(call);
    } else {
      await this.spool.write(body);
      await this.spool.datasync();
      reply.end('ok');
      await this.commit(`INSERT INTO floor_notification (id, call, body) VALUES ($1, $2, $3)`, [newId('ntf'), id, body.toString('utf8')], 'floor_notification', id);
    }
  }

  /** As soon as the call rings. */
  private async recordOf(call: string): Promise<string> {
    for (;;) {
      const heard = new Promise<void>((resolve) => this.waiting.set(call, resolve));
      const { rows } = await this.writer.query<{ state: string }>(`SELECT state FROM floor_call WHERE id = $1`, [call]);
      if (rows[0]?.state === 'a-ringing') {
        this.waiting.delete(call);
        return rows[0].state;
      }
      await heard;
    }
  }
}
