import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeChannelNotification, topics, type ChannelNotification } from '@cc/contracts';
import { Sealer, SilentLog } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { TypeOrmDatabase } from '@cc/postgres';
import { freshDatabase, type FreshDatabase } from '@cc/testing';
import { openNotification, type RawNotification } from '@cc/vendors';
import axios from 'axios';
import { z } from 'zod';
import { callbackIngest } from '../src/service';
import { logIsMade } from './log-tables';

const KEY = Buffer.alloc(32, 7);
export const SECRET = 'callback-secret-0123456789abcdef';
const Headers = z.record(z.string(), z.string());

export const e9Channel = {
  id: 'e9-main', vendor: 'e9', protocol: 'callback', callbackSecrets: [{ value: SECRET }, { value: `${SECRET}-next` }],
  settings: { endpoint: 'http://127.0.0.1:9', accountSid: 'e9account00000000000000000000001', authToken: { value: 'e9token0000000000000000000000001' }, appId: 'e9app000000000000000000000000001' },
};
export const jyChannel = { id: 'jy-main', vendor: 'jy', protocol: 'connector', callbackSecrets: [{ value: SECRET }], settings: { endpoint: 'http://127.0.0.1:9', credentials: { apiKey: { value: 'key' }, apiSecret: { value: 'secret' } } } };
export const voiceChannel = {
  id: 'hw-voice', vendor: 'hw', protocol: 'voiceCall', callbackSecrets: [{ value: SECRET }],
  settings: { endpoint: 'http://127.0.0.1:9', appKey: 'key', appSecret: { value: 'secret' }, displayNbr: '+8675512345678', displayCalleeNbr: '+8675512345678', callbackUrl: { value: `http://cc.example/callbacks/hw-voice/${SECRET}` } },
};
const seatsChannel = { id: 'hw-seats', vendor: 'hw', protocol: 'agentGateway', lines: [{ id: 'anna', agentId: 20011, password: { value: 'p' }, phone: '40038' }], settings: { endpoint: 'http://127.0.0.1:9' } };

/** A notification as the topic has it, with the vendor's message opened. */
export interface Forwarded {
  readonly header: Omit<ChannelNotification, 'sealed'>;
  readonly raw: RawNotification;
}

/** The service in this process, on a database of its own. */
export class RunningIngest {
  private constructor(
    private readonly service: RunningService,
    private readonly fresh: FreshDatabase,
    readonly database: TypeOrmDatabase,
    private readonly root: string,
  ) {}

  static async start({ channels = [e9Channel, jyChannel, voiceChannel, seatsChannel], settings = {} }: { readonly channels?: readonly unknown[]; readonly settings?: Readonly<Record<string, string>> } = {}): Promise<RunningIngest> {
    const fresh = await freshDatabase();
    const root = await mkdtemp(join(tmpdir(), 'cc-door-'));
    await writeFile(join(root, 'channels.yaml'), JSON.stringify({ channels }), { mode: 0o600 });
    const service = await startService(callbackIngest, loadServiceSettings(callbackIngest, {
      CC_E9_CALLBACK_INGEST_PORT: '0', CC_DATABASE_URL: fresh.url, CC_CHANNELS_FILE: join(root, 'channels.yaml'), CC_ENCRYPTION_KEY: KEY.toString('base64'), CC_E9_CALLBACK_INGEST_SPOOL_DIR: join(root, 'spool'), ...settings,
    }), new SilentLog(), () => undefined);
    const database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 2, applicationName: 'test' });
    await logIsMade(database);
    return new RunningIngest(service, fresh, database, root);
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.database.close();
    await this.fresh.drop();
    await rm(this.root, { recursive: true, force: true });
  }

  get url(): string {
    return this.service.url;
  }

  async post(path: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number; readonly data: unknown }> {
    return await axios.post<unknown>(`${this.url}/callbacks/${path}`, body, { timeout: 20_000, proxy: false, validateStatus: () => true, maxRedirects: 0, transformRequest: (data: unknown) => data, headers: { 'content-type': 'application/xml', ...headers } });
  }

  /** Sends bytes as they are, piece by piece, and waits for the connection's end. Resolves to what came back, and how long it took. */
  raw(...pieces: readonly (string | Buffer)[]): Promise<{ readonly answer: string; readonly tookMs: number }> {
    const { port, hostname } = new URL(this.url);
    const beganMs = performance.now();
    return new Promise((done) => {
      const chunks: Buffer[] = [];
      const socket = connect(Number(port), hostname, () => {
        for (const piece of pieces) socket.write(piece);
      });
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', () => undefined);
      socket.on('close', () => done({ answer: Buffer.concat(chunks).toString(), tookMs: performance.now() - beganMs }));
    });
  }

  /** What the topic has, in the order in which it was appended. */
  async forwarded(): Promise<Forwarded[]> {
    const rows = await this.database.query<{ key: string; value: Buffer; headers: string }>(`SELECT key, value, headers FROM log_record WHERE topic = $1 ORDER BY appended_at, part, off`, [topics.channelNotifications.name]);
    return rows.map((row) => {
      const decoded = decodeChannelNotification({ ...row, headers: Headers.parse(JSON.parse(row.headers)) });
      if (decoded.kind !== 'known') throw new Error(`a notification is ${decoded.kind}`);
      const { sealed, ...header } = decoded.message;
      return { header, raw: openNotification(sealed, header, new Sealer(KEY, 'notifications')) };
    });
  }

  /** The value of a metric with these labels, in any order; 0 where it is not there. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const { data } = await axios.get<string>(`${this.url}/metrics`, { proxy: false });
    const line = data.split('\n').find((each) => each.startsWith(`${name}{`) && Object.entries(labels).every(([label, value]) => each.includes(`${label}="${value}"`)));
    return Number(line?.split(' ').at(-1) ?? 0);
  }
}
