import { readFileSync, renameSync, statSync } from 'node:fs';
import { connect } from 'node:tls';
import { describeWithNginx, eventually } from '@cc/testing';
import { z } from 'zod';
import { freePorts } from '../e2e/free-ports';
import { Nginx, type NginxOptions } from './nginx-process';
import { SeenIngest } from './seen-ingest';
import { Vendor } from './vendor';

const SECRET = 'callback-secret-0123456789abcdef';
const PATH = `/callbacks/e9-main/${SECRET}`;
const KIB = 1024;
const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const Line = z.looseObject({ status: z.string(), upstream: z.string(), length: z.string(), from: z.string(), headers: z.record(z.string(), z.string()), body: z.string().transform((letters) => Buffer.from(letters, 'latin1')) });

/** The lines of a log, each byte as one letter. */
const linesIn = (bytes: Buffer) => bytes.toString('latin1').split('\n').filter((line) => line !== '').map((line) => Line.parse(JSON.parse(line)));

describeWithNginx('NGINX in front of the ingest', () => {
  let nginx: Nginx;
  let ingest: SeenIngest;
  let vendor: Vendor;

  beforeEach(async () => {
    const [port = 0, behindPort = 0] = await freePorts(2);
    ingest = new SeenIngest(behindPort);
    await ingest.start();
    const replacing = { 'client_header_timeout 10s': 'client_header_timeout 1s', 'client_body_timeout 5s': 'client_body_timeout 1s', 'proxy_read_timeout 10s': 'proxy_read_timeout 1s' };
    nginx = await Nginx.start({ configuration: 'nginx.conf', port, behindPort, replacing });
    vendor = new Vendor(nginx.url);
  });
  afterEach(async () => {
    vendor.close();
    await nginx.stop();
    await ingest.stop();
  });

  const logged = (count: number) => eventually(() => {
    const lines = linesIn(nginx.logged());
    return lines.length === count && lines;
  });

  it('hands on every byte of a callback and the answer to it, and has the same in its log', async () => {
    expect(await vendor.send(PATH, EVERY_BYTE, { headers: { 'content-type': 'text/xml', 'x-aksk': 'a "b" \\c' } })).toEqual({ status: 200, contentType: 'text/plain;charset=utf-8', body: 'the ingest says so' });
    expect(ingest.seen).toMatchObject([{ url: PATH, body: EVERY_BYTE, headers: { 'x-aksk': 'a "b" \\c' } }]);
    expect(await logged(1)).toMatchObject([{ status: '200', upstream: '200', length: '256', body: EVERY_BYTE, headers: { 'content-type': 'text/xml', 'x-aksk': 'a "b" \\c', 'x-cc-nonce': '' } }]);
  });

  it.each<[string, number, boolean]>([['nothing', 0, false], ['60 KiB', 60 * KIB, false], ['60 KiB without a length', 60 * KIB, true], ['the limit', 256 * KIB, false], ['the limit without a length', 256 * KIB, true]])('has the whole body in its log: %s', async (_what, size, chunked) => {
    const body = Buffer.alloc(size, EVERY_BYTE);
    expect((await vendor.send(PATH, body, { chunked })).status).toBe(200);
    const [line] = await logged(1);
    expect(line?.body.equals(body)).toBe(true);
    expect(line?.length).toBe(String(size));
    expect(ingest.seen[0]?.body.equals(body)).toBe(true);
  });

  it.each([[false], [true]])('refuses a larger body with 413, which the log does not show as taken (chunked: %s)', async (chunked) => {
    const refusal = await vendor.send(PATH, Buffer.alloc(256 * KIB + 1), { chunked }).catch(() => undefined);
    if (refusal !== undefined) expect(refusal.status).toBe(413);
    expect(await logged(1)).toMatchObject([{ status: '413', upstream: '' }]);
    expect(ingest.seen).toEqual([]);
  });

  it('lets nobody say where a callback came from, nor that it is an old one', async () => {
    await vendor.send(PATH, Buffer.from('x'), { headers: { 'x-forwarded-for': '198.51.100.1', 'x-cc-arrived-at': '1795500000000', 'x-cc-arrived-from': '198.51.100.1' } });
    expect(ingest.seen[0]?.headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https' });
    expect(Object.keys(ingest.seen[0]?.headers ?? {}).filter((name) => name.startsWith('x-cc-'))).toEqual([]);
  });

  it.each([['GET', PATH, 403], ['POST', '/livez', 404], ['GET', '/metrics', 404], ['GET', '/callbacks/stats', 404], ['POST', '/callbacks/e9-main', 404], ['POST', `/callbacks/e9-main/${SECRET}/more`, 404], ['POST', `/x/..${PATH}/../../../metrics`, 404]])('lets nothing through but callbacks: %s %s is answered %i', async (method, path, status) => {
    expect((await vendor.send(path, Buffer.alloc(0), { method })).status).toBe(status);
    expect(ingest.seen).toEqual([]);
  });

  it('answers 502 once when there is no ingest, and its log has the callback', async () => {
    await ingest.stop();
    expect((await vendor.send(PATH, EVERY_BYTE)).status).toBe(502);
    expect(await logged(1)).toMatchObject([{ status: '502', upstream: '502', body: EVERY_BYTE }]);
    await ingest.start();
    expect((await vendor.send(PATH, Buffer.from('next'))).status).toBe(200);
    expect(ingest.seen.map(({ body }) => body.toString())).toEqual(['next']);
  });

  it.each([['hang-up', 502], ['silent', 504]] as const)('sends a callback once to an ingest that is %s: the vendor hears %i, and the log has it', async (manner, status) => {
    ingest.manner = manner;
    expect((await vendor.send(PATH, EVERY_BYTE)).status).toBe(status);
    expect(await logged(1)).toMatchObject([{ status: String(status), body: EVERY_BYTE }]);
    expect(ingest.seen).toHaveLength(1);
  });

  it.each([
    ['in the headers', `POST ${PATH} HTTP/1.1\r\nHost: x\r\n`, /^$/],
    ['in the body', `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\npart`, /^(HTTP\/1.1 408 .*)?$/],
  ])('cuts off a sender that stands still %s, and never takes it for a callback', async (_where, sent, answer) => {
    const [heard, tookMs] = await talk(nginx.url, sent);
    expect(heard.split('\r\n')[0]).toMatch(answer);
    expect(tookMs).toBeLessThan(5_000);
    expect(ingest.seen).toEqual([]);
    expect(linesIn(nginx.logged()).filter(({ upstream }) => upstream !== '')).toEqual([]);
  });

  it('writes the secret and the body where it writes callbacks, for its owner and group, and nowhere else', async () => {
    await vendor.send(PATH, Buffer.from('13800138000'));
    await ingest.stop();
    await vendor.send(PATH, Buffer.from('13800138000'));
    await vendor.send(`${PATH}/more`, Buffer.alloc(0));
    expect(await logged(2)).toHaveLength(2);
    expect(readFileSync(`${nginx.logDir}/callbacks-error.log`, 'utf8')).toContain('Connection refused');
    expect(nginx.otherLogs()).toContain('start worker process');
    expect(nginx.otherLogs()).not.toContain(SECRET);
    for (const name of ['callbacks.log', 'callbacks-error.log']) expect(statSync(`${nginx.logDir}/${name}`).mode & 0o777).toBe(0o640);
  });
});

/** Says something, and listens until the other side closes. */
function talk(url: string, text: string): Promise<[heard: string, tookMs: number]> {
  const begunAt = performance.now();
  return new Promise((done) => {
    let heard = '';
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false }, () => socket.write(text));
    socket.on('data', (bytes: Buffer) => (heard += bytes.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => done([heard, performance.now() - begunAt]));
  });
}

