import { decodeCallCommand, decodeCallEvent, encodeCallEvent, encodeCallRecord, topics, CallRecord, type WireRecord } from '@cc/contracts';
import type { EventLog } from '@cc/event-log';
import { NumberVault } from '@cc/kernel';
import type { Database } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import axios, { type AxiosInstance } from 'axios';
import { z } from 'zod';
import { health } from './announced-channel';
import { DatabaseProxy } from './database-proxy';
import { ACME, KEY, startGateway, type RunningGateway } from './running-gateway';

const body = { from: '13900000001', to: '+8613900000002' };
/** Longer than the client waits: an answer before that means that the request was woken. */
const LONG_POLL = { waitSeconds: 60 };
const Placed = z.object({ callId: z.string(), version: z.number() }).loose();
const Answer = z.object({
  version: z.number().optional(), state: z.string().optional(), items: z.array(z.object({ id: z.string().optional(), channel: z.string().optional() })).optional(), errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});
const Page = z.object({ items: z.array(Placed), nextPageToken: z.string().optional() });

describe('the call gateway on PostgreSQL', () => {
  let fresh: FreshDatabase;
  let proxy: DatabaseProxy;
  let gateway: RunningGateway;
  let database: Database;
  let eventLog: EventLog;
  let acme: AxiosInstance;
  let globex: AxiosInstance;

  beforeAll(async () => {
    fresh = await freshDatabase();
    proxy = await DatabaseProxy.to(fresh.url);
    gateway = await startGateway({ CC_DATABASE_URL: proxy.url }, fresh.url);
    ({ database, eventLog, acme, globex } = gateway);
  }, 60_000);
  afterAll(async () => {
    await gateway.stop();
    await proxy.cut();
    await fresh.drop();
  }, 30_000);

  const read = async (path: string): Promise<z.infer<typeof Answer>> => Answer.parse((await acme.get(path)).data);
  const place = async (client: AxiosInstance, told: object = body): Promise<z.infer<typeof Placed>> => {
    const answer = await client.post('/calls', told);
    expect(answer.status).toBe(202);
    return Placed.parse(answer.data);
  };
  const commandRecords = (callId: string): readonly WireRecord[] => gateway.written(topics.callCommands.name, callId);
  const commandsOf = (callId: string): unknown[] => commandRecords(callId).map(decodeCallCommand);
  const eventRecords = (callId: string): readonly WireRecord[] => gateway.written(topics.callEvents.name, callId);

  it('takes no call before it knows a channel: it could be one that does not exist', async () => {
    const answer = await acme.post('/calls', body);
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' }, data: { code: 'no-channels-yet', retriable: true } });
    await gateway.announce(health('e9-main'), health('hw-main'), health('e9-main', { state: 'down' }));
    expect(await acme.get('/channels/e9-main')).toMatchObject({ status: 200, data: { state: 'down' } });
    expect((await read('/channels')).items?.map(({ channel }) => channel)).toEqual(['e9-main', 'hw-main']);
    expect((await acme.get('/channels/none')).status).toBe(404);
  });

  it('commits the call, its event and its command together, with the numbers sealed, and answers from them at once', async () => {
    await acme.put('/businesses/shop', { mainNumber: '4008001234', extension: '8001' });
    const told = { ...body, agent: 'ann', user: 'u', business: 'shop', channel: 'hw-main', bizData: { order: [7] }, record: true, maxDurationSeconds: 60, notAfterSeconds: 5 };
    const answer = await acme.post('/calls', told);
    const { callId } = Placed.parse(answer.data);
    expect(answer).toMatchObject({ status: 202, headers: { location: `/v1/calls/${callId}` }, data: { state: 'init', stage: 'queued', version: 1, caller: '+86139****0001', called: '+86139****0002', mainNum: '4008001234', extNum: '8001', bizData: { order: [7] }, recording: { status: 'expected' } } });
    expect(answer.headers['idempotent-replayed']).toBeUndefined();
    expect((await acme.get(`/calls/${callId}`)).data).toEqual(answer.data);
    expect((await acme.get(`/calls/${callId}/events`)).data).toMatchObject({ items: [{ id: `${callId}/requested`, caller: '+86139****0001', source: 'gateway' }] });
    await eventually(() => commandsOf(callId).length === 1 && eventRecords(callId).length > 0);
    expect(commandsOf(callId)).toMatchObject([{ kind: 'known', message: { type: 'cc.call.place.v1', tenant: 'acme', agent: 'ann', channel: 'hw-main', mainNum: '4008001234', maxDurationSeconds: 60 } }]);
    expect(eventRecords(callId).map(decodeCallEvent)).toMatchObject([{ kind: 'known', message: { type: 'cc.call.requested.v1', record: true } }]);
    const [command] = commandRecords(callId).map(decodeCallCommand);
    if (command?.kind !== 'known' || command.message.type !== 'cc.call.place.v1') throw new Error('No command');
    const { caller, called, issuedAt, notAfter } = command.message;
    expect([caller, called].map(({ sealed }) => new NumberVault(KEY).reveal(sealed, callId))).toEqual(['+8613900000001', '+8613900000002']);
    expect(notAfter - issuedAt).toBe(5000);
    const stored = JSON.stringify(await database.query(`SELECT (SELECT json_agg(c) FROM gateway_call c) AS c, (SELECT json_agg(e) FROM gateway_event e) AS e, (SELECT json_agg(convert_from(value, 'UTF8')) FROM log_record) AS l`));
    expect(stored).toContain(callId);
    expect(stored).not.toContain('3900000001');
  });

  it('tells all that is wrong with a request at once', async () => {
    const answer = await acme.post('/calls', { from: '110', to: 'nobody', channel: 'none', record: 'yes', extra: 1 });
    expect(answer).toMatchObject({ status: 422, headers: { 'content-type': 'application/problem+json; charset=utf-8' }, data: { type: 'about:blank', status: 422, code: 'invalid-request', retriable: false, requestId: expect.stringMatching(/^req-/) } });
    const { errors } = Answer.parse(answer.data);
    expect(errors?.map(({ pointer }) => pointer).sort()).toEqual(['/channel', '/extra', '/from', '/record', '/to']);
    expect(errors).toContainEqual({ pointer: '/channel', detail: 'there is no channel none; there are e9-main, hw-main' });
  });

  it('connects nobody with themselves: one phone would ring twice', async () => {
    const answer = await acme.post('/calls', { from: '13900000001', to: '+86 139 0000 0001' });
    expect(answer.status).toBe(422);
    expect(Answer.parse(answer.data).errors).toEqual([{ pointer: '/to', detail: 'is the number of from: one phone would ring twice' }]);
  });

  it.each([['%ff', 400], ['x'.repeat(300), 414]])('answers an address that leads nowhere with a problem: %.10s', async (id, status) => {
    expect(await acme.get(`/calls/${id}`)).toMatchObject({ status, headers: { 'content-type': expect.stringContaining('problem+json') }, data: { status, retriable: false, requestId: expect.stringMatching(/^req-/) } });
  });

  it('says of each query parameter what it should be', async () => {
    const { status, data } = await acme.get('/calls?createdFrom=today&pageSize=0&state=open&nope=1');
    expect(status).toBe(422);
    expect(Answer.parse(data).errors).toEqual(expect.arrayContaining([
      { pointer: '?createdFrom', detail: 'is no time: give epoch milliseconds, e.g. 1795498818847' }, { pointer: '?pageSize', detail: 'is below 1' },
      { pointer: '?state', detail: 'is no state; there are init, conn, close' }, { pointer: '?nope', detail: 'is not a parameter of this request' },
    ]));
  });

  it.each([
    ['broken JSON', '{"from":', 'application/json', 400], ['no JSON', 'from=1', 'application/x-www-form-urlencoded', 415], ['nothing it knows', '<a/>', 'text/xml', 415], ['too much', JSON.stringify({ x: 'x'.repeat(70_000) }), 'application/json', 413], ['a list', '[]', 'application/json', 422],
  ])('refuses a body that is %s', async (_name, data, contentType, status) => {
    const answer = await acme.post('/calls', Buffer.from(data), { headers: { 'content-type': contentType } });
    expect(answer).toMatchObject({ status, headers: { 'content-type': expect.stringContaining('problem+json') } });
  });

  it('opens with a known key only', async () => {
    const { callId } = await place(acme);
    for (const path of ['/calls', `/calls/${callId}`, `/calls/${callId}/events`, `/calls/${callId}/recording`, '/channels']) {
      for (const authorization of [undefined, 'Bearer wrong-key-0123456789abcdefgh', `Basic ${ACME}`, ACME]) {
        const answer = await axios.get(`${gateway.url}/v1${path}`, { proxy: false, validateStatus: () => true, headers: authorization === undefined ? {} : { authorization } });
        expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' }, data: { code: 'unauthorized' } });
      }
    }
    expect((await axios.post(`${gateway.url}/v1/calls`, body, { proxy: false, validateStatus: () => true })).status).toBe(401);
  });

  it('shows a call to nobody but its tenant, whatever is asked', async () => {
    const { callId } = await place(acme);
    for (const path of [`/calls/${callId}`, `/calls/${callId}/events`, `/calls/${callId}/recording`]) {
      expect(await globex.get(path)).toMatchObject({ status: 404, data: { code: 'no-such-call' } });
    }
    expect((await globex.post(`/calls/${callId}/cancel`, {})).status).toBe(404);
    expect(Page.parse((await globex.get('/calls')).data).items).toEqual([]);
    expect(await acme.get(`/calls/${callId}/recording`)).toMatchObject({ status: 404, data: { code: 'no-recording' } });
    await eventually(() => commandsOf(callId).length === 1);
    expect(commandsOf(callId)).toMatchObject([{ message: { type: 'cc.call.place.v1' } }]);
  });

  it.each(['%00', 'a%00b', '%20', 'x'.repeat(200), '..%2f..'])('has no call %s', async (callId) => {
    for (const path of [`/calls/${callId}`, `/calls/${callId}/events`, `/calls/${callId}/recording`]) expect((await acme.get(path)).status).toBe(404);
    expect((await acme.post(`/calls/${callId}/cancel`, {})).status).toBe(404);
  });

  describe('with an Idempotency-Key', () => {
    const withKey = (key: string) => ({ headers: { 'idempotency-key': key } });

    it('places one call, and gives the same answer again, marked as such', async () => {
      const first = await acme.post('/calls', body, withKey('one'));
      const again = await acme.post('/calls', body, withKey('one'));
      expect(first.headers['idempotent-replayed']).toBeUndefined();
      expect(again).toMatchObject({ status: 202, data: first.data, headers: { 'idempotent-replayed': 'true', location: first.headers['location'] } });
      const { callId } = Placed.parse(first.data);
      await eventually(() => commandsOf(callId).length > 0);
    });
    it('refuses another body under the same key; another tenant has its own keys', async () => {
      const first = await acme.post('/calls', body, withKey('two'));
      expect(await acme.post('/calls', { ...body, agent: 'ann' }, withKey('two'))).toMatchObject({ status: 422, data: { code: 'idempotency-key-reused' } });
      const other = await globex.post('/calls', { ...body, agent: 'bob' }, withKey('two'));
      expect(other.status).toBe(202);
      expect(Placed.parse(other.data).callId).not.toBe(Placed.parse(first.data).callId);
    });
    it('places one call of twenty requests at once', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => acme.post('/calls', body, withKey('three'))));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
      expect(new Set(answers.map(({ data }) => Placed.parse(data).callId)).size).toBe(1);
      expect(answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined)).toHaveLength(1);
      const { callId } = Placed.parse(answers[0]?.data);
      const marker = await place(acme);
      await eventually(() => commandsOf(callId).length > 0 && commandsOf(marker.callId).length > 0);
      expect(await database.query(`SELECT count(*)::int AS n FROM log_record WHERE topic = $1 AND key = $2`, [topics.callCommands.name, callId])).toEqual([{ n: 1 }]);
    });
    it.each(['x'.repeat(256), 'a b'])('refuses the key %j', async (key) => {
      expect((await acme.post('/calls', body, withKey(key))).status).toBe(422);
    });
  });

  async function publish(callId: string, change: Partial<CallRecord>): Promise<void> {
    const [row] = await database.query<{ record: unknown }>('SELECT record FROM gateway_call WHERE call_id = $1', [callId]);
    await eventLog.append(topics.callRecords.name, [encodeCallRecord({ ...CallRecord.parse(row?.record), ...change })]);
  }

  it('answers a long poll as soon as there is a newer version, and never shows an older one', async () => {
    const { callId } = await place(acme);
    const waiting = Promise.all([1, 2, 3].map(() => acme.get(`/calls/${callId}`, { params: { ...LONG_POLL, afterVersion: 1 } })));
    const waitingForAny = acme.get(`/calls/${callId}`, { params: LONG_POLL });
    await eventually(async () => (await acme.get(`/calls/${callId}`)).status === 200);
    await publish(callId, { version: 4, state: 'conn', stage: 'connected' });
    for (const answer of await waiting) expect(answer).toMatchObject({ status: 200, data: { version: 4, state: 'conn' } });
    await publish(callId, { version: 6, state: 'close', stage: 'ended' });
    await publish(callId, { version: 5, state: 'conn', stage: 'connected' });
    await eventually(async () => (await read(`/calls/${callId}`)).version === 6);
    expect([4, 6]).toContain(Placed.parse((await waitingForAny).data).version);
    const { callId: marker } = await place(acme);
    await publish(marker, { version: 2 });
    await eventually(async () => (await read(`/calls/${marker}`)).version === 2);
    expect((await acme.get(`/calls/${callId}`, { params: { ...LONG_POLL, afterVersion: 5 } })).data).toMatchObject({ version: 6, state: 'close' });
    expect(await acme.get(`/calls/${callId}`, { params: { waitSeconds: 0.05, afterVersion: 6 } })).toMatchObject({ status: 200, data: { version: 6 } });
    expect(await acme.get(`/calls/${callId}`, { params: { waitSeconds: 61 } })).toMatchObject({ status: 422, data: { errors: [{ pointer: '?waitSeconds' }] } });
  }, 40_000);

  it('passes a cancellation on, and nothing more once the call is over', async () => {
    const { callId } = await place(acme);
    expect((await acme.post(`/calls/${callId}/cancel`, {})).status).toBe(202);
    await eventually(() => commandsOf(callId).length === 2);
    expect(commandsOf(callId)).toMatchObject([{ message: { type: 'cc.call.place.v1' } }, { message: { type: 'cc.call.cancel.v1', id: `${callId}/cancel`, tenant: 'acme' } }]);
    await publish(callId, { version: 3, state: 'close', stage: 'ended' });
    await eventually(async () => (await read(`/calls/${callId}`)).state === 'close');
    expect(await acme.post(`/calls/${callId}/cancel`, {})).toMatchObject({ status: 202, data: { state: 'close' } });
    const marker = await place(acme);
    await eventually(() => commandsOf(marker.callId).length === 1);
    expect(await database.query(`SELECT count(*)::int AS n FROM log_record WHERE topic = $1 AND key = $2`, [topics.callCommands.name, callId])).toEqual([{ n: 2 }]);
  });

  it('lists the calls of a tenant page by page, newest first, each once, whatever arrives meanwhile', async () => {
    const placed: string[] = [];
    for (let index = 0; index < 7; index += 1) placed.push((await place(acme, { ...body, agent: 'lister' })).callId);
    const seen: string[] = [];
    let pageToken: string | undefined;
    for (let page = 0; page < 4; page += 1) {
      const answer: z.infer<typeof Page> = Page.parse((await acme.get('/calls', { params: { agent: 'lister', pageSize: 2, pageToken } })).data);
      seen.push(...answer.items.map(({ callId }) => callId));
      pageToken = answer.nextPageToken;
      await place(acme, { ...body, agent: 'lister' });
    }
    expect(seen).toEqual([...placed].reverse());
    expect(pageToken).toBeUndefined();
    const { items, ...full }: z.infer<typeof Page> = Page.parse((await acme.get('/calls', { params: { agent: 'lister', pageSize: 11 } })).data);
    expect([items.length, full]).toEqual([11, {}]);
    expect(Page.parse((await acme.get('/calls', { params: { agent: 'nobody' } })).data)).toEqual({ items: [] });
    expect((await acme.get('/calls', { params: { pageToken: "1-' OR 1=1" } })).status).toBe(422);
  });

  it('adds what happened to the timeline once, and shows no events that name another tenant', async () => {
    const { callId } = await place(acme);
    const event = (id: string, tenant: string) => encodeCallEvent({ type: 'cc.call.cancel-requested.v1', id, callId, tenant, occurredAt: 1, recordedAt: 9_000_000_000_000, source: 'gateway' }, 'test');
    await eventLog.append(topics.callEvents.name, [event('x', 'acme'), event('x', 'acme'), event('y', 'globex'), { ...event('z', 'acme'), value: Buffer.from('{"broken":1}') }, event('last', 'acme')]);
    const parked = await eventually(async () => (await database.query<{ reason: string }>(`SELECT reason FROM dead_letter WHERE key = $1`, [callId]))[0] ?? false);
    expect(parked.reason).toContain('callId');
    const items = await eventually(async () => {
      const { items: found = [] } = await read(`/calls/${callId}/events`);
      return found.length >= 2 && found.map(({ id }) => id);
    });
    expect(items).toEqual([`${callId}/requested`, 'x']);
  });

  it('says when the database is away, and that trying again is worth it; works again by itself', async () => {
    const { callId } = await place(acme);
    await proxy.cut();
    const away = { status: 503, headers: { 'retry-after': '2', 'content-type': expect.stringContaining('problem+json') }, data: { code: 'unavailable', retriable: true } };
    expect(await acme.get(`/calls/${callId}`)).toMatchObject(away);
    expect(await acme.post('/calls', body, { headers: { 'idempotency-key': 'away' } })).toMatchObject(away);
    expect((await axios.get(`${gateway.url}/livez`, { proxy: false })).status).toBe(200);
    await proxy.restore();
    const { data } = await eventually(async () => {
      const answer = await acme.post('/calls', body, { headers: { 'idempotency-key': 'away' } });
      return answer.status === 202 && answer;
    });
    const { callId: placed } = Placed.parse(data);
    const waiting = acme.get(`/calls/${placed}`, { params: { ...LONG_POLL, afterVersion: 1 } });
    await publish(placed, { version: 2 });
    expect((await waiting).data).toMatchObject({ version: 2 });
  }, 40_000);
});
