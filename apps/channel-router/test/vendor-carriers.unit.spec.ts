import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeChannelNotification, topics, type WireRecord } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { AxiosHttpExchange } from '@cc/http';
import { NumberVault, Sealer, SystemClock } from '@cc/kernel';
import { Channels, openNotification } from '@cc/vendors';
import { ChannelRouterSettings } from '../src/channel-router.config';
import type { Attempt } from '../src/domain/attempt';
import type { AttemptRecord } from '../src/domain/attempt-record';
import { VendorCarriers } from '../src/out/vendor-carriers';
import { command, NOW } from './ledger-desk';

const KEY = Buffer.alloc(32, 7);
const OTHER_KEY = Buffer.alloc(32, 8);
/** Long after the tests. */
const LATER = 4_000_000_000_000;
const CALL_ID = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
const placed = { resp: { statusCode: '000000', callId: CALL_ID, dateCreated: '2016/03/24 18:00:10' } };

/** A log that only takes in. */
class TakingLog extends EventLog {
  readonly taken: { readonly topic: string; readonly record: WireRecord }[] = [];
  override append(topic: string, records: readonly WireRecord[]): Promise<void> {
    this.taken.push(...records.map((record) => ({ topic, record })));
    return Promise.resolve();
  }
  override ensureTopics = (): never => refuse();
  override appendInTransaction = (): never => refuse();
  override subscribe = (): never => refuse();
  override lag = (): never => refuse();
  override replayFromStart = (): never => refuse();
  override deadLetters = (): never => refuse();
  override stalledForMs = (): number => 0;
  override close = (): Promise<void> => Promise.resolve();
}

function refuse(): never {
  throw new Error('the carriers only append');
}

function settingsFor(channelsFile: string, key: Buffer): ChannelRouterSettings {
  const loaded = ChannelRouterSettings.load({ CC_CHANNELS_FILE: channelsFile, CC_ENCRYPTION_KEY: key.toString('base64') });
  if (loaded.kind === 'faulty' || !(loaded.settings instanceof ChannelRouterSettings)) throw new Error('the settings are faulty');
  return loaded.settings;
}

