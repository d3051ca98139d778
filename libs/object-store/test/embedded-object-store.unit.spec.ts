import { createHash, createHmac } from 'node:crypto';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SilentLog } from '@cc/kernel';
import OSS from 'ali-oss';
import { clientOptions, readEndpoint } from '../src/ali-oss-settings';
import { type EmbeddedObjectStore, startEmbeddedObjectStore } from '../src/embedded/embedded-object-store';

const keys = { accessKeyId: 'test-key', accessKeySecret: 'test-secret' };
const agents = { agent: new http.Agent({ keepAlive: true }), httpsAgent: new https.Agent() };
let directory: string;
let embedded: EmbeddedObjectStore;

const start = (maxObjectBytes = 8_000_000): Promise<EmbeddedObjectStore> =>
  startEmbeddedObjectStore({ ...keys, dataDir: join(directory, 'data'), port: 0, host: '127.0.0.1', maxObjectBytes, log: new SilentLog() });

const client = (authorizationV4: boolean): OSS =>
  new OSS(clientOptions({ ...keys, region: 'oss-cn-hangzhou', bucket: 'bucket', pathStyle: true, authorizationV4 }, readEndpoint(embedded.endpoint), 5_000, agents));

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'embedded-store-'));
  embedded = await start();
  await client(true).putBucket('bucket');
});

