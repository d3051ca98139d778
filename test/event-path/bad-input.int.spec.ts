import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { decodeCallEvent, decodeChannelNotification, topics, type CallEvent, type ChannelNotification } from '@cc/contracts';
import { AxiosHttpExchange } from '@cc/http';
import { Sealer, SilentLog, SystemClock } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { eventually } from '@cc/testing';
import { Channels, openNotification } from '@cc/vendors';
import axios from 'axios';
import fc from 'fast-check';
import { z } from 'zod';
import { callbackIngest } from '../../apps/e9-callback-ingest/src/service';
import { channels, EventPath, golden, newCall, type Call, type Channel } from './event-path';
import { eachSpoiling, spoiled, type Spoiled } from './spoiled-callbacks';

const KEY = Buffer.alloc(32, 7).toString('base64');
const AT_ONCE = 32;
/** How many bodies are spoiled at random, of each channel. */
const SPOILED = 100;
const GOLDEN_ATTEMPT = 'att-0190163d8694739b8c1a5f0e2d4c6b7a';

const callbacksOf: readonly (readonly [channel: Channel, names: readonly string[]])[] = [
  [channels.e9, ['invite-a', 'invite-b', 'establish', 'hangup-answered', 'hangup-b-busy']],
  [channels.createCall, ['connect', 'release-answered']],
  [channels.voiceCall, ['alerting-a', 'answer-b', 'disconnect-0-by-a', 'fee-answered']],
  [channels.jy, ['a-ringing', 'b-ringing', 'connected', 'ended-answered']],
];
/** jy's contract wants each callback signed: what is spoiled here is what the vendor itself sends. */
const signed = (body: Buffer): Record<string, string> => ({ 'x-cc-timestamp': '1', 'x-cc-nonce': 'n', 'x-cc-signature': createHmac('sha256', 'secret').update(`1\nn\n${body.toString('utf8')}`).digest('hex') });
const textOf = (call: Call, name: string): string => golden(call.channel.folder, name).body.replaceAll(GOLDEN_ATTEMPT, call.attemptId).replaceAll(call.channel.goldenVendorCall, call.vendorCallId);

