import { join } from 'node:path';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { SystemClock } from '@cc/kernel';
import { AxiosHttpExchange } from '@cc/http';
import { Channels, type OpenChannel, type RawNotification } from '@cc/vendors';
import { verdictOn } from '../src/in/callback-verdict';
import { e9Channel, jyChannel } from './running-ingest';

const raw: RawNotification = { kind: 'callback', headers: {}, body: Buffer.from('{}'), receivedAt: 1 };
const sources = { callbackSources: ['203.0.113.0/24'] };
let root: string;
let channels: Channels;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'cc-verdict-'));
  writeFileSync(join(root, 'channels.yaml'), JSON.stringify({ channels: [e9Channel, { ...e9Channel, id: 'e9-sources', ...sources }, { ...jyChannel, ...sources }] }), { mode: 0o600 });
  channels = Channels.fromFile(join(root, 'channels.yaml'), { http: new AxiosHttpExchange(), clock: new SystemClock() });
});
afterAll(() => rmSync(root, { recursive: true }));

describe('the verdict on a callback', () => {
  it.each([
    ['there is no check', 'e9-main', '198.51.100.1', { kind: 'unverifiable' }],
    ['the channel is gone', 'e9-gone', '198.51.100.1', { kind: 'unverifiable' }],
    ['the only check has passed', 'e9-sources', '203.0.113.7', { kind: 'trusted' }],
    ['the only check has failed', 'e9-sources', '198.51.100.1', { kind: 'forged', failedCheck: 'source' }],
    ['one of two has passed', 'jy-main', '203.0.113.7', { kind: 'forged', failedCheck: 'signature' }],
  ])('where %s', (_where, id, source, verdict) => expect(verdictOn(channels.find(id), raw, source)).toMatchObject(verdict));

  it('where an adapter cannot check', () => {
    const open = channels.find('e9-main');
    if (open?.adapter.callbacks === undefined) throw new Error('no such channel');
    const failing: OpenChannel = { ...open, adapter: { ...open.adapter, callbacks: { ...open.adapter.callbacks, verify: () => { throw new Error('strange'); } } } };
    expect(verdictOn(failing, raw, '198.51.100.1')).toEqual({ kind: 'forged', failedCheck: 'signature', reason: 'its signature could not be checked' });
  });
});