afterAll(async () => {
  agents.agent.destroy();
  await embedded.stop();
  await rm(directory, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** One request exactly as written: no client normalises its path or its headers. */
function send(method: string, target: string, headers: Record<string, string> = {}, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: embedded.port, method, path: target, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Signs with V1, spelt out here independently of the store; `resource` is what the client believes to address. */
function signed(method: string, resource: string, headers: Record<string, string> = {}, date = new Date().toUTCString()): Record<string, string> {
  const ossHeaders = Object.keys(headers).filter((name) => name.startsWith('x-oss-')).sort().map((name) => `${name}:${headers[name] ?? ''}\n`).join('');
  const text = `${method}\n${headers['content-md5'] ?? ''}\n${headers['content-type'] ?? ''}\n${date}\n${ossHeaders}${resource}`;
  return { ...headers, date, authorization: `OSS ${keys.accessKeyId}:${createHmac('sha1', keys.accessKeySecret).update(text).digest('base64')}` };
}

const errorCode = ({ status, body }: Answer): string => `${status} ${/<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? body}`;

describe.each([['V1', false], ['V4', true]])('the client of Aliyun over %s', (version, authorizationV4) => {
  test('uploads in parts, lists them, and reads across them', async () => {
    const oss = client(authorizationV4);
    const path = join(directory, 'parts');
    await writeFile(path, Buffer.alloc(250_000, version));
    const key = `${version}/parts.bin`;
    const whole = await oss.multipartUpload(key, path, { partSize: 102_400, parallel: 2, headers: { 'x-oss-meta-a': '1', 'x-oss-meta-a-b': '2' } });
    expect(whole.etag).toMatch(/^"[0-9A-F]{32}-3"$/);
    const across = await oss.get(key, { headers: { Range: 'bytes=102399-102401' } });
    expect(String(across.content)).toBe(Buffer.alloc(250_000, version).subarray(102_399, 102_402).toString());
    expect((await oss.head(key)).meta).toEqual({ a: '1', 'a-b': '2' });

    const { uploadId } = await oss.initMultipartUpload(`${version}/slow.bin`);
    const part = await oss.uploadPart(`${version}/slow.bin`, uploadId, 1, path, 0, 102_400);
    const small = await oss.uploadPart(`${version}/slow.bin`, uploadId, 2, path, 0, 10);
    const listed = await oss.listParts(`${version}/slow.bin`, uploadId);
    expect(listed.parts.map(({ PartNumber, ETag }) => [String(PartNumber), ETag])).toEqual([['1', part.etag], ['2', small.etag]]);
    expect((await oss.listUploads({ prefix: `${version}/` })).uploads.map(({ name }) => name)).toEqual([`${version}/slow.bin`]);
    const complete = (parts: { number: number; etag: string }[]): Promise<unknown> => oss.completeMultipartUpload(`${version}/slow.bin`, uploadId, parts);
    await expect(complete([{ number: 1, etag: small.etag }])).rejects.toMatchObject({ code: 'InvalidPart' });
    await expect(complete([{ number: 1, etag: part.etag }, { number: 3, etag: small.etag }])).rejects.toMatchObject({ code: 'InvalidPart' });
    await oss.uploadPart(`${version}/slow.bin`, uploadId, 3, path, 0, 10);
    await expect(complete([{ number: 2, etag: small.etag }, { number: 3, etag: small.etag }])).rejects.toMatchObject({ code: 'EntityTooSmall' });
    await oss.abortMultipartUpload(`${version}/slow.bin`, uploadId);
    await expect(complete([{ number: 1, etag: part.etag }])).rejects.toMatchObject({ code: 'NoSuchUpload' });
    await expect(oss.head(`${version}/slow.bin`)).rejects.toMatchObject({ status: 404 });
  });

  test('copies, lists page by page and by folder, and deletes', async () => {
    const oss = client(authorizationV4);
    const prefix = `${version}-list/`;
    await oss.put(`${prefix}a b.txt`, Buffer.from('text'), { mime: 'text/plain' });
    await oss.copy(`${prefix}c&d/1`, `${prefix}a b.txt`);
    await oss.copy(`${prefix}c&d/2`, `${prefix}a b.txt`, { headers: { 'content-type': 'text/other' } });
    await oss.put(`${prefix}😀`, Buffer.from(''));
    await oss.put(`${prefix}\uff00`, Buffer.from(''));
    expect((await oss.head(`${prefix}c&d/1`)).res.headers).toMatchObject({ 'content-type': 'text/plain' });
    expect((await oss.head(`${prefix}c&d/2`)).res.headers).toMatchObject({ 'content-type': 'text/other' });

    const names: string[] = [];
    let token: string | undefined;
    do {
      const query = { prefix, 'max-keys': 2, ...(token === undefined ? {} : { 'continuation-token': token }) };
      const listing = await oss.listV2(query);
      names.push(...listing.objects.map((object) => object.name));
      token = listing.isTruncated ? listing.nextContinuationToken : undefined;
    } while (token !== undefined);
    expect(names).toEqual(['a b.txt', 'c&d/1', 'c&d/2', '\uff00', '😀'].map((name) => prefix + name));
    const folders = await oss.listV2({ prefix, delimiter: '/', 'max-keys': 2 });
    expect([folders.prefixes, folders.objects.map(({ name, size, lastModified }) => [name, size, /\.000Z$/.test(lastModified)])]).toEqual([[`${prefix}c&d/`], [[`${prefix}a b.txt`, 4, true]]]);
    const rest = await oss.listV2({ prefix, delimiter: '/', 'continuation-token': folders.nextContinuationToken });
    expect([rest.prefixes, rest.objects.map(({ name }) => name)]).toEqual([null, [`${prefix}\uff00`, `${prefix}😀`]]);

    await oss.deleteMulti(names.slice(1));
    await oss.delete(`${prefix}not-there`);
    expect((await oss.list({ prefix, 'max-keys': 10 }, {})).objects.map(({ name }) => name)).toEqual([`${prefix}a b.txt`]);
  });
});

describe('the protocol', () => {
  test('nothing is done for a request that is not signed by the key, for now, for just this', async () => {
    const target = '/bucket/protocol/guarded';
    const longAgo = new Date(Date.now() - 16 * 60_000).toUTCString();
    expect((await send('PUT', target, signed('PUT', target), 'original')).status).toBe(200);
    const refused: readonly (readonly [string, Promise<Answer>])[] = [
      ['403 AccessDenied', send('GET', target)],
      ['403 AccessDenied', send('DELETE', target)],
      ['403 AccessDenied', send('GET', '/')],
      ['403 SignatureDoesNotMatch', send('GET', target, signed('PUT', target))],
      ['403 SignatureDoesNotMatch', send('GET', target, signed('GET', `${target}2`))],
      ['403 SignatureDoesNotMatch', send('GET', `${target}?response-content-type=text/html`, signed('GET', target))],
      ['403 SignatureDoesNotMatch', send('PUT', target, { ...signed('PUT', target), 'x-oss-meta-a': 'added' }, 'x')],
      ['403 InvalidAccessKeyId', send('GET', target, { ...signed('GET', target), authorization: 'OSS other:c2ln' })],
      ['403 RequestTimeTooSkewed', send('GET', target, signed('GET', target, {}, longAgo))],
      ['400 InvalidArgument', send('GET', target, { authorization: 'Basic dGVzdA==' })],
      ['403 AccessDenied', send('GET', addressV1(target, Math.floor(Date.now() / 1000) - 1))],
      ['403 SignatureDoesNotMatch', send('GET', addressV1(target, Math.floor(Date.now() / 1000) + 60).replace('Expires=', 'Expires=9'))],
    ];
    for (const [expected, answer] of refused) expect(errorCode(await answer)).toBe(expected);
    expect((await send('GET', addressV1(target, Math.floor(Date.now() / 1000) + 60))).body).toBe('original');
  });

  test('a body that is not what was declared, or too large, is refused and leaves nothing', async () => {
    const target = '/bucket/protocol/declared';
    const md5 = (text: string): string => createHash('md5').update(text).digest('base64');
    expect(errorCode(await send('PUT', target, signed('PUT', target, { 'content-md5': md5('other') }), 'body'))).toBe('400 InvalidDigest');
    expect(errorCode(await send('PUT', target, signed('PUT', target), 'x'.repeat(8_000_001)))).toBe('400 EntityTooLarge');
    expect(errorCode(await send('PUT', target, { ...signed('PUT', target), 'transfer-encoding': 'chunked' }, 'x'.repeat(8_000_001)))).toBe('400 EntityTooLarge');
    expect((await send('HEAD', target, signed('HEAD', target))).status).toBe(404);
    expect((await send('PUT', target, signed('PUT', target, { 'content-md5': md5('123456789') }), '123456789')).status).toBe(200);
    expect(errorCode(await send('PUT', target, signed('PUT', target, { 'x-oss-forbid-overwrite': 'true' }), 'second'))).toBe('409 FileAlreadyExists');
    const kept = await send('GET', target, signed('GET', target));
    expect([kept.body, kept.headers.etag, kept.headers['x-oss-hash-crc64ecma']]).toEqual(['123456789', '"25F9E794323B453885F5181F1B624D0B"', 0x995dc9bbdf1939fan.toString()]);
    expect((await send('GET', target, { ...signed('GET', target), 'if-none-match': kept.headers.etag ?? '' })).status).toBe(304);
    expect(await readdir(join(directory, 'data', 'tmp'))).toEqual([]);
  });

  test('no key leaves the data directory, and what the store does not do is never taken for something else', async () => {
    for (const key of ['../../../escaped', '..%2f..%2fescaped', 'a/../../../../escaped', '%00', 'CON']) {
      const target = `/bucket/${key}`;
      expect((await send('PUT', target, signed('PUT', decodeURIComponent(target)), `content of ${key}`)).status).toBe(200);
      expect((await send('GET', target, signed('GET', decodeURIComponent(target)))).body).toBe(`content of ${key}`);
    }
    expect((await readdir(directory)).filter((name) => name.includes('escaped'))).toEqual([]);
    expect((await readdir(join(directory, 'data'))).sort()).toEqual(['buckets', 'tmp']);
    expect(errorCode(await send('PUT', '/../x', signed('PUT', '/../x')))).toBe('400 InvalidBucketName');
    expect(errorCode(await send('GET', '/bucket/%ff', signed('GET', '/bucket/x')))).toBe('400 InvalidURI');
    expect(errorCode(await send('PUT', '/bucket/CON?tagging', signed('PUT', '/bucket/CON?tagging'), '<Tagging/>'))).toBe('501 NotImplemented');
    expect(errorCode(await send('POST', '/bucket/CON', signed('POST', '/bucket/CON')))).toBe('405 MethodNotAllowed');
    expect(errorCode(await send('POST', '/bucket?delete', signed('POST', '/bucket/?delete'), '<!DOCTYPE Delete [<!ENTITY b "CON">]><Delete><Object><Key>CON</Key></Object></Delete>'))).toBe('400 MalformedXML');
    expect((await send('GET', '/bucket/CON', signed('GET', '/bucket/CON'))).body).toBe('content of CON');
    expect(errorCode(await send('DELETE', '/bucket', signed('DELETE', '/bucket/')))).toBe('409 BucketNotEmpty');
    expect(errorCode(await send('PUT', '/none/a', signed('PUT', '/none/a'), 'x'))).toBe('404 NoSuchBucket');
  });

  test('an upload that breaks off leaves nothing, and the store goes on', async () => {
    const target = '/bucket/protocol/broken';
    const closed = new Promise<void>((resolve) => {
      const request = http.request({ host: '127.0.0.1', port: embedded.port, method: 'PUT', path: target, headers: { ...signed('PUT', target), 'content-length': '1000' }, agent: false });
      request.on('error', () => undefined).on('close', resolve);
      request.write('half', () => request.destroy());
    });
    await closed;
    expect((await send('HEAD', target, signed('HEAD', target))).status).toBe(404);
  });

  test('a restart keeps every object and upload, and clears what a killed run left unfinished', async () => {
    const target = '/bucket/protocol/kept';
    expect((await send('PUT', target, signed('PUT', target), 'kept')).status).toBe(200);
    const { uploadId } = await client(true).initMultipartUpload('protocol/resumed');
    const path = join(directory, 'resumed');
    await writeFile(path, 'resumed');
    const part = await client(true).uploadPart('protocol/resumed', uploadId, 1, path, 0, 7);
    await embedded.stop();
    await appendFile(join(directory, 'data', 'tmp', 'half-an-upload'), 'half');
    embedded = await start();
    expect(await readdir(join(directory, 'data', 'tmp'))).toEqual([]);
    expect((await send('GET', target, signed('GET', target))).body).toBe('kept');
    await client(true).completeMultipartUpload('protocol/resumed', uploadId, [{ number: 1, etag: part.etag }]);
    expect(String((await client(true).get('protocol/resumed')).content)).toBe('resumed');
  });
});

function addressV1(target: string, expires: number): string {
  const signature = createHmac('sha1', keys.accessKeySecret).update(`GET\n\n\n${expires}\n${target}`).digest('base64');
  return `${target}?OSSAccessKeyId=${keys.accessKeyId}&Expires=${expires}&Signature=${encodeURIComponent(signature)}`;
}
