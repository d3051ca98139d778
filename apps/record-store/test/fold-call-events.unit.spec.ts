import fc from 'fast-check';
import { SourcedField, type CallEvent, type CallEventOf, type CallRecord, type EventSource } from '@cc/contracts';
import { foldCallEvents } from '../src/domain/fold-call-events';
import { monthOf, monthsAround } from '../src/domain/months';

const T0 = 1_790_000_000_000;
const number = (masked: string) => ({ masked, ref: `ref-${masked}`, sealed: `sealed-${masked}` });
const base = (id: string, atMs: number, source: EventSource) => ({ id, callId: 'call-1', tenant: 'acme', occurredAt: T0 + atMs, recordedAt: T0 + atMs + 7, source });
const on = (attempt: number, name: string, atMs: number, source: EventSource) => ({ ...base(`call-1-${attempt}/${name}/${source}/${atMs}`, atMs, source), attemptId: `call-1-${attempt}`, channel: 'e9-main' });

const requested: CallEventOf<'cc.call.requested.v1'> = {
  type: 'cc.call.requested.v1', ...base('call-1/requested', 0, 'gateway'), caller: number('a****1'), called: number('b****2'), agent: 'ann', record: true, ivr: { text: 'hello' }, bizData: { order: 7 },
};
const started = (attempt = 1, atMs = 10): CallEvent => ({ type: 'cc.call.attempt-started.v1', ...on(attempt, 'started', atMs, 'router'), vendor: 'e9', attemptNumber: attempt, recordRequested: true });
const accepted = (attempt = 1, atMs = 20): CallEvent => ({ type: 'cc.call.attempt-accepted.v1', ...on(attempt, 'accepted', atMs, 'router'), vendorCallId: `v-${attempt}` });
const refused = (attempt = 1, atMs = 20): CallEvent => ({ type: 'cc.call.attempt-refused.v1', ...on(attempt, 'refused', atMs, 'router'), class: 'rejected', vendorCode: '31', reason: 'no balance' });
const unknown = (attempt = 1, atMs = 20): CallEvent => ({ type: 'cc.call.attempt-unknown.v1', ...on(attempt, 'unknown', atMs, 'router'), reason: 'timed out' });
const aRinging = (atMs: number, source: EventSource = 'callback', attempt = 1): CallEvent => ({ type: 'cc.call.a-ringing.v1', ...on(attempt, 'a-ringing', atMs, source), channelState: `ringing by ${source}` });
const aAnswered = (atMs: number, source: EventSource = 'callback'): CallEvent => ({ type: 'cc.call.a-answered.v1', ...on(1, 'a-answered', atMs, source) });
const bRinging = (atMs: number, source: EventSource = 'callback'): CallEvent => ({ type: 'cc.call.b-ringing.v1', ...on(1, 'b-ringing', atMs, source) });
const connected = (atMs: number, source: EventSource = 'callback', attempt = 1): CallEvent => ({ type: 'cc.call.connected.v1', ...on(attempt, 'connected', atMs, source) });
const ended = (atMs: number, told: Partial<CallEventOf<'cc.call.ended.v1'>> = {}, source: EventSource = 'callback', attempt = 1): CallEvent => ({ type: 'cc.call.ended.v1', ...on(attempt, 'ended', atMs, source), closeType: 0, ...told });
const available = (atMs: number): CallEvent => ({ type: 'cc.call.recording-available.v1', ...on(1, 'available', atMs, 'callback'), vendorCallId: 'v-1', vendorUrl: 'https://vendor.example/1.mp3' });
const archived = (atMs: number): CallEvent => ({ type: 'cc.call.recording-archived.v1', ...on(1, 'archived', atMs, 'archiver'), object: 'recordings/1.mp3', url: 'https://oss.example/1.mp3', sizeBytes: 4096, sha256: 'a'.repeat(64) });
const failed = (atMs: number): CallEvent => ({ type: 'cc.call.recording-failed.v1', ...on(1, 'failed', atMs, 'archiver'), reason: 'the vendor has lost it' });

const cancelled = (atMs: number): CallEvent => ({ type: 'cc.call.cancel-requested.v1', ...base('call-1/cancel-requested', atMs, 'gateway') });
const hangUpAnswered = (atMs: number, accepted = true): CallEvent => ({ type: 'cc.call.hang-up-answered.v1', ...base(`call-1-1/hang-up-answered/${accepted}`, atMs, 'router'), attemptId: 'call-1-1', channel: 'e9-main', accepted });

const talked = [requested, started(), accepted(), aRinging(1000), connected(5000), ended(65_400, { endedBy: 'b', vendorCode: '1', durationSeconds: 60 }), archived(90_000)];

