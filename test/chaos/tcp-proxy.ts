import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What the network does with a link. `pass`: nothing. `refuse`: connections are cut, new ones are refused. `reset`: connections are
 * reset, and so are new ones. `blackhole`: connections stand, and nothing arrives, in either direction; it arrives when the link heals.
 * `deaf`: what the client sends arrives, the answers do not, and the connections are reset when the link heals. `slow`: everything
 * arrives late, in order.
 */
export const linkModes = ['pass', 'refuse', 'reset', 'blackhole', 'deaf', 'slow'] as const;
export type LinkMode = (typeof linkModes)[number];

const SLOW_MS = [100, 400] as const;

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** A network link between a client and a server, to be cut and healed. */
export class TcpProxy {
  private readonly pairs = new Set<Pair>();
  private mode: LinkMode = 'pass';
  private accepting: Server | undefined;
  private chosenPort = 0;
  /** Connections that the link has taken, for whoever wants to know that it is used. */
  connections = 0;

  private constructor(private readonly upstreamPort: () => number) {}

  /** @param upstreamPort on the loopback; asked at each connection. */
  static async open(upstreamPort: () => number): Promise<TcpProxy> {
    const proxy = new TcpProxy(upstreamPort);
    await proxy.listen();
    return proxy;
  }

  get port(): number {
    return this.chosenPort;
  }

  async turn(mode: LinkMode): Promise<void> {
    const before = this.mode;
    this.mode = mode;
    const cut = mode === 'refuse' || mode === 'reset' || before === 'deaf';
    for (const pair of [...this.pairs]) {
      if (cut) this.cut(pair);
      else this.flow(pair);
    }
    if (mode === 'refuse') await this.stopListening();
    else await this.listen();
  }

  async close(): Promise<void> {
    await this.turn('refuse');
  }

  private async listen(): Promise<void> {
    if (this.accepting !== undefined) return;
    // Paused from the first byte on, so that nothing is read before the upstream is there.
    const server = createServer({ pauseOnConnect: true }, (client) => this.accept(client));
    this.accepting = server;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.chosenPort, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address === 'object' && address !== null) this.chosenPort = address.port;
  }

  private async stopListening(): Promise<void> {
    const server = this.accepting;
    this.accepting = undefined;
    // A connection that came in between keeps it from closing.
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  private accept(client: Socket): void {
    if (this.mode === 'reset' || this.mode === 'refuse') {
      client.on('error', () => undefined).resetAndDestroy();
      return;
    }
    this.connections += 1;
    const server = connect({ port: this.upstreamPort(), host: '127.0.0.1', allowHalfOpen: true });
    const pair: Pair = { client, server };
    this.pairs.add(pair);
    client.setNoDelay(true);
    server.setNoDelay(true);
    this.join(client, server);
    this.join(server, client);
    for (const socket of [client, server]) {
      socket.on('error', () => this.cut(pair));
      socket.on('close', () => {
        if (client.destroyed && server.destroyed) this.pairs.delete(pair);
      });
    }
    server.pause();
    this.flow(pair);
  }

  /** Everything that arrives goes on, in order, late where the link is slow. */
  private join(from: Socket, to: Socket): void {
    let before = Promise.resolve();
    const inOrder = (send: () => void): void => {
      const lateMs = this.mode === 'slow' ? SLOW_MS[0] + Math.random() * (SLOW_MS[1] - SLOW_MS[0]) : 0;
      if (lateMs === 0) return void (before = before.then(send));
      before = before.then(() => new Promise<void>((resolve) => setTimeout(resolve, lateMs))).then(send);
    };
    from.on('data', (chunk: Buffer) => inOrder(() => void (to.destroyed || to.write(chunk))));
    from.on('end', () => inOrder(() => to.end()));
    from.on('close', () => inOrder(() => {
      if (from.errored !== null) to.resetAndDestroy();
      else to.end();
    }));
  }

  private flow({ client, server }: Pair): void {
    const [fromClient, fromServer] = this.mode === 'blackhole' ? [false, false] : this.mode === 'deaf' ? [true, false] : [true, true];
    if (fromClient) client.resume();
    else client.pause();
    if (fromServer) server.resume();
    else server.pause();
  }

  private cut(pair: Pair): void {
    this.pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
  }
}
