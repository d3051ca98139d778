import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands before a PostgreSQL that is away at first: connections are refused until it is opened. */
export class DatabaseGate {
  private readonly target: URL;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private port = 0;

  constructor(url: string) {
    this.target = new URL(url);
    this.server = createServer((socket) => {
      const onward = connect(Number(this.target.port), this.target.hostname);
      for (const [from, to] of [[socket, onward], [onward, socket]] as const) {
        this.sockets.add(from);
        from.on('error', () => to.destroy()).on('close', () => to.destroy()).pipe(to);
      }
    });
  }

  /** The URL of the database behind the gate. Its port is free until the gate is opened. */
  async address(): Promise<string> {
    await this.listen(0);
    const address = this.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('The gate has no port');
    this.port = address.port;
    this.server.close();
    await once(this.server, 'close');
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  async open(): Promise<void> {
    await this.listen(this.port);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private async listen(port: number): Promise<void> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
  }
}
