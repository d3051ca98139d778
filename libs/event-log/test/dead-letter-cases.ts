import { deadLetterTopicName, type TopicDeclaration } from '@cc/contracts';
import type { DeadLetters, EventLog, LogRecord, Order, Outcome, Released, RunningSubscription, Subscription } from '@cc/event-log';
import type { Database } from '@cc/postgres';
import { eventually } from '@cc/testing';
import { appliedNumbers, failing, numbered, numberOf, parkedNumbers, recordEffects } from './effects';

/** What these cases need of the suite. */
export interface DeadLetterBench {
  readonly eventLog: EventLog;
  readonly database: Database;
  topic(more?: Partial<TopicDeclaration>): Promise<string>;
  subscribe(subscription: Subscription): Promise<RunningSubscription>;
}

const OLGA: Order = { operator: 'olga', reason: 'mended' };

/** One transaction with the group's dead letters. */
async function office<T>({ eventLog, database }: DeadLetterBench, group: string, work: (letters: DeadLetters, tx: Parameters<Parameters<Database['transaction']>[0]>[0]) => Promise<T>): Promise<T> {
  const letters = await eventLog.deadLetters(group);
  return database.transaction((tx) => work(letters, tx));
}

/** The id of the first parked record of a key. */
export async function parkedId(bench: DeadLetterBench, group: string, topic: string, key: string): Promise<number> {
  const { items } = await office(bench, group, (letters, tx) => letters.list(tx, { topic, limit: 100 }));
  const found = items.find((item) => item.key === key);
  if (found === undefined) throw new Error(`${key} is not parked`);
  return found.id;
}

export function release(bench: DeadLetterBench, group: string, id: number, order = OLGA): Promise<Released> {
  return office(bench, group, (letters, tx) => letters.release(tx, id, order));
}

function drop(bench: DeadLetterBench, group: string, id: number): Promise<Released> {
  return office(bench, group, (letters, tx) => letters.drop(tx, id, { operator: 'olga', reason: 'a test call' }));
}

async function deeds(bench: DeadLetterBench, group: string, id: number): Promise<(string | undefined)[][]> {
  const { history } = await office(bench, group, (letters, tx) => letters.show(tx, id));
  return history.map(({ did, reason, operator }) => [did, reason, operator]);
}

/** What lies on the topic of the group's dead letters, as somebody else reads it. */
async function mirrored(bench: DeadLetterBench, topic: string, group: string): Promise<LogRecord[]> {
  const copies: LogRecord[] = [];
  const name = deadLetterTopicName(topic, group);
  await bench.subscribe({ group: `alarm-${name}`, topics: [name], handle: ({ records }) => {
    copies.push(...records);
    return Promise.resolve({ kind: 'handled' });
  } });
  return copies;
}

/** Keys a and b of one partition: 2 of a cannot be handled while `broken` says so. */
async function poisoned(bench: DeadLetterBench, group: string, broken: (record: LogRecord) => boolean): Promise<string> {
  const topic = await bench.topic({ partitions: 1, readBy: [group] });
  await bench.eventLog.append(topic, [1, 2, 3, 4].map((n) => numbered('a', n)));
  await bench.eventLog.append(topic, [5, 6].map((n) => numbered('b', n)));
  await bench.subscribe({ group, topics: [topic], handle: failing(group, broken) });
  await eventually(async () => (await parkedNumbers(bench.database, group, topic)).length === 3);
  return topic;
}

