import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { AxiosHttpExchange, type HttpOutcome, type HttpRequest } from '@cc/http';
import { selfSigned } from '@cc/testing';

const SECRET = 'sig=NeverToBeTold';
const http = new AxiosHttpExchange({ idleTimeoutMs: 150 });
const open = new Set<{ server: Server; sockets: Set<Socket> }>();

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  open.add({ server, sockets });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return address.port;
}

afterEach(async () => {
  for (const { server, sockets } of open) {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  }
  open.clear();
});

async function httpServer(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createHttpServer(listener))}`;
}

/** What arrived at a plain TCP server, as one text per connection. */
async function tcpServer(onData: (socket: Socket) => void): Promise<{ port: number; received: string[] }> {
  const received: string[] = [];
  const port = await listen(
    createTcpServer((socket) => {
      const index = received.push('') - 1;
      socket.on('data', (chunk) => {
        received[index] += chunk.toString('latin1');
        onData(socket);
      });
    }),
  );
  return { port, received };
}

async function closedPort(): Promise<number> {
  const server = createTcpServer();
  const port = await listen(server);
  await new Promise((done) => server.close(done));
  for (const entry of open) if (entry.server === server) open.delete(entry);
  return port;
}

const post = (url: string, more: Partial<HttpRequest> = {}): Promise<HttpOutcome> =>
  http.exchange({ method: 'POST', url: `${url}/dial?${SECRET}`, body: '{"to":"x"}', timeoutMs: 2000, ...more });

describe('an answer', () => {
  it('is given whole, whatever its status, over one fresh connection each, without touching the body', async () => {
    const seen: { url: string | undefined; headers: unknown; body: string; port: number | undefined }[] = [];
    const url = await httpServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push({ url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString(), port: request.socket.remotePort });
        response.writeHead(seen.length === 1 ? 200 : 500, { 'X-Mixed': 'Case' }).end(Buffer.of(0xef, 0xbb, 0xbf, 0xff, 0));
      });
    });
    const headers = { Authorization: 'Bearer t', 'Content-Type': 'application/json;charset=utf-8' };
    const first = await post(url, { headers });
    const second = await post(url, { headers });
    expect(first).toMatchObject({ kind: 'answer', status: 200, headers: { 'x-mixed': 'Case' }, body: Buffer.of(0xef, 0xbb, 0xbf, 0xff, 0) });
    expect(second).toMatchObject({ kind: 'answer', status: 500 });
    expect(seen).toHaveLength(2);
    expect(seen[0]).toMatchObject({ url: `/dial?${SECRET}`, body: '{"to":"x"}', headers: { authorization: 'Bearer t', connection: 'close', 'content-type': headers['Content-Type'] } });
    expect(seen[0]?.port).not.toBe(seen[1]?.port);
  });

  it('may be a redirect, which is not followed', async () => {
    const paths: (string | undefined)[] = [];
    const url = await httpServer((request, response) => {
      paths.push(request.url);
      response.writeHead(307, { Location: '/elsewhere' }).end();
    });
    expect(await post(url)).toMatchObject({ kind: 'answer', status: 307, headers: { location: '/elsewhere' } });
    expect(paths).toEqual([`/dial?${SECRET}`]);
  });

  it('is unpacked when it came packed although we did not ask for it, within the size limit', async () => {
    const url = await httpServer((_, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(Buffer.alloc(4096, 'a'))));
    expect(await post(url)).toMatchObject({ kind: 'answer', body: Buffer.alloc(4096, 'a') });
    expect(await post(url, { maxAnswerBytes: 1024 })).toMatchObject({ kind: 'no-answer' });
  });

  it('does not go through a proxy of the environment', async () => {
    const url = await httpServer((request, response) => response.end(request.url));
    const before = { ...process.env };
    for (const name of ['no_proxy', 'NO_PROXY']) delete process.env[name];
    process.env['http_proxy'] = `http://127.0.0.1:${await closedPort()}`;
    try {
      expect(await post(url)).toMatchObject({ kind: 'answer', body: Buffer.from(`/dial?${SECRET}`) });
    } finally {
      process.env = before;
    }
  });
});

describe('not-sent', () => {
  const notSent = async (outcome: Promise<HttpOutcome>, reason: RegExp): Promise<void> => {
    const { kind, ...rest } = await outcome;
    expect(kind).toBe('not-sent');
    expect(rest).toEqual({ reason: expect.stringMatching(reason) });
    expect(JSON.stringify(rest)).not.toContain('NeverToBeTold');
  };

  it('a refused port, an unknown name, no URL, another protocol', async () => {
    await notSent(post(`http://127.0.0.1:${await closedPort()}`), /ECONNREFUSED/);
    await notSent(post('http://no-such-host.invalid'), /ENOTFOUND|EAI_AGAIN|no connection within/);
    await notSent(post('no url'), /not an http or https URL/);
    await notSent(post('file:///etc/passwd'), /not an http or https URL/);
  });

  it('a server that does not speak TLS, and one that says nothing at all', async () => {
    const plain = await tcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await notSent(post(`https://127.0.0.1:${plain.port}`), /no connection|handshake/);
    const silent = await tcpServer(() => undefined);
    await notSent(post(`https://127.0.0.1:${silent.port}`, { timeoutMs: 200 }), /within 200 ms/);
    for (const text of [...plain.received, ...silent.received]) expect(text).not.toContain('dial');
  });

  it('a certificate that cannot be trusted: the handshake is done, yet no byte of the request follows', async () => {
    let requests = 0;
    const server = createHttpsServer(selfSigned(), (_, response) => {
      requests += 1;
      response.end();
    });
    await notSent(post(`https://127.0.0.1:${await listen(server)}`), /SELF_SIGNED|CERT|VERIFY/i);
    expect(requests).toBe(0);
  });
});

