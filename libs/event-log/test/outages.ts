import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The simple query COMMIT, as it goes over the wire; BEGIN says READ COMMITTED. */
const COMMIT = 'COMMIT\0';

/** Stands between the log and its PostgreSQL, and can be the network that fails. */
export class FaultyLine {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private port = 0;
  private loseCommits = 0;
  private dropCommits = 0;

  private constructor(private readonly target: URL) {}

  static async to(databaseUrl: string): Promise<FaultyLine> {
    const line = new FaultyLine(new URL(databaseUrl));
    await line.mend();
    return line;
  }

  /** The database's address by way of this line. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  /** Ends every connection and refuses new ones. */
  cut(): void {
    this.server?.close();
    for (const socket of this.sockets) socket.destroy();
  }

  /** Takes connections again, on the same port. */
  async mend(): Promise<void> {
    const server = createServer((client) => this.join(client));
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.port, '127.0.0.1', resolve));
    this.port = addressOf(server).port;
    this.server = server;
  }

  /** The next so many commits reach the database, and their answers get lost with the connection. */
  loseAnswersOfCommits(count: number): void {
    this.loseCommits = count;
  }

  /** The next so many commits do not reach the database: it rolls back. */
  dropNextCommits(count: number): void {
    this.dropCommits = count;
  }

  get commitsLeftToDrop(): number {
    return this.dropCommits;
  }

  private join(client: Socket): void {
    const server = connect(Number(this.target.port), this.target.hostname);
    let deaf = false;
    for (const [from, to] of [[client, server], [server, client]] as const) {
      this.sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
    client.on('data', (chunk) => {
      if (this.loseCommits > 0 && chunk.includes(COMMIT)) {
        this.loseCommits -= 1;
        deaf = true;
      }
      if (this.dropCommits > 0 && chunk.includes(COMMIT)) {
        this.dropCommits -= 1;
        client.destroy();
        return;
      }
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (deaf) client.destroy();
      else client.write(chunk);
    });
  }
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The line has no port');
  return address;
}
