import { createServer, type Server, type ServerResponse } from 'node:http';

/** `cut`: half of the file, then the connection breaks; `short`: the whole file, announced as longer; `stall`: half of it, and then nothing. */
export type Reaction = 'whole' | 'cut' | 'short' | 'stall' | 'missing' | 'page';

/** A vendor's host of recordings on a real port: each file is given as the test says, one reaction for each try; the last one stays. */
export class RecordingHost {
  /** What was asked for, with its query. */
  readonly asked: URL[] = [];
  private readonly files = new Map<string, { readonly bytes: Buffer; readonly reactions: Reaction[] }>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<RecordingHost> {
    const server = createServer((request, response) => host.answer(new URL(request.url ?? '/', 'http://host'), response));
    const host = new RecordingHost(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return host;
  }

  get endpoint(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('It does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  /** The file's address. */
  arrange(path: string, bytes: Buffer, ...reactions: Reaction[]): string {
    this.files.set(path, { bytes, reactions });
    return `${this.endpoint}${path}`;
  }

  triesOf(url: string): number {
    return this.asked.filter(({ pathname }) => pathname === new URL(url).pathname).length;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private answer(url: URL, response: ServerResponse): void {
    this.asked.push(url);
    const file = this.files.get(url.pathname);
    const reaction = file === undefined ? 'missing' : file.reactions.length > 1 ? file.reactions.shift() : file.reactions[0];
    if (file === undefined || reaction === 'missing') response.writeHead(404).end('no such recording');
    else if (reaction === 'page') response.writeHead(200, { 'content-type': 'text/html' }).end('<html>请稍后</html>');
    else give(response, file.bytes, reaction ?? 'whole');
  }
}

function give(response: ServerResponse, bytes: Buffer, reaction: Reaction): void {
  const isShort = reaction === 'short';
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length + (isShort ? 1000 : 0) });
  if (reaction === 'whole') return void response.end(bytes);
  response.write(isShort ? bytes : bytes.subarray(0, bytes.length / 2), () => {
    if (isShort) response.socket?.end();
    if (reaction === 'cut') response.socket?.destroy();
  });
}
