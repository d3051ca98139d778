import { Agent, request } from 'node:https';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface CallbackOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without a length beforehand. */
  readonly chunked?: boolean;
}

/** Sends as a vendor does: over TLS, once. */
export class Vendor {
  private readonly agent = new Agent({ keepAlive: true, rejectUnauthorized: false });

  constructor(private readonly origin: string) {}

  /** Rejects when the connection breaks without an answer. */
  send(path: string, body: Buffer, { method = 'POST', headers = {}, chunked = false }: CallbackOptions = {}): Promise<Answer> {
    return new Promise((done, fail) => {
      const sending = request(`${this.origin}${path}`, { method, agent: this.agent, headers: { ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': body.length }), ...headers } }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part)).on('error', fail);
        response.on('end', () => done({ status: response.statusCode ?? 0, contentType: response.headers['content-type'] ?? '', body: Buffer.concat(parts).toString() }));
      });
      sending.on('error', fail);
      sending.end(body);
    });
  }

  /** Sends one after the other in `lanes` lanes at once, until told to stop. Resolves to the bodies that were answered with 200. */
  load(path: string, lanes: number, bodyOf: (index: number) => Buffer): { readonly answered: ReadonlySet<string>; readonly stop: () => Promise<void> } {
    const answered = new Set<string>();
    let stopped = false;
    let next = 0;
    const lane = async (): Promise<void> => {
      while (!stopped) {
        const body = bodyOf((next += 1));
        const answer = await this.send(path, body).catch(() => undefined);
        if (answer?.status === 200) answered.add(body.toString());
      }
    };
    const all = Promise.all(Array.from({ length: lanes }, lane));
    return {
      answered,
      stop: async () => {
        stopped = true;
        await all;
      },
    };
  }

  close(): void {
    this.agent.destroy();
  }
}