/** Everything that may be told of one call, by several sources at different times. */
const manifold: readonly CallEvent[] = [
  ...talked, cancelled(60_000), hangUpAnswered(60_100),
  unknown(), aRinging(900, 'poll'), aRinging(1100, 'query'), aAnswered(2000), aAnswered(1900, 'derived'), bRinging(3000), bRinging(2900, 'poll'),
  connected(5100, 'poll'), connected(4900, 'derived'), connected(5050, 'query'), ended(66_000, { closeType: 255, reason: 'polled' }, 'poll'), ended(70_000, { closeType: 255 }, 'reaper'), available(66_000), failed(80_000),
];

function folded(events: readonly CallEvent[]): CallRecord {
  const record = foldCallEvents(events);
  if (record === undefined) throw new Error('No record');
  return record;
}

function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length <= 1) yield [...items];
  for (const [index, first] of items.entries()) {
    if (items.length > 1) for (const rest of permutations([...items.slice(0, index), ...items.slice(index + 1)])) yield [first, ...rest];
  }
}

describe('the fold of call events', () => {
  it('gives the same record, byte for byte, for each of the 5040 orders of an ordinary call', () => {
    const results = new Set<string>();
    let orders = 0;
    for (const order of permutations(talked)) {
      results.add(JSON.stringify(foldCallEvents(order)));
      orders += 1;
    }
    expect(orders).toBe(5040);
    expect([...results]).toEqual([JSON.stringify(folded(talked))]);
  });

  it('gives the same record for any order, any duplicates and any subset of events', () => {
    const someEvents = fc.subarray([...manifold], { minLength: 1 });
    fc.assert(fc.property(someEvents.chain((events) => fc.tuple(fc.constant(events), fc.array(fc.constantFrom(...events)), fc.infiniteStream(fc.double({ noNaN: true })))), ([events, again, random]) => {
      const shuffled = [...events, ...again].map((event) => ({ event, rank: random.next().value ?? 0 })).sort((a, b) => a.rank - b.rank).map(({ event }) => event);
      expect(JSON.stringify(foldCallEvents(shuffled))).toBe(JSON.stringify(foldCallEvents(events)));
    }), { numRuns: 500 });
  });

  it('takes A\'s failure for B\'s where the vendor does not say whose it was and A is known to have answered, whatever comes first', () => {
    const either = (closeType: 1 | 3 | 7): CallEvent => ended(9000, { closeType, eitherLeg: true }, 'derived');
    const closeTypes = (...events: readonly CallEvent[]): unknown[] => [...permutations(events)].map((order) => folded([requested, started(), ...order]).closeType);
    expect(closeTypes(either(1), aRinging(1000))).toEqual([1, 1]);
    for (const answered of [aAnswered(2000), bRinging(3000), connected(5000)]) {
      expect(closeTypes(either(1), answered)).toEqual([2, 2]);
      expect(closeTypes(either(3), answered)).toEqual([4, 4]);
      expect(closeTypes(either(7), answered)).toEqual([7, 7]);
      expect(closeTypes(ended(9000, { closeType: 1 }), answered)).toEqual([1, 1]);
    }
    expect(new Set(closeTypes(either(1), aRinging(1000), ended(9500, { closeType: 4 }, 'derived')))).toEqual(new Set([4]));
    expect(new Set(closeTypes(started(2, 30), aRinging(1000, 'callback', 2), aAnswered(900), { ...ended(9000, { closeType: 1, eitherLeg: true }, 'derived', 2) }))).toEqual(new Set([1]));
  });

  it('believes a time that was told before one at which CC learnt of it, of one source', () => {
    const untimed: CallEvent = { ...connected(4000), untimed: true };
    for (const order of permutations([untimed, connected(5000)])) expect(folded([requested, started(), ...order]).connectedAt).toBe(T0 + 5000);
    expect(folded([requested, started(), untimed, connected(5000, 'poll')]).connectedAt).toBe(T0 + 4000);
  });

  it('names the event of each field that others than the application told, and that event says what the record says', () => {
    const valueIn: Partial<Record<SourcedField, (event: CallEvent) => unknown>> = {
      channel: (event) => ('channel' in event ? event.channel : undefined), vendorCallId: (event) => ('vendorCallId' in event ? event.vendorCallId : undefined),
      channelState: (event) => ('channelState' in event ? event.channelState : undefined), vendorCode: (event) => ('vendorCode' in event ? event.vendorCode : undefined),
      aCallAt: ({ occurredAt }) => occurredAt, bCallAt: ({ occurredAt }) => occurredAt, aOffhookAt: ({ occurredAt }) => occurredAt, closedAt: ({ occurredAt }) => occurredAt,
      closeType: (event) => ('closeType' in event ? event.closeType : undefined),
    };
    fc.assert(fc.property(fc.subarray(manifold.slice(1)), (events) => {
      const record = folded([requested, ...events]);
      const sources = new Map(Object.entries(record.sources ?? {}).flatMap(([id, fields]) => fields.map((field) => [field, events.find((event) => event.id === id)] as const)));
      for (const field of SourcedField.options.filter((name) => name !== 'stage' && name !== 'recording')) {
        const event = sources.get(field);
        expect([field, event !== undefined]).toEqual([field, record[field] !== undefined]);
        if (event !== undefined && valueIn[field] !== undefined) expect([field, valueIn[field](event)]).toEqual([field, record[field]]);
      }
    }), { numRuns: 500 });
    expect(folded([requested]).sources).toBeUndefined();
  });

  it('names whose word the rebuilt fields are', () => {
    const rebuilt = ended(65_000, { durationSeconds: 30 }, 'callback');
    expect(folded([requested, started(), rebuilt, ended(64_000, {}, 'query')]).sources).toEqual({
      'call-1-1/ended/callback/65000': ['bOffhookAt', 'connectedAt', 'durationSeconds'],
      'call-1-1/ended/query/64000': ['stage', 'closedAt', 'closeType', 'closeReason'],
      'call-1-1/started/router/10': ['channel', 'vendor'],
    });
    expect(folded([requested, started(), connected(5000), cancelled(8000), hangUpAnswered(8100), ended(9000)]).sources?.['call-1/cancel-requested']).toEqual(['endedBy']);
  });

  it('gives the same record when copies of one event were learnt at different times', () => {
    const late = talked.map((event) => ({ ...event, recordedAt: event.recordedAt + 5000 }));
    expect(JSON.stringify(foldCallEvents([...late, ...talked]))).toBe(JSON.stringify(foldCallEvents([...talked, ...late])));
    expect(folded([...talked, ...late]).updatedAt).toBe(folded(talked).updatedAt);
  });

  it('never goes back: neither state nor stage nor version, in whatever order the events come', () => {
    const stages = ['queued', 'dialing', 'a-ringing', 'a-answered', 'b-ringing', 'connected', 'ended'];
    const states = ['init', 'conn', 'close'];
    const failedOver = [started(1), refused(1), started(2, 30), accepted(2, 40), aRinging(1200, 'callback', 2), connected(5200, 'callback', 2), ended(9000, {}, 'callback', 2)];
    fc.assert(fc.property(fc.constantFrom(failedOver, manifold.slice(1)).chain((pool) => fc.shuffledSubarray([...pool], { minLength: pool.length })), (order) => {
      let before = folded([requested]);
      for (const [index] of order.entries()) {
        const now = folded([requested, ...order.slice(0, index + 1)]);
        expect(states.indexOf(now.state)).toBeGreaterThanOrEqual(states.indexOf(before.state));
        expect(stages.indexOf(now.stage)).toBeGreaterThanOrEqual(stages.indexOf(before.stage));
        expect(now.version).toBeGreaterThan(before.version);
        before = now;
      }
    }), { numRuns: 200 });
  });

  it('has no record before the request is known', () => {
    expect(foldCallEvents([])).toBeUndefined();
    expect(foldCallEvents(talked.slice(1))).toBeUndefined();
  });

  it.each([
    ['was over when it was cancelled', [ended(9000), cancelled(9500), hangUpAnswered(9600)]],
    ['was cancelled on a channel that cannot end it', [cancelled(8000), hangUpAnswered(8100, false), ended(9000)]],
    ['was cancelled, and nobody knows whether the vendor heard it', [cancelled(8000), ended(9000)]],
  ])('does not say who ended a call that %s', (_name, events) => {
    expect(folded([requested, started(), connected(5000), ...events]).endedBy).toBeUndefined();
  });

  it('does not count a talking time from a clock in another century', () => {
    expect(folded([requested, started(), connected(5000), ended(253_000_000_000_000)]).durationSeconds).toBeUndefined();
    expect(folded([requested, started(), connected(5000), ended(31_536_005_000)]).durationSeconds).toBe(31_536_000);
  });

  it('does not say how long a call lasted of which no end was heard', () => {
    expect(folded([requested, started(), ended(9000, { closeType: 255 }, 'reaper')]).durationSeconds).toBeUndefined();
  });

  it('tells an ordinary call in full', () => {
    expect(folded([...talked, available(66_000)])).toEqual({
      callId: 'call-1', tenant: 'acme', version: 8, state: 'close', stage: 'ended', recordState: 'complete',
      caller: requested.caller, called: requested.called, agent: 'ann', bizData: { order: 7 }, ivrText: 'hello',
      channel: 'e9-main', vendor: 'e9', vendorCallId: 'v-1', channelState: 'ringing by callback',
      createdAt: T0, updatedAt: T0 + 90_007, aCallAt: T0 + 1000, bOffhookAt: T0 + 5000, connectedAt: T0 + 5000, closedAt: T0 + 65_400,
      durationSeconds: 60, closeType: 0, closeReason: 'normal', vendorCode: '1', endedBy: 'b', attempts: 1,
      recording: { status: 'archived', object: 'recordings/1.mp3', url: 'https://oss.example/1.mp3', vendorUrl: 'https://vendor.example/1.mp3', sizeBytes: 4096, sha256: 'a'.repeat(64) },
      sources: {
        'call-1-1/a-ringing/callback/1000': ['channelState', 'aCallAt'],
        'call-1-1/accepted/router/20': ['vendorCallId'],
        'call-1-1/archived/archiver/90000': ['recording'],
        'call-1-1/connected/callback/5000': ['bOffhookAt', 'connectedAt'],
        'call-1-1/ended/callback/65400': ['stage', 'closedAt', 'durationSeconds', 'closeType', 'closeReason', 'vendorCode', 'endedBy'],
        'call-1-1/started/router/10': ['channel', 'vendor'],
      },
    });
  });

  const cases: readonly (readonly [string, readonly CallEvent[], Partial<CallRecord>])[] = [
    ['just asked for', [], { state: 'init', stage: 'queued', recordState: 'partial', attempts: 0, recording: { status: 'expected' } }],
    ['being dialled', [started()], { state: 'init', stage: 'dialing', channel: 'e9-main', vendor: 'e9', attempts: 1 }],
    ['in doubt', [started(), unknown()], { state: 'init', stage: 'dialing', recordState: 'partial' }],
    ['A rings', [started(), accepted(), aRinging(1000)], { state: 'init', stage: 'a-ringing', aCallAt: T0 + 1000, vendorCallId: 'v-1' }],
    ['A answered', [started(), aAnswered(2000)], { state: 'init', stage: 'a-answered', aOffhookAt: T0 + 2000 }],
    ['B rings', [started(), bRinging(3000)], { state: 'init', stage: 'b-ringing', bCallAt: T0 + 3000 }],
    ['talking', [started(), connected(5000)], { state: 'conn', stage: 'connected', connectedAt: T0 + 5000, bOffhookAt: T0 + 5000, recordState: 'partial' }],
    ['refused by the vendor', [started(), refused(), ended(21, { closeType: 6, vendorCode: '31', reason: 'no balance', endedBy: 'vendor' }, 'router')],
      { state: 'close', recordState: 'complete', closeType: 6, closeReason: 'no balance', vendorCode: '31', endedBy: 'vendor', durationSeconds: 0, recording: { status: 'absent' } }],
    ['reaped', [started(), unknown(), ended(9000, { closeType: 255, endedBy: 'cc', reason: 'nothing was heard' }, 'reaper')], { state: 'close', recordState: 'partial', closeType: 255, closeReason: 'nothing was heard', recording: { status: 'failed', reason: 'nobody knows whether there is one: no end of the call was heard of' } }],
    ['cancelled, and the vendor does not tell who ended it', [started(), connected(5000), cancelled(8000), hangUpAnswered(8100), ended(9000)], { endedBy: 'application' }],
    ['cancelled, and the vendor tells who ended it', [started(), connected(5000), cancelled(8000), hangUpAnswered(8100), ended(9000, { endedBy: 'b' })], { endedBy: 'b' }],
    ['reaped, and then the vendor told', [started(), ended(9000, { closeType: 255, reason: 'nothing was heard' }, 'reaper'), ended(8000, { closeType: 4 })], { state: 'close', recordState: 'complete', closeType: 4, closedAt: T0 + 8000 }],
    ['connection lost, rebuilt from the talking time', [started(), ended(65_000, { durationSeconds: 30 })], { state: 'close', connectedAt: T0 + 35_000, bOffhookAt: T0 + 35_000, durationSeconds: 30, recording: { status: 'expected' } }],
    ['talking time counted where the vendor tells none', [started(), connected(5000), ended(65_999)], { durationSeconds: 60 }],
    ['an end before the connection counts no time', [started(), connected(5000), ended(4000)], { durationSeconds: 0 }],
    ['not connected', [started(), ended(9000, { closeType: 2, durationSeconds: 0 })], { state: 'close', closeType: 2, closeReason: 'B unreachable', durationSeconds: 0, recording: { status: 'absent' } }],
    ['recording announced', [started(), connected(5000), ended(9000), available(9500)], { recording: { status: 'available', vendorUrl: 'https://vendor.example/1.mp3' } }],
    ['recording given up', [started(), connected(5000), ended(9000), available(9500), failed(10_000)], { recording: { status: 'failed', reason: 'the vendor has lost it', vendorUrl: 'https://vendor.example/1.mp3' } }],
    ['refused, then taken by a second channel', [started(1), refused(1), started(2, 30), accepted(2, 40), aRinging(1000, 'callback', 2)], { state: 'init', stage: 'a-ringing', attempts: 2, vendorCallId: 'v-2', aCallAt: T0 + 1000 }],
    ['what is late of the first of two attempts does not count', [started(1), started(2, 30), aRinging(900, 'query', 1), connected(5000, 'callback', 2), connected(4000, 'query', 1)], { state: 'conn', connectedAt: T0 + 5000 }],
    ['the end of the call as a whole counts whatever the attempt', [started(1), started(2, 30), { type: 'cc.call.ended.v1', ...base('call-1/ended', 100, 'router'), closeType: 255 }], { state: 'close', closeType: 255 }],
  ];
  it.each(cases)('%s', (_name, events, expected) => {
    expect(folded([requested, ...events])).toMatchObject(expected);
  });

  it('leaves out what nobody told, and asks for no recording that nobody wanted', () => {
    const { ivr: _ivr, bizData: _bizData, agent: _agent, ...bare } = requested;
    expect(folded([{ ...bare, record: false }])).toEqual({
      callId: 'call-1', tenant: 'acme', version: 1, state: 'init', stage: 'queued', recordState: 'partial', caller: requested.caller, called: requested.called,
      createdAt: T0, updatedAt: T0 + 7, attempts: 0, recording: { status: 'none' },
    });
  });
});

