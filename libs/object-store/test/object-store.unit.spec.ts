import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Clock, SilentLog } from '@cc/kernel';
import { AliOssObjectStore } from '../src/ali-oss-object-store';
import type { AliOssSettings } from '../src/ali-oss-settings';
import { Crc64 } from '../src/crc64';
import { type EmbeddedObjectStore, startEmbeddedObjectStore } from '../src/embedded/embedded-object-store';
import type { FileToPut } from '../src/object-store';

const keys = { accessKeyId: 'test-key', accessKeySecret: 'test-secret' };
const oddKeys = ['a b+c', '录音/二〇二六.wav', 'x&y=z', '100%25', 'q?r=1', "it's (!*)", 'a//b/..c', 'A.wav', 'a.wav', `${'长'.repeat(340)}`];

let directory: string;
let embedded: EmbeddedObjectStore;
const open: AliOssObjectStore[] = [];
const clock = new (class extends Clock {
  aheadMs = 0;
  nowMs(): number {
    return Date.now() + this.aheadMs;
  }
})();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'object-store-'));
  embedded = await startEmbeddedObjectStore({ ...keys, dataDir: join(directory, 'data'), port: 0, host: '127.0.0.1', log: new SilentLog(), clock });
});

afterEach(() => {
  clock.aheadMs = 0;
});

afterAll(async () => {
  for (const store of open) store.close();
  await embedded.stop();
  await rm(directory, { recursive: true, force: true });
});

function connect(settings: Partial<AliOssSettings> = {}): AliOssObjectStore {
  const store = new AliOssObjectStore({ ...keys, endpoint: embedded.endpoint, region: 'oss-cn-hangzhou', bucket: 'recordings', pathStyle: true, ...settings });
  open.push(store);
  return store;
}

async function file(key: string, content: string | Buffer): Promise<FileToPut> {
  const bytes = Buffer.from(content);
  const path = join(directory, createHash('sha256').update(bytes).digest('hex'));
  await writeFile(path, bytes);
  const digest = (algorithm: string): string => createHash(algorithm).update(bytes).digest('hex');
  return { key, path, sizeBytes: bytes.length, md5: digest('md5'), sha256: digest('sha256'), contentType: 'audio/wav' };
}

