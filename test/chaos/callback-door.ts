import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** `ok`: the ingest answered 200, so that it must never be lost. `fail`: it answered something else. `info`: nobody knows. */
export type CallbackOutcome = 'ok' | 'fail' | 'info';

/** A callback as a vendor sent it, and what became of it. */
export interface SeenCallback {
  /** Ours, in a header that the ingest stores with the callback. */
  readonly id: string;
  readonly channel: string;
  readonly body: string;
  readonly outcome: CallbackOutcome;
  /** Epoch ms, of the answer. */
  readonly at: number;
  readonly tookMs: number;
}

/** The header by which a stored callback is found again. */
export const CALLBACK_ID_HEADER = 'x-chaos-callback';

const ANSWER_LIMIT_MS = 30_000;

/** Stands between the vendors and the ingest, passes everything on, and remembers what was acknowledged. It is never killed. */
export class CallbackDoor {
  readonly seen: SeenCallback[] = [];
  private next = 1;

  private constructor(
    private readonly server: Server,
    readonly url: string,
    private readonly ingestUrl: string,
  ) {}

  static async open(ingestUrl: string): Promise<CallbackDoor> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const door = new CallbackDoor(server, `http://127.0.0.1:${port}`, ingestUrl);
    server.on('request', (incoming, outgoing) => void door.pass(incoming, outgoing));
    return door;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const id = String(this.next);
    this.next += 1;
    const began = performance.now();
    const answer = await this.forward(incoming, body, id);
    const outcome = answer === undefined ? 'info' : answer.status === 200 ? 'ok' : 'fail';
    this.seen.push({ id, channel: /^\/callbacks\/([^/]+)\//.exec(incoming.url ?? '')?.[1] ?? '', body: body.toString('utf8'), outcome, at: Date.now(), tookMs: Math.round(performance.now() - began) });
    if (answer === undefined) outgoing.destroy();
    else outgoing.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
  }

  /** Undefined where no whole answer came. */
  private forward(incoming: IncomingMessage, body: Buffer, id: string): Promise<{ status: number; type: string; body: Buffer } | undefined> {
    return new Promise((resolve) => {
      const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...headers } = incoming.headers;
      const outgoing = request(`${this.ingestUrl}${incoming.url ?? ''}`, {
        method: incoming.method ?? 'POST', agent: false, timeout: ANSWER_LIMIT_MS,
        headers: { ...headers, 'content-length': body.length, [CALLBACK_ID_HEADER]: id },
      });
      outgoing.on('timeout', () => outgoing.destroy()).on('error', () => resolve(undefined)).on('close', () => resolve(undefined));
      outgoing.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => resolve(undefined));
        response.on('end', () => resolve(response.complete ? { status: response.statusCode ?? 0, type: response.headers['content-type'] ?? 'text/plain', body: Buffer.concat(chunks) } : undefined));
      });
      outgoing.end(body);
    });
  }
}