describeWithNginx('NGINX alone', () => {
  let nginx: Nginx;
  let vendor: Vendor;

  const start = async (replacing: NginxOptions['replacing'] = {}): Promise<void> => {
    const [port = 0, behindPort = 0] = await freePorts(2);
    nginx = await Nginx.start({ configuration: 'nginx-emergency.conf', port, behindPort, replacing });
    vendor = new Vendor(nginx.url);
  };
  afterEach(async () => {
    vendor.close();
    await nginx.stop();
  });

  it.each([[0, false], [256, false], [60 * KIB, true], [256 * KIB, false]])('answers a vendor in its words, and has all %i bytes in its log (chunked: %s)', async (size, chunked) => {
    await start();
    const body = Buffer.alloc(size, EVERY_BYTE);
    expect(await vendor.send(PATH, body, { chunked })).toEqual({ status: 200, contentType: 'application/xml;charset=utf-8', body: '<Response><statusCode>0000</statusCode><statusMsg>Success</statusMsg></Response>' });
    const [line] = await eventually(() => {
      const lines = linesIn(nginx.logged());
      return lines.length === 1 && lines;
    });
    expect(line?.body.equals(body)).toBe(true);
    expect(line).toMatchObject({ status: '200', upstream: '200', length: String(size), by: 'nginx' });
  });

  it('knows no channel that has no answer, and answers nothing but callbacks', async () => {
    await start();
    expect((await vendor.send(`/callbacks/other/${SECRET}`, EVERY_BYTE)).status).toBe(404);
    expect((await vendor.send('/livez', EVERY_BYTE)).status).toBe(404);
    expect((await vendor.send(PATH, Buffer.alloc(256 * KIB + 1)).catch(() => ({ status: 413 }))).status).toBe(413);
  });

  it('loses nothing that it has answered while its log is rotated under load', async () => {
    await start();
    const load = vendor.load(PATH, 8, (index) => Buffer.from(`callback ${index} `.padEnd(300, '\xff'), 'latin1'));
    const rotated: string[] = [];
    for (let round = 1; round <= 5; round += 1) {
      const had = load.answered.size;
      await eventually(() => load.answered.size > had + 50);
      renameSync(nginx.callbackLog, `${nginx.callbackLog}.${round}`);
      rotated.push(`${nginx.callbackLog}.${round}`);
      nginx.reopenLogs();
      await eventually(() => statSync(nginx.callbackLog).isFile());
    }
    await load.stop();
    const inLogs = () => new Set([...rotated, nginx.callbackLog].flatMap((file) => linesIn(nginx.logged(file)).map(({ body }) => body.toString())));
    await eventually(() => [...load.answered].every((body) => inLogs().has(body)));
    expect(load.answered.size).toBeGreaterThan(250);
  });

  it('loses at most the one answer that a worker was giving when it is killed with -9', async () => {
    await start();
    const load = vendor.load(PATH, 16, (index) => Buffer.from(`callback ${index}`));
    let kills = 0;
    for (let round = 0; round < 6; round += 1) {
      const had = load.answered.size;
      await eventually(() => load.answered.size > had + 50);
      const [worker] = nginx.workerPids();
      if (worker !== undefined) process.kill(worker, 'SIGKILL');
      kills += 1;
    }
    await load.stop();
    const inLog = new Set(linesIn(nginx.logged()).map(({ body }) => body.toString()));
    const missing = [...load.answered].filter((body) => !inLog.has(body));
    expect(missing.length).toBeLessThanOrEqual(kills);
    expect(load.answered.size).toBeGreaterThan(300);
  });
});
