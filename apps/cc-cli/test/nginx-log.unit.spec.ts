import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { entriesOf, type LoggedCallback } from '../src/nginx-log/log-line';
import { linesOf, type NumberedLine } from '../src/nginx-log/log-lines';
import { WrongUsage } from '../src/wrong-usage';

const SECRET = 'secret-0123456789';
const fields = {
  cc: 1, id: 'a1', at: '1795539757.913', took: '0.016', from: '203.0.113.7', method: 'POST', uri: `/callbacks/e9-main/${SECRET}`, status: '200', by: 'ingest', upstream: '200', length: '4', file: '',
  headers: { 'content-type': 'text/xml', 'x-aksk': '', 'x-cc-nonce': '-' }, body: '<a/>',
};
const lineWith = (other: object = {}): string => JSON.stringify({ ...fields, ...other });
const callbackOf = (line: string): LoggedCallback => {
  const [entry] = entriesOf(line);
  if (entry?.kind !== 'callback') throw new Error(`the line is ${JSON.stringify(entry)}`);
  return entry.callback;
};

/** As `escape=default` and `escape=json` of NGINX write bytes. */
const escaped = {
  default: (bytes: Buffer): string => [...bytes].map((byte) => (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c ? `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}` : String.fromCharCode(byte))).join(''),
  json: (bytes: Buffer): string => [...bytes].map((byte) => (byte === 0x22 || byte === 0x5c ? `\\${String.fromCharCode(byte)}` : byte < 0x20 ? `\\u00${byte.toString(16).toUpperCase().padStart(2, '0')}` : String.fromCharCode(byte))).join(''),
};

describe('a line of the log of callbacks', () => {
  it('tells what came, when and from where', () => {
    expect(callbackOf(lineWith())).toEqual({ requestId: 'a1', channel: 'e9-main', uri: fields.uri, arrivedAt: 1_795_539_757_897, from: '203.0.113.7', headers: { 'content-type': 'text/xml' }, body: Buffer.from('<a/>'), status: 200, acknowledgedByIngest: true });
    expect(callbackOf(lineWith({ status: '502' })).acknowledgedByIngest).toBe(false);
    expect(callbackOf(lineWith({ by: 'nginx' })).acknowledgedByIngest).toBe(false);
  });

  it.each(['json', 'default'] as const)('has every byte of the body, whatever it is, with escape=%s', (escape) => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (given) => {
      const bytes = Buffer.from(given);
      const line = lineWith({ length: String(bytes.length), body: '@' }).replace('"@"', () => `"${escaped[escape](bytes)}"`);
      expect(callbackOf(line).body.equals(bytes)).toBe(true);
    }));
  });

  it('tells a body of one dash from none, which escape=default writes as one', () => {
    expect(callbackOf(lineWith({ length: '1', body: '-' })).body).toEqual(Buffer.from('-'));
    expect(callbackOf(lineWith({ length: '0', body: '-' })).body).toEqual(Buffer.alloc(0));
    expect(callbackOf(lineWith({ length: '0', body: '' })).body).toEqual(Buffer.alloc(0));
  });

  it.each([['413', ''], ['408', '-'], ['503', '']])('of what NGINX itself refused with %s, before its body was there, is no callback', (status, upstream) => {
    expect(entriesOf(lineWith({ status, upstream, length: '999999', body: 'part' }))).toEqual([{ kind: 'not-taken' }]);
  });

  it.each([['502'], ['504'], ['404']])('of what was answered %s is a callback: its body had come', (status) => {
    expect(callbackOf(lineWith({ status, upstream: status }))).toMatchObject({ status: Number(status), body: Buffer.from('<a/>') });
  });

  it.each([
    ['the wrong number of bytes', { length: '5' }, /5 bytes were sent and 4 are in the log/], ['no length', { length: '' }, /bytes were sent/], ['its body in a file', { file: '/tmp/0001', body: '' }, /temporary file/],
    ['another address', { uri: '/livez' }, /no address of callbacks/], ['no time', { at: 'soon' }, /^at: /], ['a header that cannot be sent', { headers: { 'x-aksk': 'a\u0000b' } }, /^headers\.x-aksk: /], ['an unknown form', { cc: 2 }, /no line of the log/],
  ])('with %s is broken, and says why without its secret', (_what, other, reason) => {
    const [entry] = entriesOf(lineWith(other));
    expect(entry).toEqual({ kind: 'broken', reason: expect.stringMatching(reason) });
    expect(JSON.stringify(entry)).not.toContain(SECRET);
  });

  it('that is no JSON is broken, and so is any beginning of a whole one', () => {
    const whole = lineWith();
    for (let length = 1; length < whole.length; length += 1) expect(entriesOf(whole.slice(0, length))).toMatchObject([{ kind: 'broken' }]);
    expect(entriesOf('127.0.0.1 - - "GET / HTTP/1.1" 200')).toMatchObject([{ kind: 'broken', reason: expect.stringContaining('no line of the log') }]);
  });

  it('that was cut off anywhere does not take the next one with it', () => {
    const whole = lineWith({ body: '{"cc":1,', length: '8' });
    for (let length = 1; length < whole.length; length += 7) {
      const entries = entriesOf(`${whole.slice(0, length)}${lineWith({ id: 'a2' })}`);
      expect(entries).toMatchObject([{ kind: 'broken' }, { kind: 'callback', callback: { requestId: 'a2' } }]);
    }
  });

  it('never sends headers again that are of the request itself', () => {
    expect(callbackOf(lineWith({ headers: { authorization: 'Basic x', host: 'h', 'x-cc-arrived-at': '1', 'content-length': '9', 'x-aksk': 'k' } })).headers).toEqual({ 'x-aksk': 'k' });
  });
});

