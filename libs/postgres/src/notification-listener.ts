import { backoffMs, pause, withDeadline } from '@cc/kernel';
import { Client, escapeIdentifier } from 'pg';
import type { ClientConfig } from 'pg';

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;
const CLOSE_LIMIT_MS = 2_000;

/** One connection that listens on any number of channels, kept open for as long as somebody listens. */
export class NotificationListener {
  private readonly heard = new Map<string, Set<() => void>>();
  private readonly stopping = new AbortController();
  private client: Client | undefined;
  private opening: Promise<Client> | undefined;
  private reconnecting = false;
  /** pg wants one statement at a time of a connection. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly config: ClientConfig) {}

  /** Resolves once the server has the LISTEN: every later notification calls `listener`. Rejects when the server is away. */
  async add(channel: string, listener: () => void): Promise<() => Promise<void>> {
    if (this.stopping.signal.aborted) throw new Error('The database was closed');
    const listeners = this.heard.get(channel) ?? new Set();
    this.heard.set(channel, listeners.add(listener));
    try {
      const client = await this.connected();
      await this.inTurn(client, `LISTEN ${escapeIdentifier(channel)}`);
    } catch (error) {
      await this.remove(channel, listener);
      throw error;
    }
    return () => this.remove(channel, listener);
  }

  async close(): Promise<void> {
    this.stopping.abort();
    this.heard.clear();
    await this.opening?.catch(() => undefined);
    const client = this.client;
    this.client = undefined;
    if (client !== undefined) await withDeadline(client.end(), CLOSE_LIMIT_MS, 'Closing the listening connection').catch(() => undefined);
  }

  private async remove(channel: string, listener: () => void): Promise<void> {
    const listeners = this.heard.get(channel);
    if (listeners?.delete(listener) !== true || listeners.size > 0) return;
    this.heard.delete(channel);
    // A lost connection has forgotten the channel anyway.
    if (this.client !== undefined) await this.inTurn(this.client, `UNLISTEN ${escapeIdentifier(channel)}`).catch(() => undefined);
  }

  private async inTurn(client: Client, statement: string): Promise<void> {
    const turn = this.turn.then(() => client.query(statement));
    this.turn = turn.catch(() => undefined);
    await turn;
  }

  private async connected(): Promise<Client> {
    if (this.client !== undefined) return this.client;
    this.opening ??= this.open().finally(() => (this.opening = undefined));
    return this.opening;
  }

  private async open(): Promise<Client> {
    const client = new Client(this.config);
    client.on('error', () => this.lost(client));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ channel }) => this.call(channel));
    await client.connect();
    try {
      for (const channel of this.heard.keys()) await client.query(`LISTEN ${escapeIdentifier(channel)}`);
    } catch (error) {
      void client.end();
      throw error;
    }
    if (this.stopping.signal.aborted) await client.end();
    else this.client = client;
    return client;
  }

  private lost(client: Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    if (!this.reconnecting) void this.reconnect();
  }

  private async reconnect(): Promise<void> {
    this.reconnecting = true;
    for (let attempt = 0; this.heard.size > 0 && !this.stopping.signal.aborted; attempt += 1) {
      await pause(backoffMs(attempt, FIRST_BACKOFF_MS, MAX_BACKOFF_MS), this.stopping.signal);
      const client = await this.connected().catch(() => undefined);
      if (client !== undefined) break;
    }
    this.reconnecting = false;
    // Notifications are not kept for an absent listener: everybody looks for themselves.
    if (this.client !== undefined) for (const channel of this.heard.keys()) this.call(channel);
  }

  private call(channel: string): void {
    for (const listener of this.heard.get(channel) ?? []) listener();
  }
}
