import { Clock } from '@cc/kernel';
import { Exchange } from '../exchange';
import { Pace } from '../pace';
import { Tally } from '../tally';
import { HwPlatform, type HwAnswer, type HwFields } from './hw-platform';
import { HwTokens } from './hw-tokens';

class HandClock extends Clock {
  at = 1_700_000_000_000;
  nowMs(): number {
    return this.at;
  }
}

function simulate(speed = 1) {
  const clock = new HandClock();
  const pace = new Pace(speed);
  const exchange = new Exchange(clock, pace, 1);
  const platform = new HwPlatform({ clock, pace, tally: new Tally() }, exchange);
  const create = (called: string, more: HwFields = {}): HwAnswer => platform.createCall({ caller: '13912345678', called, ...more }, 'http://sim').answer;
  const place = (called: string, more: HwFields = {}) => {
    const { result } = create(called, more);
    const call = exchange.find('hw', String(result !== undefined && 'callSerialNo' in result ? result['callSerialNo'] : ''));
    if (call === undefined) throw new Error('not placed');
    return call;
  };
  return { clock, exchange, platform, create, place };
}

describe('tokens', () => {
  const app = { appKey: 'key', appSecret: 'secret' };

  test('are given for the right key and secret and at most an hour', () => {
    const tokens = new HwTokens(new HandClock(), app);
    expect([tokens.issue('key', 'wrong', '600'), tokens.issue('wrong', 'secret', '600'), tokens.issue(undefined, undefined, undefined)]).toEqual(Array(3).fill('unauthorized'));
    expect(['0', '3601', '-1', 'x', ''].map((expires) => tokens.issue('key', 'secret', expires))).toEqual(Array(5).fill('bad-expiry'));
    expect([tokens.issue('key', 'secret', '3600'), tokens.issue('key', 'secret', undefined)]).toMatchObject([{ expiresSeconds: 3600 }, { expiresSeconds: 600 }]);
  });

  test('are wanted as Bearer and work until they expire', () => {
    const clock = new HandClock();
    const tokens = new HwTokens(clock, app);
    const token = tokens.issue('key', 'secret', '60');
    const value = typeof token === 'string' ? '' : token.value;
    expect([tokens.allows(`Bearer ${value}`, undefined), tokens.allows(`Bearer ${value}`, 'key')]).toEqual([true, true]);
    expect([tokens.allows(value, undefined), tokens.allows(`bearer ${value}`, undefined), tokens.allows(undefined, 'key'), tokens.allows('Bearer x', undefined), tokens.allows(`Bearer ${value}`, 'other')]).toEqual(Array(5).fill(false));
    clock.at += 59_999;
    expect(tokens.allows(`Bearer ${value}`, undefined)).toBe(true);
    clock.at += 1;
    expect(tokens.allows(`Bearer ${value}`, undefined)).toBe(false);
  });
});

describe('createCall', () => {
  test.each([
    ['5', { caller: undefined }], ['5', { caller: '12' }], ['5', { called: 'abc' }], ['5', { called: 13812345678 }], ['5', { called: '123456789012345' }], ['5', { callerPresent: 'x' }], ['5', { agentPresent: '123456789012345' }],
    ['2', { callData: 'x'.repeat(1025) }], ['2', { callData: { a: 1 } }],
    ['8', { called: '13812345685' }],
  ])('refuses with %s: %j', (retCode, fields) => {
    const { platform, exchange } = simulate();
    expect(platform.createCall({ caller: '13912345678', called: '13812345678', ...fields }, 'http://sim').answer).toMatchObject({ retCode });
    expect(exchange.all()).toEqual([]);
  });

  test.each([{ called: '+8613812345678' }, { called: '01088889999' }, { called: '4001234567' }, { caller: '88889050' }, { callData: 'x'.repeat(1024), callerPresent: '4001234567', agentPresent: '640003' }])('accepts %j', (fields) => {
    const { platform } = simulate();
    expect(platform.createCall({ caller: '13912345678', called: '13812345678', ...fields }, 'http://sim')).toMatchObject({ manner: { manner: 'accepted' }, answer: { retCode: '0', result: { callSerialNo: expect.stringMatching(/^\d{19}$/) } } });
  });

  test('places no call for HTTP 500, and places it when the answer is lost', () => {
    const { platform, exchange } = simulate();
    expect(platform.createCall({ caller: '13912345678', called: '13812345694' }, 'http://sim').manner.manner).toBe('failed');
    expect(exchange.all()).toEqual([]);
    expect(platform.createCall({ caller: '13912345678', called: '13812345693' }, 'http://sim').manner.manner).toBe('answer-lost');
    expect(exchange.all()).toHaveLength(1);
  });
});