describe('the vendors as the router uses them', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cc-carriers-'));
  const file = join(directory, 'channels.yaml');
  const log = new TakingLog();
  const asked: { readonly path: string; readonly body: string }[] = [];
  const vault = new NumberVault(KEY);
  let answer: object = placed;
  let server: Server;
  let carriers: VendorCarriers;
  let channels: Channels;
  let entry: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        asked.push({ path: (request.url ?? '').split('?')[0] ?? '', body });
        response.end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const settings = { endpoint: `http://127.0.0.1:${port}`, accountSid: 'A'.repeat(32), authToken: { value: 'T'.repeat(32) }, appId: 'P'.repeat(32) };
    entry = { id: 'e9-main', vendor: 'e9', protocol: 'callback', callbackSecrets: [{ value: 'development-secret-1' }], settings };
    writeFileSync(file, JSON.stringify({ channels: [{ ...entry, tenants: ['acme'], weight: 2, limits: { queriesPerMinute: 6, concurrentCalls: 9 }, health: { probeSeconds: 7 } }, { ...entry, id: 'e9-bare', without: ['cancel', 'maxDuration'] }] }));
    channels = Channels.fromFile(file, { http: new AxiosHttpExchange(), clock: new SystemClock() });
    carriers = new VendorCarriers(channels, log, settingsFor(file, KEY));
  });
  beforeEach(() => {
    answer = placed;
    asked.length = 0;
    log.taken.length = 0;
  });
  afterAll(async () => {
    await new Promise((done) => server.close(done));
    rmSync(directory, { recursive: true });
  });

  const callOf = (callId = 'call-1') => command({ callId, caller: vault.protect('+8613800000001', 'acme', callId), called: vault.protect('+8613900000002', 'acme', callId), maxDurationSeconds: 60 });
  const attempt = (more: Partial<Attempt> = {}): Attempt => ({ attemptId: 'call-1-1', callId: 'call-1', tenant: 'acme', number: 1, channel: 'e9-main', vendor: 'e9', ...more });
  const live = (more: Partial<AttemptRecord> = {}): AttemptRecord => ({ ...attempt(), state: 'accepted', vendorCallId: CALL_ID, sentAt: NOW, giveUpAt: NOW, holdUntil: NOW, askUntil: LATER, endHeardAt: undefined, answered: false, hangUpTries: 0, notFoundSince: undefined, heard: false, callOpen: true, command: callOf(), ...more });

  it('have the facts of the file, and nothing secret in what everyone may know', () => {
    expect(carriers.find('e9-main')).toMatchObject({
      channel: 'e9-main', vendor: 'e9', weight: 2, tenants: ['acme'], limits: { concurrentCalls: 9 }, queriesPerMinute: 6, repair: { windowSeconds: 172_800 }, longestCallSeconds: 30_000, health: { probeSeconds: 7, windowSeconds: 30 }, canQuery: true, findsByAttempt: false,
      described: { channel: 'e9-main', vendor: 'e9', protocol: 'callback', enabled: true, weight: 2, tenants: ['acme'], line: { kind: 'caller' } },
    });
    expect(carriers.find('e9-main')?.queryTells).toEqual(new Set(['duration', 'recording']));
    expect(carriers.all().map(({ channel }) => channel)).toEqual(['e9-main', 'e9-bare']);
    expect(carriers.find('e9-bare')?.tenants).toBeUndefined();
    expect(carriers.find('nn')).toBeUndefined();
    expect(carriers.find('e9-main')).toBe(carriers.find('e9-main'));
    expect(JSON.stringify(carriers.all())).not.toMatch(/127\.0\.0\.1|AAAA|TTTT|PPPP|development-secret/);
  });

  it('know which channels are of one account, and tell nothing of it', () => {
    const account = carriers.find('e9-main')?.account;
    expect(account).toMatch(/^[0-9a-f]{32}$/);
    expect(carriers.find('e9-bare')?.account).toBe(account);
    expect(new VendorCarriers(channels, log, settingsFor(file, OTHER_KEY)).find('e9-main')?.account).not.toBe(account);
  });

  it('read numbers that this router may read, and no others', () => {
    expect(carriers.numbersOf(callOf())).toEqual({ caller: '+8613800000001', called: '+8613900000002' });
    expect(carriers.numbersOf({ ...callOf(), callId: 'call-2' })).toBeUndefined();
    expect(new VendorCarriers(channels, log, settingsFor(file, OTHER_KEY)).numbersOf(callOf())).toBeUndefined();
  });

  describe('lines', () => {
    const ref = (tenant: string, channel: string, kind: 'caller' | 'agent' | 'seat', name: string): string => carriers.lineRefOf(tenant, channel, { kind, name });
    it('are one telephone for everybody', () => {
      expect(ref('acme', 'a', 'caller', '+8613800000001')).toBe(ref('other', 'b', 'caller', '+8613800000001'));
      expect(ref('acme', 'a', 'caller', '+8613800000001')).not.toBe(ref('acme', 'a', 'caller', '+8613800000002'));
    });
    it('are an agent of a tenant, and a seat of a channel whoever calls from it', () => {
      const refs = [ref('acme', 'a', 'agent', '1'), ref('other', 'a', 'agent', '1'), ref('acme', 'b', 'agent', '1'), ref('acme', 'a', 'seat', '1'), ref('acme', 'b', 'seat', '1'), ref('acme', 'a', 'caller', '1')];
      expect(new Set(refs).size).toBe(refs.length);
      expect(ref('acme', 'a', 'seat', '1')).toBe(ref('other', 'a', 'seat', '1'));
    });
    it('tell nothing of the number, and differ from what is known of the caller', () => {
      const caller = carriers.callerRefOf('+8613800000001');
      expect(caller).toBe(carriers.callerRefOf('+8613800000001'));
      expect(caller).not.toBe(ref('acme', 'a', 'caller', '+8613800000001'));
      expect(`${caller} ${ref('acme', 'a', 'caller', '+8613800000001')}`).toMatch(/^[0-9a-f]{32} [0-9a-f]{32}$/);
      expect(new VendorCarriers(channels, log, settingsFor(file, OTHER_KEY)).callerRefOf('+8613800000001')).not.toBe(caller);
    });
  });

  it('dial once, with the numbers in clear and only what the channel can do', async () => {
    expect(await carriers.dial(attempt(), callOf(), { leaveBy: LATER, session: undefined })).toEqual({ kind: 'accepted', vendorCallId: CALL_ID });
    expect(await carriers.dial(attempt({ channel: 'e9-bare' }), callOf(), { leaveBy: LATER, session: undefined })).toMatchObject({ kind: 'accepted' });
    expect(asked.map(({ body }) => /13800000001.*13900000002/s.test(body) && body.includes('call-1-1'))).toEqual([true, true]);
    expect(asked.map(({ body }) => body.includes('maxCallTime'))).toEqual([true, false]);
  });

  it.each<[string, Partial<Attempt>, string | undefined, RegExp]>([
    ['a channel that is not configured', { channel: 'nn' }, undefined, /channel nn is not configured here/],
    ['a session that cannot be read', { seat: '20011' }, new Sealer(OTHER_KEY, 'notifications').seal(Buffer.from('s'), 'e9-main/20011').toString('base64'), /session of the seat cannot be read/],
    ['a session of another seat', { seat: '20011' }, new Sealer(KEY, 'notifications').seal(Buffer.from('s'), 'e9-main/20012').toString('base64'), /session of the seat cannot be read/],
  ])('send nothing for %s', async (_name, more, session, reason) => {
    expect(await carriers.dial(attempt(more), callOf(), { leaveBy: LATER, session })).toEqual({ kind: 'not-sent', reason: expect.stringMatching(reason) });
    expect(asked).toEqual([]);
  });

  it('send nothing for numbers that cannot be read', async () => {
    expect(await carriers.dial(attempt(), { ...callOf(), callId: 'call-2' }, { leaveBy: LATER, session: undefined })).toEqual({ kind: 'not-sent', reason: 'the numbers of the call cannot be read here' });
    expect(asked).toEqual([]);
  });

  it('dial with a session that is for this seat', async () => {
    const session = new Sealer(KEY, 'notifications').seal(Buffer.from('s'), 'e9-main/20011').toString('base64');
    expect(await carriers.dial(attempt({ seat: '20011' }), callOf(), { leaveBy: LATER, session })).toMatchObject({ kind: 'accepted' });
  });

  it('hang a call up where the channel can, and say so where it cannot', async () => {
    expect(await carriers.hangUp(live(), undefined)).toEqual({ kind: 'accepted' });
    expect(asked.map(({ path }) => path.split('/').at(-1))).toEqual(['CancelCallback']);
    for (const more of [{ channel: 'nn' }, { channel: 'e9-bare' }, { vendorCallId: undefined }]) expect(await carriers.hangUp(live(more), undefined)).toEqual({ kind: 'refused', reason: 'this channel cannot end a call' });
    const sealedElsewhere = new Sealer(OTHER_KEY, 'notifications').seal(Buffer.from('s'), 'e9-main/20011').toString('base64');
    expect(await carriers.hangUp(live({ seat: '20011' }), sealedElsewhere)).toMatchObject({ kind: 'refused' });
    expect(asked).toHaveLength(1);
  });

  it('ask a vendor, and append what it tells, sealed, before anybody concludes from it', async () => {
    answer = { resp: { statusCode: '000000', callNotify: { action: 'Hangup' } } };
    expect(await carriers.ask(live())).toEqual({ kind: 'told' });
    expect(log.taken.map(({ topic }) => topic)).toEqual([topics.channelNotifications.name]);
    const decoded = log.taken.map(({ record }) => decodeChannelNotification(record))[0];
    if (decoded?.kind !== 'known') throw new Error('Not a notification');
    const { sealed, ...header } = decoded.message;
    expect(header).toMatchObject({ channel: 'e9-main', kind: 'query', attemptId: 'call-1-1', vendorCallId: CALL_ID });
    // What waits, or is put aside, is kept under its id.
    expect(header.id).toMatch(/^ntf-[0-9a-f]{32}$/);
    expect(openNotification(sealed, header, new Sealer(KEY, 'notifications')).body.toString()).toBe(JSON.stringify(answer));
  });

  it('keep an answer that has nothing of the call, and say so', async () => {
    answer = { resp: { statusCode: '900217' } };
    expect(await carriers.ask(live())).toEqual({ kind: 'told', nothing: true });
    expect(log.taken).toHaveLength(1);
  });

  it('give no answer where nobody can be asked, or none came', async () => {
    expect(await carriers.ask(live({ channel: 'nn' }))).toEqual({ kind: 'no-answer', reason: 'this channel cannot be asked' });
    expect(await carriers.ask(live({ vendorCallId: undefined }))).toMatchObject({ kind: 'no-answer' });
    answer = {};
    expect(await carriers.ask(live())).toMatchObject({ kind: 'no-answer' });
    expect(log.taken).toEqual([]);
  });

  it('take a channel without a probe for well', async () => {
    expect(await carriers.probe('e9-main')).toEqual({ well: true });
    expect(await carriers.probe('nn')).toEqual({ well: true });
  });

  it('follow a channel that the file no longer has, and choose it no more', async () => {
    writeFileSync(file, JSON.stringify({ channels: [entry] }));
    channels.reload();
    expect(carriers.all().map(({ channel, weight }) => [channel, weight])).toEqual([['e9-main', 1]]);
    expect(carriers.find('e9-bare')).toMatchObject({ channel: 'e9-bare' });
    expect(await carriers.ask(live({ channel: 'e9-bare' }))).toMatchObject({ kind: 'told' });
  });
});