describe('callbacks that no vendor should send', () => {
  let path: EventPath;
  let ingest: RunningService;
  let opened: Channels;
  const sealer = new Sealer(Buffer.alloc(32, 7), 'notifications');
  let acknowledged = 0;

  beforeAll(async () => {
    path = await EventPath.start();
    ingest = await startService(callbackIngest, loadServiceSettings(callbackIngest, {
      CC_DATABASE_URL: path.fresh.url, CC_E9_CALLBACK_INGEST_PORT: '0', CC_CHANNELS_FILE: join(path.directory, 'channels.yaml'), CC_ENCRYPTION_KEY: KEY, CC_E9_CALLBACK_INGEST_SPOOL_DIR: join(path.directory, 'spool'),
    }), new SilentLog(), () => undefined);
    opened = Channels.fromFile(join(path.directory, 'channels.yaml'), { http: new AxiosHttpExchange(), clock: new SystemClock() });
  }, 60_000);
  afterAll(async () => {
    await ingest.stop();
    await path.stop();
  }, 30_000);

  const post = async (channel: string, body: Buffer, contentType = 'application/json'): Promise<void> => {
    const { status } = await axios.post<unknown>(`${ingest.url}/callbacks/${channel}/callback-secret-0123456789-${channel}`, body, { timeout: 20_000, proxy: false, validateStatus: () => true, transformRequest: (data: unknown) => data, headers: { 'content-type': contentType, ...(channel === 'jy-main' ? signed(body) : {}) } });
    expect(status).toBe(200);
    acknowledged += 1;
  };
  const postAll = async (posts: readonly (() => Promise<void>)[]): Promise<void> => {
    const left = [...posts];
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) await next();
    }));
  };
  const recordsOf = async (topic: string): Promise<{ key: string; value: Buffer; headers: Record<string, string> }[]> => {
    const rows = await path.database.query<{ key: string; value: Buffer; headers: string }>('SELECT key, value, headers FROM log_record WHERE topic = $1', [topic]);
    return rows.map((row) => ({ ...row, headers: z.record(z.string(), z.string()).parse(JSON.parse(row.headers)) }));
  };
  const notifications = async (): Promise<ChannelNotification[]> => (await recordsOf(topics.channelNotifications.name)).flatMap((record) => {
    const decoded = decodeChannelNotification(record);
    return decoded.kind === 'known' ? [decoded.message] : [];
  });
  /** Every acknowledged callback is in the log, and what is in the log has had its effect. */
  const settled = async (): Promise<void> => {
    await eventually(async () => {
      const [row] = await path.database.query<{ count: number }>(`SELECT count(DISTINCT split_part(headers::jsonb->>'ce_id', '.', 1)) FROM log_record WHERE topic = $1`, [topics.channelNotifications.name]);
      return row?.count === acknowledged;
    }, { limitMs: 60_000, everyMs: 100 });
    await path.settled();
  };
  const eventsByCall = async (): Promise<Map<string, CallEvent[]>> => {
    const byCall = new Map<string, CallEvent[]>();
    for (const record of await recordsOf(topics.callEvents.name)) {
      const decoded = decodeCallEvent(record);
      if (decoded.kind === 'known') byCall.set(decoded.message.callId, [...(byCall.get(decoded.message.callId) ?? []), decoded.message]);
    }
    return byCall;
  };
  /** What waits or was put aside, by its id. */
  const aside = async (): Promise<Set<string>> => new Set((await path.database.query<{ id: string }>('SELECT notification_id AS id FROM dispatcher_pending UNION ALL SELECT notification_id FROM dispatcher_quarantine')).map(({ id }) => id));

  /** Each notification waits, was put aside, or has given every event that it tells of; nothing was parked on the way to the record. */
  const expectNoneLost = async (calls: readonly Call[]): Promise<void> => {
    expect(await path.database.query('SELECT grp, topic, reason FROM dead_letter')).toEqual([]);
    const [kept, events, all] = [await aside(), await eventsByCall(), await notifications()];
    const callOf = new Map(calls.flatMap(({ channel: { id }, attemptId, vendorCallId, callId }) => [[`${id} ${attemptId}`, callId], [`${id} ${vendorCallId}`, callId]]));
    for (const notification of all.filter(({ id }) => !kept.has(id))) {
      const { channel, attemptId, vendorCallId } = notification;
      const callId = callOf.get(`${channel} ${attemptId}`) ?? callOf.get(`${channel} ${vendorCallId}`) ?? 'no call of the test';
      const normalised = opened.find(channel)?.adapter.normalise(openNotification(notification.sealed, notification, sealer), { recordRequested: true });
      const types = normalised?.kind === 'facts' ? normalised.facts.map(({ type }) => type) : ['unintelligible'];
      expect((events.get(callId) ?? []).map(({ type }) => type)).toEqual(expect.arrayContaining(types));
    }
  };

  it('end as events, wait, or are put aside, every one, and stop nothing', async () => {
    const calls: Call[] = [];
    const posts: (() => Promise<void>)[] = [];
    for (const [channel, names] of callbacksOf) {
      const call = newCall(channel);
      calls.push(call);
      await path.begin(call);
      await path.accept(call);
      const texts = names.map((name) => textOf(call, name));
      const bodies: readonly Spoiled[] = [...eachSpoiling(texts), ...fc.sample(spoiled(texts), { seed: 20_261_124, numRuns: SPOILED })];
      for (const { body } of bodies) posts.push(() => post(channel.id, body, channel.id === 'e9-main' ? 'application/xml; charset=GBK' : 'application/json'));
    }
    await postAll(posts);
    await settled();
    await expectNoneLost(calls);
    // And an ordinary call of each comes to its end as if nothing had been.
    const ordinary = await Promise.all(callbacksOf.map(async ([channel, names]) => {
      const call = newCall(channel);
      await path.begin(call);
      for (const name of names.filter((each) => each !== 'hangup-b-busy')) await post(channel.id, Buffer.from(textOf(call, name)));
      return call;
    }));
    await settled();
    for (const call of ordinary) expect({ channel: call.channel.id, row: await path.rowOf(call) }).toMatchObject({ row: { state: 'close' } });
    await expectNoneLost([...calls, ...ordinary]);
  }, 120_000);

  it('are one history where two vendors give two calls the same id', async () => {
    const twin: Call = { ...newCall(channels.e9), vendorCallId: 'jy20231115061320' };
    const twinOfJy: Call = { ...newCall(channels.jy), vendorCallId: twin.vendorCallId };
    for (const call of [twin, twinOfJy]) {
      await path.begin(call);
      await path.accept(call);
    }
    await settled();
    // Neither names our attempt: only the channel tells the two apart.
    await post('e9-main', Buffer.from(textOf(twin, 'hangup-b-busy').replace(/<userData>[^<]*<\/userData>/, '')));
    await post('jy-main', Buffer.from(textOf(twinOfJy, 'connected').replace(/"attemptId": "[^"]*", /, '')));
    await settled();
    expect([await path.rowOf(twin), await path.rowOf(twinOfJy)]).toMatchObject([{ state: 'close', close_type: '4' }, { state: 'conn' }]);
    expect(await path.database.query('SELECT reason FROM dead_letter')).toEqual([]);
  }, 60_000);

  it('are one and the same message where one comes 10,000 times', async () => {
    const call = newCall(channels.e9);
    await path.begin(call);
    await path.accept(call);
    await settled();
    const body = Buffer.from(textOf(call, 'hangup-answered'));
    await postAll(Array.from({ length: 10_000 }, () => () => post('e9-main', body, 'application/xml')));
    await settled();
    const events = (await eventsByCall()).get(call.callId) ?? [];
    expect(new Set(events.map(({ id }) => id)).size).toBe(8);
    expect(await path.rowOf(call)).toMatchObject({ state: 'close', close_type: '0' });
    expect(await path.database.query('SELECT reason FROM dead_letter')).toEqual([]);
  }, 300_000);
});