describe('no-answer', () => {
  /** Whatever the fault, the request went out exactly once. */
  const once = async (fault: (socket: Socket) => void, more: Partial<HttpRequest> = {}): Promise<string> => {
    const server = await tcpServer(fault);
    const outcome = await post(`http://127.0.0.1:${server.port}`, more);
    expect(outcome.kind).toBe('no-answer');
    expect(server.received.filter((text) => text.startsWith('POST /dial'))).toHaveLength(1);
    expect(JSON.stringify(outcome)).not.toContain('NeverToBeTold');
    return outcome.kind === 'no-answer' ? outcome.reason : '';
  };
  const head = 'HTTP/1.1 200 OK\r\n';

  it('a reset, a close, a silence, a truncated, an endless, a too large and an unreadable answer', async () => {
    expect(await once((socket) => socket.resetAndDestroy())).toMatch(/ECONNRESET/);
    await once((socket) => socket.end());
    expect(await once(() => undefined, { timeoutMs: 200 })).toMatch(/within 200 ms/);
    await once((socket) => socket.end(`${head}Content-Length: 100\r\n\r\n{"resp":`));
    await once((socket) => socket.end(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n`));
    await once((socket) => socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n`), { timeoutMs: 200 });
    await once((socket) => socket.end(`${head}Content-Length: 2048\r\n\r\n${'a'.repeat(2048)}`), { maxAnswerBytes: 1024 });
    await once((socket) => socket.end('220 smtp ready\r\n'));
  });

  it('a server that closes before it reads', async () => {
    const port = await listen(createTcpServer((socket) => socket.resetAndDestroy()));
    expect((await post(`http://127.0.0.1:${port}`)).kind).not.toBe('answer');
  });
});

describe('a download', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cc-http-'));
  const target = join(directory, 'recording');
  afterAll(() => rmSync(directory, { recursive: true }));
  const get = (url: string, more: { maxBytes?: number; timeoutMs?: number; target?: string } = {}) =>
    http.download({ method: 'GET', url: `${url}/r.mp3?${SECRET}`, timeoutMs: 5000, maxBytes: 10_000_000, target, ...more });

  it('stores every byte and describes them', async () => {
    const content = Buffer.alloc(3_000_000, 'Tone 声');
    const url = await httpServer((_, response) => response.writeHead(200, { 'Content-Type': 'audio/mpeg' }).end(content));
    expect(await get(url)).toEqual({
      kind: 'stored', sizeBytes: content.length, contentType: 'audio/mpeg', firstBytes: content.subarray(0, 64),
      sha256: createHash('sha256').update(content).digest('hex'), md5: createHash('md5').update(content).digest('hex'),
    });
    expect(readFileSync(target).equals(content)).toBe(true);
    rmSync(target);
  });

  it('is refused by any status but 200, a redirect among them, which is not followed', async () => {
    const paths: (string | undefined)[] = [];
    const url = await httpServer((request, response) => {
      paths.push(request.url);
      response.writeHead(paths.length === 1 ? 301 : 404, { Location: '/other' }).end('page');
    });
    expect(await get(url)).toMatchObject({ kind: 'refused', status: 301 });
    expect(await get(url)).toMatchObject({ kind: 'refused', status: 404 });
    expect(paths).toHaveLength(2);
    expect(existsSync(target)).toBe(false);
  });

  it('leaves nothing behind when it is too large, truncated, idle, too slow, unwritable or without connection', async () => {
    const failed = async (outcome: ReturnType<typeof get>, reason: RegExp): Promise<void> => {
      expect(await outcome).toEqual({ kind: 'failed', reason: expect.stringMatching(reason) });
      expect(existsSync(target)).toBe(false);
    };
    const large = await httpServer((_, response) => response.end(Buffer.alloc(100_000)));
    await failed(get(large, { maxBytes: 99_999 }), /larger than allowed/);
    await failed(get(large, { target: join(directory, 'missing', 'file') }), /ENOENT/);
    const truncated = await tcpServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc'));
    await failed(get(`http://127.0.0.1:${truncated.port}`), /./);
    const idle = await tcpServer((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc'));
    await failed(get(`http://127.0.0.1:${idle.port}`), /no byte for 150 ms/);
    const drip = await httpServer((_, response) => {
      response.writeHead(200, { 'Content-Length': '1000' });
      const timer = setInterval(() => response.write('a'), 20);
      response.on('close', () => clearInterval(timer));
    });
    await failed(get(drip, { timeoutMs: 400 }), /not complete within 400 ms/);
    await failed(get(`http://127.0.0.1:${await closedPort()}`), /ECONNREFUSED/);
  });
});
