import { CallEvent, encodeCallEvent, encodeOperatorAnswer, decodeOperatorCommand, topics, type OperatorCommand } from '@cc/contracts';
import { handled } from '@cc/event-log';
import { eventually } from '@cc/testing';
import { z } from 'zod';
import { startGateway, type RunningGateway } from './running-gateway';

const ANSWER_SECONDS = 3;
const OTHERS = topics.operatorCommands.readBy.filter((service) => service !== 'call-gateway');
const Page = z.object({ items: z.array(z.looseObject({ service: z.string(), id: z.number(), key: z.string() })), totals: z.array(z.unknown()), silent: z.array(z.object({ service: z.string(), detail: z.string() })), failed: z.array(z.unknown()) });

const cancel = (callId: string, n: number) => CallEvent.parse({ type: 'cc.call.cancel-requested.v1', id: `${callId}/cancel/${n}`, callId, tenant: 'acme', occurredAt: n, recordedAt: n, source: 'gateway' });
/** A known type without what it must have, and with a number that nobody may see. */
const poison = (callId: string) => ({ ...encodeCallEvent(cancel(callId, 1), 'test'), value: Buffer.from(JSON.stringify({ callId, note: 'ring 13900000001', caller: { sealed: 'sealed-bytes' } })) });

let gateway: RunningGateway;
let commands: OperatorCommand[];
beforeAll(async () => {
  commands = [];
  gateway = await startGateway({ CC_CALL_GATEWAY_OPERATOR_ANSWER_SECONDS: String(ANSWER_SECONDS) });
  await gateway.eventLog.subscribe({ group: 'others', topics: [topics.operatorCommands.name], handle: ({ records }) => {
    for (const decoded of records.map(decodeOperatorCommand)) if (decoded.kind === 'known') commands.push(decoded.message);
    return Promise.resolve(handled);
  } }).ready;
}, 60_000);
afterAll(() => gateway.stop(), 30_000);

const list = async (params: object = {}) => Page.parse((await gateway.olga.get('/operator/dead-letters', { params })).data);
const answer = (command: OperatorCommand, told: object) => gateway.eventLog.append(topics.operatorAnswers.name, [encodeOperatorAnswer({ commandId: command.id, service: command.service, answeredAt: Date.now(), ...told })]);
const eventsOf = async (callId: string): Promise<number> => (await gateway.database.query('SELECT 1 FROM gateway_event WHERE call_id = $1', [callId])).length;

async function parked(callId: string): Promise<number> {
  await gateway.eventLog.append(topics.callEvents.name, [poison(callId), encodeCallEvent(cancel(callId, 2), 'test')]);
  await eventually(async () => (await gateway.database.query(`SELECT 1 FROM dead_letter WHERE key = $1`, [callId])).length === 2);
  return eventually(async () => (await list({ service: 'call-gateway' })).items.find(({ key }) => key === callId)?.id ?? false);
}

describe('a record that the gateway itself cannot process', () => {
  it('is listed with what is wrong, and each service that says nothing is named as silent', async () => {
    const id = await parked('call-1');
    const page = await list();
    expect(page).toMatchObject({ items: [{ service: 'call-gateway', id, topic: topics.callEvents.name, key: 'call-1', type: 'cc.call.cancel-requested.v1', records: 2, reason: expect.stringContaining('tenant') }], totals: [{ service: 'call-gateway', total: 1 }], failed: [] });
    expect(page.silent).toEqual(OTHERS.map((service) => ({ service, detail: `No answer from ${service} within ${ANSWER_SECONDS} s: it is down, or behind` })));
    expect(await gateway.olga.get(`/operator/dead-letters/hw-poller/${id}`)).toMatchObject({ status: 503, data: { code: 'no-answer', detail: expect.stringContaining('No answer from hw-poller') } });
  }, 40_000);

  it('is shown without numbers and sealed text, fails again when it is released, and dropped lets the next one through', async () => {
    const id = await parked('call-2');
    const path = `/operator/dead-letters/call-gateway/${id}`;
    const shown = await gateway.olga.get(path);
    expect(shown).toMatchObject({ status: 200, data: { id, others: 1, parked: { held: false, headers: { ce_id: 'call-2/cancel/1' } }, history: [{ did: 'parked' }] } });
    expect(shown.data).toHaveProperty('parked.value', '{"callId":"call-2","note":"ring 139****0001","caller":{"sealed":"…"}}');
    expect(await gateway.olga.post(`${path}/release`, { reason: 'try' })).toMatchObject({ status: 200, data: { outcome: 'failed', released: 0, left: 2, reason: expect.stringContaining('tenant') } });
    expect(await gateway.olga.post(`${path}/drop`, {})).toMatchObject({ status: 422, data: { errors: [{ pointer: '/reason' }] } });
    expect(await eventsOf('call-2')).toBe(0);
    expect(await gateway.olga.post(`${path}/drop`, { reason: 'a broken sender' })).toMatchObject({ status: 200, data: { outcome: 'done', released: 1, left: 0 } });
    expect(await eventsOf('call-2')).toBe(1);
    expect(await gateway.olga.post(`${path}/drop`, { reason: 'again' })).toMatchObject({ status: 404, data: { code: 'not-parked' } });
    const { data } = await gateway.olga.get(path);
    expect(data).not.toHaveProperty('parked');
    expect(data).toMatchObject({ history: [{ did: 'parked' }, { did: 'failed-again', operator: 'olga' }, { did: 'dropped', operator: 'olga', reason: 'a broken sender' }] });
  });
});