describe('the lines of a log', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'cc-log-'))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const read = async (content: Buffer): Promise<NumberedLine[]> => {
    const file = join(root, 'log');
    writeFileSync(file, content);
    const lines: NumberedLine[] = [];
    for await (const line of linesOf(file)) lines.push(line);
    return lines;
  };

  it('are numbered, byte for byte, without empty ones, and the last one counts without its end', async () => {
    const content = Buffer.from('one\n\n\xff\xe4\x00\nlast', 'latin1');
    const lines = [{ number: 1, text: 'one' }, { number: 3, text: '\xff\xe4\x00' }, { number: 4, text: 'last' }];
    expect(await read(content)).toEqual(lines);
    expect(await read(gzipSync(content))).toEqual(lines);
    expect(await read(Buffer.alloc(0))).toEqual([]);
  });

  it('go over the borders of chunks, and over the parts of an archive', async () => {
    const long = 'x'.repeat(200_000);
    expect(await read(Buffer.from(`${long}\n${long}\n`))).toEqual([{ number: 1, text: long }, { number: 2, text: long }]);
    expect(await read(Buffer.concat([gzipSync('a\nb'), gzipSync('c\nd\n')]))).toEqual([{ number: 1, text: 'a' }, { number: 2, text: 'bc' }, { number: 3, text: 'd' }]);
  });

  it('that are too long are told, and those behind them are read', async () => {
    expect(await read(Buffer.concat([Buffer.alloc(9 * 1024 * 1024, 'x'), Buffer.from('\nnext\n')]))).toEqual([{ number: 1, fault: expect.stringContaining('longer than any line') }, { number: 2, text: 'next' }]);
  });

  it('end with what a torn archive still has, and say so', async () => {
    const text = Array.from({ length: 5_000 }, (_, index) => `line ${index} ${Math.sin(index)}`).join('\n');
    const packed = gzipSync(text);
    const lines = await read(packed.subarray(0, packed.length / 2));
    expect(lines.length).toBeGreaterThan(100);
    expect(lines[0]).toMatchObject({ number: 1, text: expect.stringMatching(/^line 0 /) });
    expect(lines.at(-1)).toMatchObject({ fault: expect.stringContaining('cannot be read beyond') });
  });

  it('of no file are wrong usage', async () => {
    await expect(linesOf(join(root, 'none')).next()).rejects.toBeInstanceOf(WrongUsage);
    await expect(linesOf(root).next()).rejects.toBeInstanceOf(WrongUsage);
  });
});
