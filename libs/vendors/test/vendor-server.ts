import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** `hang`: never answers; `reset`: breaks the connection; otherwise what to answer, status 200 unless told, after `delayMs`. */
export type Reaction = 'hang' | 'reset' | { readonly status?: number; readonly body: string; readonly headers?: Readonly<Record<string, string>>; readonly delayMs?: number };

/** A vendor on a real port of this machine that does what the test says and remembers what it was asked. */
export class VendorServer {
  readonly seen: SeenRequest[] = [];
  react: (request: SeenRequest) => Reaction = () => ({ status: 404, body: 'nothing was arranged' });
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => this.receive(request, response));
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    const address: AddressInfo | string | null = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('not a TCP server');
    return `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
  }

  /** The requests whose path ends with this. */
  asked(end: string): readonly SeenRequest[] {
    return this.seen.filter(({ path }) => path.endsWith(end));
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://vendor');
      const seen = { method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers, body: Buffer.concat(chunks).toString() };
      this.seen.push(seen);
      const reaction = this.react(seen);
      if (reaction === 'hang') return;
      if (reaction === 'reset') return void request.socket.resetAndDestroy();
      setTimeout(() => response.writeHead(reaction.status ?? 200, { 'Content-Type': 'application/json', ...reaction.headers }).end(reaction.body), reaction.delayMs ?? 0);
    });
  }
}
