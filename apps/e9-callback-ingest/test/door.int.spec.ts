import { gzipSync } from 'node:zlib';
import { connect, type Socket } from 'node:net';
import { eventually } from '@cc/testing';
import { RunningIngest, SECRET } from './running-ingest';

const xml = (attemptId: string): string => `<req><action>CallInvite</action><callId>v-${attemptId}</callId><userData>${attemptId}</userData></req>`;
const ADDRESS = `/callbacks/e9-main/${SECRET}`;
const REFUSED = 'cc_callbacks_refused_total';

describe('the limits of the door', () => {
  let ingest: RunningIngest;
  beforeAll(async () => {
    ingest = await RunningIngest.start({ settings: { CC_E9_CALLBACK_INGEST_HEADERS_SECONDS: '1', CC_E9_CALLBACK_INGEST_REQUEST_SECONDS: '2', CC_E9_CALLBACK_INGEST_HEADER_LIMIT_KIB: '2', CC_E9_CALLBACK_INGEST_BODY_LIMIT_KIB: '64', CC_E9_CALLBACK_INGEST_CONNECTIONS: '8' } });
  }, 60_000);
  afterAll(() => ingest.stop());

  it.each([
    ['its headers', 'POST /callbacks HTTP/1.1\r\nhost: x\r\n', 1000],
    ['its body', `POST ${ADDRESS} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n<req>`, 2000],
    ['the chunks of its body', `POST ${ADDRESS} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\n<req>\r\n`, 2000],
  ])('close a sender that is slow with %s within the configured seconds', async (_what, beginning, limitMs) => {
    const before = await ingest.metric('cc_http_refused_total', { reason: 'timeout' });
    const { answer, tookMs } = await ingest.raw(beginning);
    expect(answer).toMatch(/^HTTP\/1\.1 408 .*"code":"timeout"/s);
    expect(tookMs).toBeGreaterThan(limitMs - 100);
    // The limit, one look for slow senders, and what a busy machine adds.
    expect(tookMs).toBeLessThan(limitMs + 3000);
    expect(await ingest.metric('cc_http_refused_total', { reason: 'timeout' })).toBe(before + 1);
  });

  it('refuse headers that are too large, and what is no HTTP', async () => {
    expect((await ingest.raw(`POST ${ADDRESS} HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(3000)}\r\n\r\n`)).answer).toMatch(/^HTTP\/1\.1 431 /);
    expect((await ingest.raw('GET\r\n\r\n')).answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(await ingest.metric('cc_http_refused_total', { reason: 'headers-too-large' })).toBe(1);
    expect(await ingest.metric('cc_http_refused_total', { reason: 'malformed' })).toBe(1);
  });

  it('refuse a body that is too large, whether it says so or not, and count it by its channel', async () => {
    const body = Buffer.alloc(64 * 1024 + 1, 'x');
    expect(await ingest.post(`e9-main/${SECRET}`, body)).toMatchObject({ status: 413, data: { code: 'body-too-large' } });
    const chunked = await ingest.raw(`POST ${ADDRESS} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`, body, '\r\n0\r\n\r\n');
    expect(chunked.answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(await ingest.metric(REFUSED, { channel: 'e9-main', reason: 'body-too-large' })).toBe(2);
    expect((await ingest.post(`e9-main/${SECRET}`, body.subarray(1))).status).toBe(200);
  });

  it('know two secrets at once, and tell by the answer neither that a channel is unknown nor that its secret is wrong', async () => {
    for (const secret of [SECRET, `${SECRET}-next`]) expect((await ingest.post(`e9-main/${secret}`, xml('att-1'))).status).toBe(200);
    const answers = [await ingest.post(`e9-main/${SECRET}x`, xml('att-1')), await ingest.post(`e9-other/${SECRET}`, xml('att-1')), await ingest.post(`hw-seats/${SECRET}`, xml('att-1'))];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect(new Set(answers.map(({ data }) => JSON.stringify(data).replace(/req-\w+/, ''))).size).toBe(1);
    expect(await ingest.metric(REFUSED, { channel: 'e9-main', reason: 'wrong-secret' })).toBe(1);
    expect(await ingest.metric(REFUSED, { channel: '', reason: 'unknown-channel' })).toBe(2);
  });

  it('refuse who does not know the secret before there is a body', async () => {
    const { answer } = await ingest.raw(`POST ${ADDRESS}x HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 60000\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('close the connections beyond those allowed, and take the callback of the next that finds room', async () => {
    const { port, hostname } = new URL(ingest.url);
    await eventually(async () => {
      const held: Socket[] = Array.from({ length: 12 }, () => connect(Number(port), hostname).on('error', () => undefined));
      const closed = await eventually(() => {
        const count = held.filter(({ destroyed, readyState }) => destroyed || readyState === 'closed').length;
        return count >= 4 && count;
      });
      for (const socket of held) socket.destroy();
      return closed >= 4;
    });
    await eventually(async () => (await ingest.metric('cc_http_refused_total', { reason: 'too-many-connections' })) >= 4);
    await eventually(async () => (await ingest.post(`e9-main/${SECRET}`, xml('att-2'))).status === 200);
  });
});

describe('what comes in by the door', () => {
  let ingest: RunningIngest;
  beforeAll(async () => {
    ingest = await RunningIngest.start();
  }, 60_000);
  afterAll(() => ingest.stop());

  const gbk = Buffer.from([0x3c, 0x72, 0x65, 0x71, 0x3e, 0xd6, 0xd0, 0xce, 0xc4, 0x3c, 0x2f, 0x72, 0x65, 0x71, 0x3e]);
  it.each<[string, Buffer, Record<string, string>]>([
    ['compressed', gzipSync(xml('att-1')), { 'content-encoding': 'gzip' }],
    ['in another character set', gbk, { 'content-type': 'text/xml; charset=GBK' }],
    ['with NUL bytes', Buffer.from('<req>\0\0</req>\0'), {}],
    ['empty', Buffer.alloc(0), {}],
    ['no UTF-8', Buffer.from([0xff, 0xfe, 0x00, 0x01, 0x80]), {}],
    ['under no type that there is', Buffer.from(xml('att-1')), { 'content-type': 'xml' }],
    ['under a type that is nothing', Buffer.from(xml('att-1')), { 'content-type': ';;charset=' }],
    ['form-encoded', Buffer.from('a=b&c=%00'), { 'content-type': 'application/x-www-form-urlencoded' }],
    ['broken JSON', Buffer.from('{"__proto__":{"x":1'), { 'content-type': 'application/json' }],
  ])('is kept byte for byte: %s', async (_what, body, headers) => {
    const before = (await ingest.forwarded()).length;
    expect((await ingest.post(`e9-main/${SECRET}`, body, headers)).status).toBe(200);
    const kept = await eventually(async () => (await ingest.forwarded())[before] ?? false);
    expect(kept.raw.body.equals(body)).toBe(true);
    expect(kept.raw.headers).toMatchObject({ 'content-type': 'application/xml', ...headers });
  });

  it('is kept without any header that it needs not have, and with every one that it has', async () => {
    const before = (await ingest.forwarded()).length;
    const { answer } = await ingest.raw(`POST ${ADDRESS} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-twice: 1\r\nX-Twice: 2\r\ncontent-length: 2\r\n\r\nok`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    const kept = await eventually(async () => (await ingest.forwarded())[before] ?? false);
    expect(kept.raw.headers).toEqual({ 'x-twice': '1, 2' });
    expect(kept.raw.body.toString()).toBe('ok');
  });
});