describe('the precedence of sources', () => {
  const order: readonly EventSource[] = ['query', 'callback', 'poll', 'derived', 'router', 'reaper'];
  const pairs = order.flatMap((stronger, index) => order.slice(index + 1).map((weaker) => [stronger, weaker] as const));

  it.each(pairs)('%s is believed before %s, even when it is later', (stronger, weaker) => {
    const record = folded([
      requested, started(), aRinging(100, weaker), aRinging(200, stronger), connected(300, weaker), connected(400, stronger),
      ended(9000, { closeType: 4, vendorCode: 'weak', endedBy: 'a' }, weaker), ended(9500, { closeType: 5, vendorCode: 'strong' }, stronger),
    ]);
    expect(record).toMatchObject({ aCallAt: T0 + 200, connectedAt: T0 + 400, closedAt: T0 + 9500, closeType: 5, vendorCode: 'strong', endedBy: 'a', channelState: `ringing by ${stronger}` });
  });

  it('takes each field from the most believed who tells it', () => {
    const record = folded([requested, started(), ended(9000, { closeType: 4 }, 'query'), ended(9100, { closeType: 0, durationSeconds: 12, reason: 'hung up' }, 'callback'), ended(9200, { closeType: 0, durationSeconds: 99, endedBy: 'a', vendorCode: '7' }, 'poll')]);
    expect(record).toMatchObject({ closeType: 4, closedAt: T0 + 9000, durationSeconds: 12, closeReason: 'hung up', endedBy: 'a', vendorCode: '7', connectedAt: T0 + 9000 - 12_000 });
  });

  it('believes the earlier of two messages of one source', () => {
    expect(folded([requested, started(), connected(5001), connected(5000)]).connectedAt).toBe(T0 + 5000);
  });
});

describe('months', () => {
  it('are calendar months in UTC', () => {
    expect(monthOf(Date.UTC(2026, 10, 30, 23, 59, 59, 999))).toEqual({ name: '2026_11', fromMs: Date.UTC(2026, 10, 1), toMs: Date.UTC(2026, 11, 1) });
    expect(monthsAround(Date.UTC(2026, 10, 30), 2).map(({ name }) => name)).toEqual(['2026_11', '2026_12', '2027_01']);
  });
  it('cover time without a gap', () => {
    const months = monthsAround(Date.UTC(2027, 0, 31), 24);
    for (const [index, month] of months.slice(1).entries()) expect(month.fromMs).toBe(months[index]?.toMs);
    expect(new Set(months.map(({ name }) => name)).size).toBe(25);
  });
});