describe('another service', () => {
  it('is told who orders what, and its answer, or what it has against it, is passed on', async () => {
    const releasing = gateway.olga.post('/operator/dead-letters/record-store/7/release', {});
    const command = await eventually(() => commands.find(({ type, service }) => type === 'cc.operator.release-dead-letters.v1' && service === 'record-store') ?? false);
    expect(command).toMatchObject({ operator: 'olga', letter: 7, reason: '', notAfter: command.issuedAt + ANSWER_SECONDS * 1000 });
    await answer(command, { result: { outcome: 'more', released: 200, left: 12 } });
    expect(await releasing).toMatchObject({ status: 200, data: { outcome: 'more', released: 200, left: 12 } });
    for (const [letter, told, says] of [
      [8, { fault: { kind: 'missing', code: 'no-such-dead-letter', detail: 'none' } }, { status: 404, data: { code: 'no-such-dead-letter', detail: 'none' } }],
      [9, { fault: { kind: 'fault', code: 'command-failed', detail: 'its table is gone' } }, { status: 409, data: { code: 'command-failed', detail: 'its table is gone' } }],
      [10, { result: { outcome: 'perhaps' } }, { status: 409, data: { code: 'answer-unreadable' } }],
    ] as const) {
      const asking = gateway.olga.post(`/operator/dead-letters/record-store/${letter}/release`, {});
      await answer(await eventually(() => commands.find((one) => 'letter' in one && one.letter === letter) ?? false), told);
      expect(await asking).toMatchObject(says);
    }
  });

  it('is told which records to rebuild', async () => {
    const rebuilding = gateway.olga.post('/operator/records/rebuild', { from: 1, to: 2, after: 'c', dryRun: true });
    const command = await eventually(() => commands.find(({ type }) => type === 'cc.operator.rebuild-records.v1') ?? false);
    expect(command).toMatchObject({ service: 'record-store', operator: 'olga', from: 1, to: 2, after: 'c', dryRun: true });
    await answer(command, { result: { checked: 50, differing: [], rebuilt: 0, next: 'd' } });
    expect(await rebuilding).toMatchObject({ status: 200, data: { checked: 50, differing: [], rebuilt: 0, next: 'd' } });
    for (const [body, pointer] of [[{ callId: 'c', from: 1 }, '/callId'], [{ from: -1 }, '/from'], [{ callId: 'a b' }, '/callId'], [{ dryRun: 'no' }, '/dryRun']] as const) expect(await gateway.olga.post('/operator/records/rebuild', body)).toMatchObject({ status: 422, data: { errors: [{ pointer }] } });
  });

  it('is not asked what makes no sense', async () => {
    for (const [query, pointer] of [['service=nope', '?service'], ['limit=0', '?limit'], ['after=7', '?after'], ['what=1', '?what']]) expect(await gateway.olga.get(`/operator/dead-letters?${query}`)).toMatchObject({ status: 422, data: { errors: [{ pointer }] } });
    for (const path of ['nope/7', 'record-store/x', 'record-store/0', 'record-store/1.5']) expect(await gateway.olga.get(`/operator/dead-letters/${path}`)).toMatchObject({ status: 404, data: { code: 'no-such-dead-letter' } });
    expect((await gateway.acme.get('/operator/dead-letters')).status).toBe(403);
    expect((await gateway.acme.post('/operator/dead-letters/record-store/7/drop', { reason: 'x' })).status).toBe(403);
  });

  it('is no longer remembered by its answers of an hour ago', async () => {
    await gateway.database.query(`UPDATE gateway_operator_answer SET received = 1`);
    await list({ service: 'call-gateway' });
    expect(await gateway.database.query('SELECT 1 FROM gateway_operator_answer')).toHaveLength(1);
  });
});
