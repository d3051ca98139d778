import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';

export interface Seen {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** `answer`: 200 with a word of its own. `hang-up`: takes the whole request and closes. `silent`: takes it and says nothing. */
export type Manner = 'answer' | 'hang-up' | 'silent';

/** Stands where the ingest is, and remembers each request that reaches it. */
export class SeenIngest {
  readonly seen: Seen[] = [];
  manner: Manner = 'answer';
  private server: Server | undefined;

  constructor(readonly port: number) {}

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        this.seen.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(parts) });
        if (this.manner === 'hang-up') request.socket.destroy();
        else if (this.manner === 'answer') response.writeHead(200, { 'content-type': 'text/plain;charset=utf-8' }).end('the ingest says so');
      });
    });
    await new Promise<void>((done) => server.listen(this.port, '127.0.0.1', done));
    this.server = server;
  }

  async stop(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}