export function deadLetterCases(bench: () => DeadLetterBench): void {
  it('lists parked keys by what is wrong with the first record, and shows that with its history', async () => {
    const topic = await poisoned(bench(), 'listed', (record) => numberOf(record) === 2);
    const page = await office(bench(), 'listed', (letters, tx) => letters.list(tx, { topic, limit: 10 }));
    expect(page).toMatchObject({ total: 1, items: [{ topic, partition: 0, offset: 1, key: 'a', type: '', reason: 'cannot handle 2', records: 3 }] });
    const id = page.items[0]?.id ?? 0;
    expect(await office(bench(), 'listed', (letters, tx) => letters.list(tx, { after: id, limit: 10 }))).toEqual({ items: [], total: 0 });
    const shown = await office(bench(), 'listed', (letters, tx) => letters.show(tx, id));
    expect(shown).toMatchObject({ id, topic, offset: 1, key: 'a', others: 2, parked: { reason: 'cannot handle 2', held: false, record: { value: Buffer.from('2'), headers: { n: '2' } } }, history: [{ did: 'parked', reason: 'cannot handle 2' }] });
    expect(Math.abs((shown.history[0]?.atMs ?? 0) - Date.now())).toBeLessThan(60_000);
    await expect(office(bench(), 'other', (letters, tx) => letters.show(tx, id))).rejects.toMatchObject({ kind: 'missing', code: 'no-such-dead-letter' });
  });

  it('writes down who released and what failed again, also when the record has left', async () => {
    let broken = true;
    const topic = await poisoned(bench(), 'noted', (record) => broken && numberOf(record) === 2);
    const id = await parkedId(bench(), 'noted', topic, 'a');
    expect(await release(bench(), 'noted', id)).toMatchObject({ outcome: 'failed', released: 0, left: 3 });
    broken = false;
    expect(await release(bench(), 'noted', id, { operator: 'pavel', reason: 'new version' })).toEqual({ outcome: 'done', released: 3, left: 0 });
    expect(await appliedNumbers(bench().database, 'noted', topic, 'a')).toEqual([1, 2, 3, 4]);
    expect(await deeds(bench(), 'noted', id)).toEqual([['parked', 'cannot handle 2', undefined], ['failed-again', 'cannot handle 2', 'olga'], ['released', 'new version', 'pavel']]);
    expect(await release(bench(), 'noted', id)).toEqual({ outcome: 'done', released: 0, left: 0 });
  });

  it('drops one record for good, and delivers those that only waited behind it', async () => {
    const topic = await poisoned(bench(), 'dropped', (record) => numberOf(record) === 2);
    const id = await parkedId(bench(), 'dropped', topic, 'a');
    expect(await drop(bench(), 'dropped', id)).toEqual({ outcome: 'done', released: 2, left: 0 });
    expect(await appliedNumbers(bench().database, 'dropped', topic, 'a')).toEqual([1, 3, 4]);
    expect(await deeds(bench(), 'dropped', id)).toEqual([['parked', 'cannot handle 2', undefined], ['dropped', 'a test call', 'olga']]);
    await expect(drop(bench(), 'dropped', id)).rejects.toMatchObject({ kind: 'missing', code: 'not-parked' });
    await bench().eventLog.append(topic, [numbered('a', 7)]);
    await eventually(async () => (await appliedNumbers(bench().database, 'dropped', topic, 'a')).includes(7));
    expect(await parkedNumbers(bench().database, 'dropped', topic)).toEqual([]);
  });

  it('drops no more than it was told: another record that was parked for its own sake stays', async () => {
    const topic = await bench().topic({ partitions: 1, readBy: ['picky'] });
    await bench().eventLog.append(topic, [1, 2].map((n) => numbered('a', n)));
    await bench().subscribe({ group: 'picky', topics: [topic], handle: ({ records }) => Promise.resolve({ kind: 'handled', parked: records.map((record) => ({ record, reason: `no ${numberOf(record)}` })) }) });
    await eventually(async () => (await parkedNumbers(bench().database, 'picky', topic)).length === 2);
    const id = await parkedId(bench(), 'picky', topic, 'a');
    expect(await drop(bench(), 'picky', id)).toEqual({ outcome: 'done', released: 0, left: 1 });
    const next = await parkedId(bench(), 'picky', topic, 'a');
    expect(await parkedNumbers(bench().database, 'picky', topic)).toEqual([{ n: 2, held: false, reason: 'no 2' }]);
    expect(await deeds(bench(), 'picky', next)).toHaveLength(1);
  });

  it('lets nothing overtake the parked records of a key, whatever comes while they are released', async () => {
    let broken = true;
    const topic = await poisoned(bench(), 'overtaken', (record) => broken && numberOf(record) === 2);
    const append = async (from: number, to: number): Promise<void> => {
      for (let n = from; n < to; n += 5) await bench().eventLog.append(topic, [0, 1, 2, 3, 4].map((more) => numbered('a', n + more)));
    };
    await append(10, 310);
    await eventually(async () => (await parkedNumbers(bench().database, 'overtaken', topic)).length === 303);
    const id = await parkedId(bench(), 'overtaken', topic, 'a');
    broken = false;
    const going = append(310, 610);
    const outcomes: string[] = [];
    do outcomes.push((await release(bench(), 'overtaken', id)).outcome);
    while (outcomes.at(-1) === 'more');
    await going;
    await eventually(async () => (await appliedNumbers(bench().database, 'overtaken', topic, 'a')).length === 604, { limitMs: 60_000 });
    expect(await appliedNumbers(bench().database, 'overtaken', topic, 'a')).toEqual([1, 2, 3, 4, ...Array.from({ length: 600 }, (_, n) => 10 + n)]);
    expect(outcomes.slice(0, 2)).toEqual(['more', expect.any(String)]);
    expect(await parkedNumbers(bench().database, 'overtaken', topic)).toEqual([]);
  });

  it('leaves a record as it is while its handler asks to wait, and undoes what that wrote', async () => {
    let state: 'broken' | 'waiting' | 'well' = 'broken';
    const topic = await bench().topic({ partitions: 1, readBy: ['waits'] });
    await bench().subscribe({ group: 'waits', topics: [topic], handle: async ({ tx, records }): Promise<Outcome> => {
      await recordEffects(tx, 'waits', 'spec', topic, records);
      if (state === 'broken') throw new TypeError('broken');
      return state === 'waiting' ? { kind: 'retry', reason: 'the vendor is away' } : { kind: 'handled' };
    } });
    await bench().eventLog.append(topic, [numbered('a', 1)]);
    await eventually(async () => (await parkedNumbers(bench().database, 'waits', topic)).length === 1);
    const id = await parkedId(bench(), 'waits', topic, 'a');
    state = 'waiting';
    expect(await release(bench(), 'waits', id)).toEqual({ outcome: 'waits', released: 0, left: 1, reason: 'the vendor is away' });
    expect(await appliedNumbers(bench().database, 'waits', topic, 'a')).toEqual([]);
    state = 'well';
    expect(await release(bench(), 'waits', id)).toMatchObject({ outcome: 'done', released: 1 });
    expect(await deeds(bench(), 'waits', id)).toHaveLength(2);
  });

  it('copies what was parked for a reason to the topic of its dead letters, and what was only held once it fails itself', async () => {
    let cured = 0;
    const topic = await poisoned(bench(), 'copied', (record) => numberOf(record) === (cured === 0 ? 2 : 3));
    const copies = await mirrored(bench(), topic, 'copied');
    await eventually(() => copies.length === 1);
    expect(copies[0]).toMatchObject({ key: 'a', value: Buffer.from('2'), headers: { n: '2', cc_dlq_reason: 'cannot handle 2', cc_dlq_group: 'copied', cc_dlq_topic: topic, cc_dlq_partition: '0', cc_dlq_offset: '1', cc_dlq_parked_at: expect.stringMatching(/^20\d\d-/) } });
    cured = 1;
    expect(await release(bench(), 'copied', await parkedId(bench(), 'copied', topic, 'a'))).toMatchObject({ outcome: 'failed', released: 1, left: 2, reason: 'cannot handle 3' });
    expect(await release(bench(), 'copied', await parkedId(bench(), 'copied', topic, 'a'))).toMatchObject({ outcome: 'failed', released: 0 });
    // The copy of another key's record comes after all that there are of this one.
    await bench().eventLog.append(topic, [numbered('c', 3)]);
    await eventually(() => copies.some(({ key }) => key === 'c'));
    expect(copies.map((copy) => [copy.key, numberOf(copy)])).toEqual([['a', 2], ['a', 3], ['c', 3]]);
  });

  it('parks a record at the size limit, and copies it without its bytes', async () => {
    const topic = await bench().topic({ partitions: 1, readBy: ['large'] });
    await bench().subscribe({ group: 'large', topics: [topic], handle: ({ records }) => Promise.resolve({ kind: 'handled', parked: records.map((record) => ({ record, reason: `called +8613900000001 ${'x'.repeat(2000)}` })) }) });
    await bench().eventLog.append(topic, [{ key: 'a', value: Buffer.alloc(899_500), headers: {} }]);
    const copies = await mirrored(bench(), topic, 'large');
    await eventually(() => copies.length === 1);
    expect(copies[0]).toMatchObject({ key: 'a', value: null, headers: { cc_dlq_omitted_bytes: expect.stringMatching(/^8996\d\d$/), cc_dlq_reason: expect.stringMatching(/^called \+86139\*{4}0001 x/) } });
  });

  it('keeps all the history of what is parked, and that of what is gone for 30 days', async () => {
    const topic = await poisoned(bench(), 'replays', (record) => numberOf(record) === 2);
    const id = await parkedId(bench(), 'replays', topic, 'a');
    await bench().database.query(`UPDATE dead_letter_history SET at = now() - interval '31 days' WHERE letter = $1`, [id]);
    await bench().database.query(`INSERT INTO dead_letter_history (letter, grp, topic, part, off, key, did, reason, at) VALUES (0, 'replays', 't', 0, 0, 'k', 'released', '', now() - interval '31 days'), (-1, 'replays', 't', 0, 0, 'k', 'released', '', now() - interval '29 days')`);
    expect(await release(bench(), 'replays', id)).toMatchObject({ outcome: 'failed' });
    expect((await deeds(bench(), 'replays', id)).map(([did]) => did)).toEqual(['parked', 'failed-again']);
    await expect(deeds(bench(), 'replays', 0)).rejects.toMatchObject({ kind: 'missing' });
    expect(await deeds(bench(), 'replays', -1)).toHaveLength(1);
  });

  it('writes down that a replay takes parked records away', async () => {
    const topic = await bench().topic({ partitions: 1, readBy: ['again'] });
    await bench().eventLog.append(topic, [numbered('a', 1)]);
    const running = await bench().subscribe({ group: 'again', topics: [topic], handle: failing('again', () => true) });
    await eventually(async () => (await parkedNumbers(bench().database, 'again', topic)).length === 1);
    const id = await parkedId(bench(), 'again', topic, 'a');
    await running.stop();
    await bench().eventLog.replayFromStart('again', topic);
    expect(await parkedNumbers(bench().database, 'again', topic)).toEqual([]);
    expect((await deeds(bench(), 'again', id)).map(([did]) => did)).toEqual(['parked', 'replayed']);
  });
}