async function read(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

test('CRC-64/XZ has its published check value and does not depend on the chunks', () => {
  expect(new Crc64().update(Buffer.from('123456789')).digest()).toBe(0x995dc9bbdf1939fan.toString());
  expect(new Crc64().update(Buffer.from('12345')).update(Buffer.from('6789')).digest()).toBe(0x995dc9bbdf1939fan.toString());
  expect(new Crc64().digest()).toBe('0');
});

describe.each([['V1', false], ['V4', true]])('an object store over %s', (version, authorizationV4) => {
  const name = (key: string): string => `${version}/${key}`;
  let store: AliOssObjectStore;
  beforeAll(async () => {
    store = connect({ authorizationV4 });
    await store.ensureBucket();
    await store.ensureBucket();
  });

  test('what is put can be stated and read, whole and in parts', async () => {
    const put = await file(name('call.wav'), '0123456789');
    const { etag, url } = await store.putFile(put);
    expect(etag).toBe(put.md5.toUpperCase());
    expect(url).toBe(`${embedded.endpoint}/recordings/${version}/call.wav`);
    expect(await store.stat(put.key)).toEqual({ sizeBytes: 10, sha256: put.sha256, contentType: 'audio/wav', etag });
    const whole = await store.openRead(put.key);
    expect(whole).toMatchObject({ sizeBytes: 10, firstByte: 0, lengthBytes: 10, contentType: 'audio/wav' });
    expect(await read(whole.stream)).toBe('0123456789');
    const parts = [
      [{ firstByte: 0, lastByte: 0 }, 0, '0'],
      [{ firstByte: 3, lastByte: 5 }, 3, '345'],
      [{ firstByte: 8 }, 8, '89'],
      [{ firstByte: 8, lastByte: 99 }, 8, '89'],
      [{ lastBytes: 4 }, 6, '6789'],
      [{ lastBytes: 99 }, 0, '0123456789'],
    ] as const;
    for (const [range, firstByte, expected] of parts) {
      const part = await store.openRead(put.key, range);
      expect(part).toMatchObject({ sizeBytes: 10, firstByte, lengthBytes: expected.length });
      expect(await read(part.stream)).toBe(expected);
    }
    await expect(store.openRead(put.key, { firstByte: 10 })).rejects.toMatchObject({ kind: 'input', code: 'range-not-satisfiable' });
  });

  test('putting the same again is success, putting other content is a conflict that changes nothing', async () => {
    const first = await file(name('twice.wav'), 'first');
    const outcomes = await Promise.all([store.putFile(first), store.putFile(first), store.putFile(first)]);
    expect(new Set(outcomes.map(({ etag }) => etag))).toEqual(new Set([first.md5.toUpperCase()]));
    await expect(store.putFile(await file(name('twice.wav'), 'other'))).rejects.toMatchObject({ kind: 'conflict', code: 'object-differs' });
    expect(await read((await store.openRead(first.key)).stream)).toBe('first');
    await rm(first.path);
    await expect(store.putFile(first)).resolves.toEqual(outcomes[0]); // what is stored already is not sent again
  });

  test('of two different files under one key at once, one is stored and the other a conflict', async () => {
    const results = await Promise.allSettled([store.putFile(await file(name('race.wav'), 'one')), store.putFile(await file(name('race.wav'), 'two'))]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('an empty file and a file of several megabytes arrive', async () => {
    await store.putFile(await file(name('empty.wav'), ''));
    expect(await store.stat(name('empty.wav'))).toMatchObject({ sizeBytes: 0 });
    expect(await read((await store.openRead(name('empty.wav'))).stream)).toBe('');
    const large = await file(name('large.wav'), Buffer.alloc(3_000_001, 'x'));
    await store.putFile(large);
    const { stream } = await store.openRead(large.key);
    expect(createHash('sha256').update(await read(stream)).digest('hex')).toBe(large.sha256);
  });

  test('a file that is not the one that was digested is refused and not stored', async () => {
    const put = await file(name('changed.wav'), 'as digested');
    await writeFile(put.path, 'as replaced');
    await expect(store.putFile(put)).rejects.toMatchObject({ kind: 'input', code: 'file-changed' });
    for (const content of ['longer than digested', 'short']) {
      await writeFile(put.path, content);
      await expect(store.putFile(put)).rejects.toMatchObject({ kind: 'input', code: 'file-changed' });
    }
    expect(await store.stat(put.key)).toBeUndefined();
  });

  test('what is not there is missing, and a key that OSS does not take is refused', async () => {
    expect(await store.stat(name('nothing'))).toBeUndefined();
    await expect(store.openRead(name('nothing'))).rejects.toMatchObject({ kind: 'missing', code: 'object-missing' });
    for (const key of ['', '/a', '\\a', 'a/../b', './a', 'a/..', '长'.repeat(342)]) await expect(store.stat(key)).rejects.toMatchObject({ kind: 'input', code: 'object-key-invalid' });
  });

  test('every odd key is its own object, also by signed address', async () => {
    for (const key of oddKeys) await store.putFile(await file(name(key), `content of ${key}`));
    for (const key of oddKeys) {
      expect(await read((await store.openRead(name(key))).stream)).toBe(`content of ${key}`);
      const answer = await fetch(await store.signedUrl(name(key), { expiresSeconds: 60 }), { headers: { range: 'bytes=0-6' } });
      expect([key, answer.status, await answer.text()]).toEqual([key, 206, 'content']);
    }
  });

  test('a signed address reads one object until it expires, and nothing else', async () => {
    await store.putFile(await file(name('signed.wav'), 'signed'));
    const url = await store.signedUrl(name('signed.wav'), { expiresSeconds: 60, contentType: 'audio/x-wav', fileName: '通话 "1".wav' });
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('audio/x-wav');
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="__ _1_.wav"; filename*=UTF-8''${encodeURIComponent('通话 "1".wav')}`);
    expect(await answer.text()).toBe('signed');
    const refusals = [url.replace('signed.wav', 'call.wav'), url.replace('x-wav', 'mpeg'), url.replace(/(expires=)\d+/i, '$19999999999'), url.replace(/(signature=)./i, '$1_'), store.urlOf(name('signed.wav'))];
    for (const refused of refusals) expect([refused, (await fetch(refused)).status]).toEqual([refused, 403]);
    expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(403);
    const statusAhead = async (aheadMs: number): Promise<number> => {
      clock.aheadMs = aheadMs;
      return (await fetch(url)).status;
    };
    expect([await statusAhead(40_000), await statusAhead(61_000), await statusAhead(-16 * 60_000)]).toEqual([200, 403, authorizationV4 ? 403 : 200]);
    clock.aheadMs = 16 * 60_000;
    await expect(store.stat(name('signed.wav'))).rejects.toMatchObject({ code: 'object-store-refused', cause: { code: 'RequestTimeTooSkewed' } });
  });

  test('wrong credentials are told apart from a store that is away', async () => {
    await expect(connect({ authorizationV4, accessKeySecret: 'wrong' }).stat('a')).rejects.toMatchObject({ kind: 'unavailable', code: 'object-store-refused' });
    await expect(connect({ authorizationV4, accessKeyId: 'wrong' }).ensureBucket()).rejects.toMatchObject({ kind: 'unavailable', code: 'object-store-refused' });
    await expect(connect({ authorizationV4, endpoint: 'http://localhost:1' }).stat('a')).rejects.toMatchObject({ kind: 'unavailable', code: 'object-store-unavailable' });
    await expect(connect({ authorizationV4, bucket: 'not-there' }).putFile(await file('a', 'a'))).rejects.toMatchObject({ kind: 'missing', code: 'bucket-missing' });
  });
});

describe('a store that lies or breaks', () => {
  let etag = '';
  let crc64 = '';
  let puts = 0;
  let rangeBehavior: unknown;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.method === 'HEAD') return response.writeHead(404).end();
      rangeBehavior = request.headers['x-oss-range-behavior'];
      if (request.method === 'PUT') return response.writeHead(200, { etag, 'x-oss-hash-crc64ecma': crc64, count: ++puts }).end();
      response.writeHead(200, { 'content-length': 1000 }).write('only this');
      return response.socket?.end();
    });
  });
  let store: AliOssObjectStore;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    store = connect({ endpoint: `http://localhost:${address !== null && typeof address === 'object' ? address.port : 0}` });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test('a wrong checksum or ETag after a put is never taken for success, and is tried a bounded number of times', async () => {
    const put = await file('a.wav', '123456789');
    [etag, crc64] = [`"${put.md5.toUpperCase()}"`, '1'];
    await expect(store.putFile(put)).rejects.toMatchObject({ kind: 'unavailable', code: 'object-transfer-corrupted' });
    expect(puts).toBe(3);
    [etag, crc64] = ['"00000000000000000000000000000000"', 0x995dc9bbdf1939fan.toString()];
    await expect(store.putFile(put)).rejects.toMatchObject({ code: 'object-transfer-corrupted' });
    etag = `"${put.md5.toUpperCase()}"`;
    await expect(store.putFile(put)).resolves.toMatchObject({ etag: put.md5.toUpperCase() });
  });

  test('a read that breaks off fails instead of ending short', async () => {
    const { stream } = await store.openRead('a.wav', { firstByte: 0 });
    expect(rangeBehavior).toBe('standard'); // else Aliyun answers a range outside of the object with the whole object
    await expect(read(stream)).rejects.toMatchObject({ kind: 'unavailable', code: 'object-store-unavailable' });
  });
});

test('addresses: path style or bucket host, public even where the data goes inside; an IP address is refused', () => {
  const settings = (extra: Partial<AliOssSettings>): AliOssSettings => ({ ...keys, region: 'oss-cn-beijing', bucket: 'b-1', ...extra });
  expect(new AliOssObjectStore(settings({ internal: true })).urlOf('a b/录.wav')).toBe('https://b-1.oss-cn-beijing.aliyuncs.com/a%20b/%E5%BD%95.wav');
  expect(new AliOssObjectStore(settings({ endpoint: 'http://inside', publicEndpoint: 'https://outside.example' })).urlOf('a')).toBe('https://b-1.outside.example/a');
  expect(new AliOssObjectStore(settings({ endpoint: 'http://127.0.0.1:3200', pathStyle: true })).urlOf('a')).toBe('http://localhost:3200/b-1/a');
  for (const endpoint of ['http://10.0.0.1', 'http://[::1]:80', 'ftp://x', 'http://']) {
    expect(() => new AliOssObjectStore(settings({ endpoint }))).toThrow(expect.objectContaining({ kind: 'input', code: 'object-store-endpoint' }));
  }
});
