import { channels, EventPath, golden, newCall, type Channel, type Message } from './event-path';

/** All that a vendor tells of one call, in the order in which it happens: by callback, by poll and by query. */
const histories: readonly (readonly [name: string, channel: Channel, messages: readonly string[]])[] = [
  ['an answered call of e9: callbacks and the record', channels.e9, ['invite-a', 'invite-b', 'establish', 'hangup-answered', 'query-found']],
  ['an answered call of createCall: polls, callbacks and the history', channels.createCall, ['state-calling', 'state-talking', 'connect', 'record-answered', 'release-answered']],
  ['an answered call of voiceCall: pushes and the fee', channels.voiceCall, ['alerting-a', 'answer-a', 'answer-b', 'disconnect-0-by-a', 'fee-answered']],
  ['a call of voiceCall that B did not answer, of which the vendor does not say whose failure it was', channels.voiceCall, ['callout-a', 'alerting-a', 'answer-a', 'alerting-b', 'disconnect-8003-either-leg']],
  ['an answered call of jy: callbacks and the query', channels.jy, ['a-ringing', 'b-ringing', 'connected', 'ended-answered', 'query-ended']],
];

const LATER_MS = 90_000;

function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length <= 1) yield [...items];
  else for (const [index, first] of items.entries()) for (const rest of permutations([...items.slice(0, index), ...items.slice(index + 1)])) yield [first, ...rest];
}

/** The same message, and the vendor told it again later. */
const repeated = (message: Message): Message => ({ ...message, receivedAt: message.receivedAt + LATER_MS });

describe('what a vendor tells of a call', () => {
  let path: EventPath;
  beforeAll(async () => {
    path = await EventPath.start();
  }, 60_000);
  afterAll(() => path.stop(), 30_000);

  it.each(histories)('gives the same record, byte for byte, in each of the 120 orders, repeated, before and after the dial is answered: %s', async (_name, channel, names) => {
    const messages = names.map((name) => golden(channel.folder, name));
    const orders = [...permutations(messages)];
    expect(orders).toHaveLength(120);
    const ran = await Promise.all(orders.map(async (order, index) => {
      const call = newCall(channel);
      const copies = order.map(repeated);
      const answered = index % 3;
      if (answered === 0) await path.accept(call);
      if (index % 2 === 0) await path.begin(call);
      // The copies come after, before, and on both sides: what was learnt first may be known only afterwards.
      await path.notify(call, index % 4 < 2 ? order : copies);
      if (answered === 1) await path.accept(call);
      if (index % 2 === 1) await path.begin(call);
      await path.notify(call, [copies, [...copies, ...order], order, [...order, ...copies]][index % 4] ?? []);
      if (answered === 2) await path.accept(call);
      return call;
    }));
    await path.settled();
    const records = new Map<string, number>();
    for (const call of ran) records.set(path.recordOf(call), (records.get(path.recordOf(call)) ?? 0) + 1);
    expect([...records.keys()]).toHaveLength(1);
    expect([...records.values()]).toEqual([120]);
    expect(await path.unused()).toEqual([]);
    expect(JSON.parse([...records.keys()][0] ?? '{}')).toMatchObject({ state: 'close', stage: 'ended', recordState: 'complete', vendorCallId: 'VENDOR-CALL', updatedAt: Math.max(...messages.map(({ receivedAt }) => receivedAt)) });
  }, 120_000);
});