describe('queryCallState', () => {
  test('goes from waiting to ended, and tells reason and end only then', () => {
    const { clock, platform, place } = simulate();
    const call = place('13812345678', { callData: 'attempt-1' });
    const { aRingAt, connectedAt = 0, endedAt } = call.times;
    const seen = [aRingAt - 1, aRingAt, connectedAt - 1, connectedAt, endedAt - 1, endedAt].map((at) => {
      clock.at = at;
      return platform.queryCallState({ callSerialNo: call.id }).result;
    });
    expect(seen).toMatchObject([{ state: 0 }, { state: 1 }, { state: 1 }, { state: 2 }, { state: 2 }, { state: 3, reasonCode: 0, startTime: call.dialledAt, endTime: endedAt, callData: 'attempt-1' }]);
    expect(seen[4]).not.toHaveProperty('reasonCode');
    expect(seen[4]).not.toHaveProperty('endTime');
  });

  test.each([['81', 4], ['82', 5], ['83', 2], ['84', 3], ['86', 1], ['87', 0], ['88', 99], ['89', 0]])('scenario %s ends with reason %s', (digits, reasonCode) => {
    const { clock, platform, place } = simulate();
    const call = place(`138123456${digits}`);
    clock.at += 120_000;
    expect(platform.queryCallState({ callSerialNo: call.id })).toMatchObject({ retCode: '0', result: { state: 3, reasonCode } });
  });

  test('refuses what is no serial and what it does not know', () => {
    const { platform } = simulate();
    expect([{}, { callSerialNo: '' }, { callSerialNo: 'x'.repeat(51) }, { callSerialNo: '1' }].map((fields) => platform.queryCallState(fields).retCode)).toEqual(['3', '3', '3', '1']);
  });
});

describe('queryCallDetailRecord', () => {
  test('lists ended calls of a period with what happened in them', () => {
    const { clock, platform, place } = simulate();
    const startTime = clock.at;
    const [talked, unanswered] = [place('13812345678'), place('13812345681', {})];
    const period = { startTime: String(startTime), endTime: startTime + 1000 };
    expect(platform.queryCallDetailRecord(period).retCode).toBe('1');
    clock.at = startTime + 120_000;
    const { times } = talked;
    const answer = platform.queryCallDetailRecord(period);
    expect(answer).toEqual({
      retCode: '0', retMsg: 'success',
      result: {
        total: 2,
        callInfo: [
          {
            callSerialNo: talked.id, state: 3, reasonCode: 0, caller: '13912345678', called: '13812345678', startTime, endTime: times.endedAt,
            agentAlertingTime: times.aRingAt, agentTalkingTime: times.aAnsweredAt, agentReleaseTime: times.endedAt, agentTalkDuration: expect.any(Number),
            alertingTime: times.bRingAt, talkingTime: times.connectedAt, releaseTime: times.endedAt, talkDuration: expect.any(Number),
          },
          { callSerialNo: unanswered.id, state: 3, reasonCode: 4, caller: '13912345678', called: '13812345681', startTime, endTime: unanswered.times.endedAt, agentAlertingTime: unanswered.times.aRingAt, agentReleaseTime: unanswered.times.endedAt, agentTalkDuration: 0, talkDuration: 0 },
        ],
      },
    });
    const page = (more: HwFields) => platform.queryCallDetailRecord({ ...period, ...more });
    expect([page({ offset: '1', limit: '1' }), page({ limit: 1 })]).toMatchObject([{ result: { total: 2, callInfo: [{ callSerialNo: unanswered.id }] } }, { result: { total: 2, callInfo: [{ callSerialNo: talked.id }] } }]);
    expect([page({ caller: '13700000000' }), page({ taskType: '3' }), page({ limit: 'x' }), page({ endTime: 'x' }), page({ startTime: undefined }), page({ endTime: startTime + 7 * 86_400_000 + 1 })].map(({ retCode }) => retCode)).toEqual(['1', '1', '4', '2', '2', '2']);
  });
});

describe('a recording', () => {
  const urlOf = ({ result }: HwAnswer): URL => new URL(String(result !== undefined && 'url' in result ? result['url'] : ''));

  test.each([['78', 2], ['96', 60]])('of scenario %s has an address %s s after the end, for five minutes', (digits, delaySeconds) => {
    const { clock, platform, place } = simulate();
    const call = place(`138123456${digits}`);
    const ask = () => platform.getRecordingAddress({ callSerialNo: call.id }, 'http://sim');
    clock.at = call.times.endedAt + delaySeconds * 1000 - 1;
    expect(ask().retCode).toBe(5);
    clock.at += 1;
    const url = urlOf(ask());
    const get = () => platform.recording(call.id, url.searchParams.get('expires') ?? '', url.searchParams.get('signature') ?? '');
    const found = get();
    expect(url.pathname).toBe(`/hw/recordings/${call.id}.wav`);
    expect(found.kind === 'audio' ? (found.audio.length - 58) / 8 : 0).toBeCloseTo(call.times.endedAt - (call.times.connectedAt ?? 0), 0);
    clock.at += 299_999;
    expect(get().kind).toBe('audio');
    clock.at += 1;
    expect(get().kind).toBe('forbidden');
    expect(platform.recording(call.id, '9999999999999', url.searchParams.get('signature') ?? '').kind).toBe('forbidden');
  });

  test('has an address for at least ten seconds at any speed', () => {
    const { clock, platform, place } = simulate(1000);
    const call = place('13812345678');
    clock.at += 60_000;
    expect(Number(urlOf(platform.getRecordingAddress({ callSerialNo: call.id }, 'http://sim')).searchParams.get('expires'))).toBe(clock.at + 10_000);
  });

  test('is missing where nobody talked, where the scenario loses it, and where no such call was', () => {
    const { clock, platform, place } = simulate();
    const calls = [place('13812345682'), place('13812345697')];
    clock.at += 86_400_000;
    expect(calls.map(({ id }) => platform.getRecordingAddress({ callSerialNo: id }, 'http://sim').retCode)).toEqual([5, 5]);
    expect([{ callSerialNo: '1' }, { callSerialNo: 'x'.repeat(51) }].map((fields) => platform.getRecordingAddress(fields, 'http://sim').retCode)).toEqual([5, 12]);
  });
});
