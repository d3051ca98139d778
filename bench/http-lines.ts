import { connect, type Socket } from 'node:net';

/** What came back, and when (`performance.now()`). */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly at: number;
}

interface Request {
  readonly bytes: Buffer;
  readonly resolve: (answer: Answer) => void;
}

const HEAD_END = '\r\n\r\n';

/** A whole HTTP/1.1 request as bytes, made beforehand: to send it costs next to nothing then. */
export function requestBytes(method: 'GET' | 'POST', url: URL, headers: Readonly<Record<string, string>>, body = ''): Buffer {
  const lines = [`${method} ${url.pathname}${url.search} HTTP/1.1`, `host: ${url.host}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), ...(method === 'GET' ? [] : [`content-length: ${Buffer.byteLength(body)}`])];
  return Buffer.from(`${lines.join('\r\n')}${HEAD_END}${body}`);
}

/**
 * Many kept-alive connections to one server, one request at a time on each: node:http as a client would take a third of a core at
 * 2,000 requests a second, beside what is measured. Understands answers with a content-length only, as all of ours have one.
 * A lost connection answers with status 0.
 */
export class HttpLines {
  private readonly idle: Line[] = [];
  private readonly queue: Request[] = [];
  private readonly lines = new Set<Line>();

  constructor(
    private readonly url: URL,
    private readonly most: number,
  ) {}

  send(bytes: Buffer): Promise<Answer> {
    return new Promise((resolve) => {
      const request = { bytes, resolve };
      const line = this.idle.pop() ?? (this.lines.size < this.most ? this.open() : undefined);
      if (line === undefined) this.queue.push(request);
      else line.take(request);
    });
  }

  /** Requests that wait for a connection. */
  get waiting(): number {
    return this.queue.length;
  }

  close(): void {
    for (const line of this.lines) line.end();
  }

  private open(): Line {
    const line = new Line(connect({ host: this.url.hostname, port: Number(this.url.port), noDelay: true }), {
      free: () => {
        const next = this.queue.shift();
        if (next === undefined) this.idle.push(line);
        else line.take(next);
      },
      lost: () => {
        this.lines.delete(line);
        const at = this.idle.indexOf(line);
        if (at >= 0) this.idle.splice(at, 1);
        const next = this.queue.shift();
        if (next !== undefined) this.open().take(next);
      },
    });
    this.lines.add(line);
    return line;
  }
}

class Line {
  private request: Request | undefined;
  private received: Buffer = Buffer.alloc(0);

  constructor(
    private readonly socket: Socket,
    private readonly owner: { readonly free: () => void; readonly lost: () => void },
  ) {
    socket.on('data', (chunk) => this.hear(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.owner.lost();
      this.answer(0, '');
    });
  }

  take(request: Request): void {
    this.request = request;
    this.socket.write(request.bytes);
  }

  end(): void {
    this.socket.destroy();
  }

  private hear(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    const headEnd = this.received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.received.toString('latin1', 0, headEnd);
    const length = Number(/\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    const bodyAt = headEnd + HEAD_END.length;
    if (this.received.length < bodyAt + length) return;
    const body = this.received.toString('utf8', bodyAt, bodyAt + length);
    this.received = Buffer.alloc(0);
    this.answer(Number(head.slice(9, 12)), body);
    if (!this.socket.destroyed) this.owner.free();
  }

  private answer(status: number, body: string): void {
    const { request } = this;
    this.request = undefined;
    request?.resolve({ status, body, at: performance.now() });
  }
}
