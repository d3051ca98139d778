import { scenarioFor, dialManners, placing } from './scenario';
import { OutageRequest, ScriptRequest, orderOf, outageFaults, scriptFaults } from './script-request';
import { Scripts } from './scripts';

describe('the scripts', () => {
  test('are chosen by number in any form, by vendor, or both, and the newest decides', () => {
    const scripts = new Scripts();
    scripts.add({ vendor: 'e9', scenario: { name: 'of e9' } });
    scripts.add({ number: '+86 138-1234-5678', scenario: { name: 'of the number' } });
    scripts.add({ vendor: 'hw', number: '13812345678', scenario: { name: 'of both' } });
    const taken = (['e9', 'hw'] as const).map((vendor) => ['13812345678', '008613812345678', '13812345679'].map((to) => scripts.take(vendor, to)?.name));
    expect(taken).toEqual([['of the number', 'of the number', 'of e9'], ['of both', 'of both', undefined]]);
  });

  test('are for so many calls and then give way, or stay until they are deleted', () => {
    const scripts = new Scripts();
    const always = scripts.add({ vendor: 'e9', scenario: { name: 'always' } });
    scripts.add({ vendor: 'e9', calls: 2, scenario: { name: 'twice' } });
    const take = () => scripts.take('e9', '13812345678')?.name;
    expect([take(), scripts.all().at(-1)?.callsLeft, take(), take(), take()]).toEqual(['twice', 1, 'twice', 'always', 'always']);
    expect([scripts.delete(always?.id ?? ''), scripts.delete(always?.id ?? ''), take()]).toEqual([true, false, undefined]);
    scripts.add({ vendor: 'e9', scenario: {} });
    scripts.deleteAll();
    expect([scripts.all(), take()]).toEqual([[], undefined]);
  });

  test('are an answered call but for what they say', () => {
    const script = new Scripts().add({ vendor: 'e9', scenario: { end: 'a-busy', dial: 'html', recording: 'late' } });
    expect(script?.scenario).toEqual({ ...scenarioFor('80'), name: 'script-1', digits: '', happens: 'As the posted script says', end: 'a-busy', dial: 'html', placed: false, recording: 'late' });
  });

  test('are bounded', () => {
    const scripts = new Scripts();
    const added = Array.from({ length: 10_001 }, () => scripts.add({ vendor: 'e9', scenario: {} }));
    expect(added.filter((script) => script === undefined)).toHaveLength(1);
  });
});

describe('a posted script', () => {
  const faultsOf = (body: unknown): string[] => {
    const parsed = ScriptRequest.safeParse(body);
    return [...(parsed.success ? [] : parsed.error.issues.map(({ path }) => `/${path.join('/')}`)), ...scriptFaults(body).map(({ pointer }) => pointer)];
  };

  test.each<[wrong: string[], body: unknown]>([
    [[], { vendor: 'e9' }],
    [[], { number: '+86 138-1234-5678', calls: 3, name: 'mine', end: 'b-no-answer', dial: 'slow', answerAfterSeconds: 3, callbacks: 'late', recording: 'missing', times: { ringAAfterSeconds: 0, answerAAfterSeconds: 1.5, ringBAfterSeconds: 2, unansweredAfterSeconds: 9 } }],
    [[], { vendor: 'hw', dial: 'failed', placed: true }],
    [['/number'], {}],
    [['/number'], { end: 'a-busy' }],
    [['/vendor'], { vendor: 'e8' }],
    [['/number'], { number: 'x' }],
    [['/calls'], { vendor: 'e9', calls: 0 }],
    [['/end'], { vendor: 'e9', end: 'cancelled' }],
    [['/placed'], { vendor: 'e9', dial: 'refused', placed: true }],
    [['/placed'], { vendor: 'e9', placed: false }],
    [['/answerAfterSeconds'], { vendor: 'e9', dial: 'html', answerAfterSeconds: 1 }],
    [['/times/talkSeconds'], { vendor: 'e9', times: { talkSeconds: -1 } }],
    [['/times/talkSeconds'], { vendor: 'e9', end: 'b-busy', times: { talkSeconds: 1, answerAAfterSeconds: 1 } }],
    [['/times/unansweredAfterSeconds'], { vendor: 'e9', times: { unansweredAfterSeconds: 1 } }],
    [['/dial', '/callbacks', '/number', '/times/ringBAfterSeconds'], { dial: 'gone', callbacks: 'gone', end: 'a-busy', times: { ringBAfterSeconds: 1 } }],
    [['/'], 'text'],
  ])('has the faults %j: %j', (wrong, body) => {
    expect(faultsOf(body)).toEqual(wrong);
  });

  test('becomes an order of what it says and nothing else', () => {
    const order = orderOf(ScriptRequest.parse({ vendor: 'e9', calls: 2, dial: 'never', placed: false, times: { talkSeconds: 3 } }));
    expect(order).toEqual({ number: undefined, vendor: 'e9', calls: 2, scenario: { dial: 'never', placed: false, times: { talkSeconds: 3 } } });
  });
});

test('an outage may not contradict itself either', () => {
  expect(OutageRequest.safeParse({ dial: 'placed-normally', callbacks: 'none', refuse: 0.5, until: 1 }).success).toBe(true);
  expect([{ refuse: 1.1 }, { callbacks: 'late' }, { until: 'soon' }, { vendor: 'e9' }].map((body) => OutageRequest.safeParse(body).success)).toEqual(Array(4).fill(false));
  expect(outageFaults({ dial: 'slow', placed: false })).toMatchObject([{ pointer: '/placed' }]);
  expect(outageFaults({ dial: 'html', placed: true, refuse: 0.1 })).toEqual([]);
});

test('whether a dial is placed is fixed where its answer says so', () => {
  expect(dialManners.filter((manner) => placing[manner].placed)).toEqual(['accepted', 'answer-lost', 'slow', 'truncated', 'error-inside', 'answer-after-callbacks', 'never']);
  expect(dialManners.filter((manner) => placing[manner].fixed)).toEqual(['accepted', 'refused', 'unavailable', 'slow', 'answer-after-callbacks']);
});
