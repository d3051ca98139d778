import { decodeOperatorAnswer, encodeOperatorCommand, topics, type DropDeadLetter, type OperatorAnswer, type WireRecord } from '@cc/contracts';
import { createEventLog, eventLogMigrations, handled, type EventLog } from '@cc/event-log';
import { CcError, NoMetrics, SilentLog, SystemClock } from '@cc/kernel';
import { OperatorDesk } from '@cc/platform';
import { runMigrations, TypeOrmDatabase } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';

const FAR_MS = 60_000;
let serial = 0;

describe('a desk for operators', () => {
  let fresh: FreshDatabase;
  let database: TypeOrmDatabase;
  let eventLog: EventLog;
  const answers: OperatorAnswer[] = [];

  beforeAll(async () => {
    fresh = await freshDatabase();
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 8, applicationName: 'desk' });
    await runMigrations(database, 'event-log', eventLogMigrations);
    await database.query('CREATE TABLE deed (letter bigint)');
    eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
    await eventLog.ensureTopics([topics.operatorCommands, topics.operatorAnswers]);
    const desk = new OperatorDesk({ service: 'record-store', eventLog, log: new SilentLog(), clock: new SystemClock() });
    desk.add('cc.operator.drop-dead-letter.v1', async ({ letter }, tx) => {
      await tx.query('INSERT INTO deed (letter) VALUES ($1)', [letter]);
      if (letter === 13) throw new CcError('missing', 'not-parked', '13 is not parked');
      if (letter === 14) await tx.query('SELECT * FROM no_such_table');
      if (letter === 15) throw new TypeError('called +8613900000001 in vain');
      return letter === 16 ? { text: 'x'.repeat(900_000) } : { letter };
    });
    eventLog.subscribe({ group: 'record-store', topics: [topics.operatorCommands.name], handle: (batch) => desk.take(batch) });
    eventLog.subscribe({ group: 'test', topics: [topics.operatorAnswers.name], handle: ({ records }) => {
      for (const decoded of records.map(decodeOperatorAnswer)) if (decoded.kind === 'known') answers.push(decoded.message);
      return Promise.resolve(handled);
    } });
  });
  afterAll(async () => {
    await eventLog.close();
    await database.close();
    await fresh.drop();
  });

  const drop = (letter: number, told: Partial<DropDeadLetter> = {}): DropDeadLetter => ({
    type: 'cc.operator.drop-dead-letter.v1', id: `order-${(serial += 1)}`, service: 'record-store', operator: 'olga', issuedAt: Date.now(), notAfter: Date.now() + FAR_MS, letter, reason: 'r', ...told,
  });
  const send = (...records: readonly WireRecord[]): Promise<void> => eventLog.append(topics.operatorCommands.name, records);
  const answerTo = (id: string): Promise<OperatorAnswer> => eventually(() => answers.find(({ commandId }) => commandId === id) ?? false);
  const deeds = async (letter: number): Promise<number> => (await database.query('SELECT 1 FROM deed WHERE letter = $1', [letter])).length;

  it('carries a command out once, however often it comes, and answers it', async () => {
    const command = encodeOperatorCommand(drop(1));
    const last = drop(2);
    await send(command, command);
    await send(command, encodeOperatorCommand(last));
    await answerTo(last.id);
    expect(answers.filter(({ commandId }) => commandId === command.headers['ce_id'])).toEqual([{ commandId: command.headers['ce_id'], service: 'record-store', answeredAt: expect.any(Number), result: { letter: 1 } }]);
    expect(await deeds(1)).toBe(1);
  });

  it.each([
    [13, { kind: 'missing', code: 'not-parked', detail: '13 is not parked' }],
    [14, { kind: 'fault', code: 'command-failed', detail: expect.stringContaining('no_such_table') }],
    [15, { kind: 'fault', code: 'command-failed', detail: 'record-store could not carry the command out: called +86139****0001 in vain' }],
    [16, { kind: 'conflict', code: 'answer-too-large' }],
  ])('answers a command that fails (%i) with its fault, undoes it alone, and goes on', async (letter, fault) => {
    const [failing, next] = [drop(letter), drop(100 + letter)];
    await send(encodeOperatorCommand(failing), encodeOperatorCommand(next));
    expect(await answerTo(failing.id)).toMatchObject({ fault });
    expect(await answerTo(next.id)).toMatchObject({ result: { letter: 100 + letter } });
    expect([await deeds(letter), await deeds(100 + letter)]).toEqual([0, 1]);
  });

  it('answers what it cannot read or does not know, and passes over what has no id', async () => {
    const [broken, strange, foreign] = [drop(3), drop(4), drop(5)];
    const wire = encodeOperatorCommand(strange);
    const { ce_id: _id, ...anonymous } = wire.headers;
    await send({ ...encodeOperatorCommand(broken), value: Buffer.from('{"torn') }, { ...wire, headers: anonymous }, { ...wire, headers: { ...wire.headers, ce_type: 'cc.operator.dance.v1' } });
    await send(encodeOperatorCommand({ type: 'cc.operator.rebuild-records.v1', id: foreign.id, service: 'record-store', operator: 'olga', issuedAt: 1, notAfter: Date.now() + FAR_MS, dryRun: true }));
    expect(await answerTo(broken.id)).toMatchObject({ fault: { kind: 'input', code: 'command-unreadable', detail: expect.stringContaining('letter') } });
    for (const id of [strange.id, foreign.id]) expect(await answerTo(id)).toMatchObject({ fault: { kind: 'conflict', code: 'command-unknown' } });
    expect(await database.query('SELECT 1 FROM dead_letter')).toEqual([]);
  });

  it('does nothing that is too late, and nothing that is for another service', async () => {
    const [late, other, last] = [drop(6, { notAfter: Date.now() - 1 }), drop(7, { service: 'hw-poller' }), drop(8)];
    await send(encodeOperatorCommand(late), encodeOperatorCommand(other), encodeOperatorCommand(last));
    await answerTo(last.id);
    expect(await answerTo(late.id)).toMatchObject({ fault: { kind: 'conflict', code: 'command-too-late' } });
    expect(answers.some(({ commandId }) => commandId === other.id)).toBe(false);
    expect([await deeds(6), await deeds(7)]).toEqual([0, 0]);
  });
});
