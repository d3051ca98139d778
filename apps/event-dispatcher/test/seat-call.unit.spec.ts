import type { CallEvent } from '@cc/contracts';
import { advance, chooseAttempt, type SeatAttempt } from '../src/domain/seat-call';

const attempt = (name: string, startedAt: number, more: Partial<SeatAttempt> = {}): SeatAttempt => ({
  attempt: { attemptId: name, callId: name, tenant: 't', channel: 'c', recordRequested: false }, subject: 's', startedAt, vendorCallId: undefined, progress: 'none', over: false, ...more,
});
const told = (receivedAt: number, vendorCallId?: string) => ({ receivedAt, vendorCallId });
const connected: CallEvent = { type: 'cc.call.connected.v1', id: 'i', callId: 'c', tenant: 't', attemptId: 'a', channel: 'c', occurredAt: 1, recordedAt: 1, source: 'poll' };

describe('whose a message of a seat is', () => {
  const [first, second] = [attempt('1', 10_000, { over: true, vendorCallId: 'v1' }), attempt('2', 20_000)];
  it('the call that it names, even if that is over', () => expect(chooseAttempt([first, second], told(30_000, 'v1'))).toEqual({ kind: 'ours', of: first }));
  it('else the latest that had begun, with clocks a second apart', () => {
    expect(chooseAttempt([second, first], told(30_000))).toEqual({ kind: 'ours', of: second });
    expect(chooseAttempt([first, second], told(19_000, 'v2'))).toEqual({ kind: 'ours', of: second });
  });
  it('nobody\'s yet, where the latest is over or there is none', () => {
    expect(chooseAttempt([first, second], told(18_999)).kind).toBe('wait');
    expect(chooseAttempt([], told(1)).kind).toBe('wait');
  });
  it('a stranger\'s, where it names another call', () => expect(chooseAttempt([attempt('3', 1, { vendorCallId: 'v3' })], told(5000, 'v4')).kind).toBe('foreign'));
});

it('never goes back', () => {
  expect(advance('none', [connected])).toBe('connected');
  expect(advance('ended', [connected])).toBe('ended');
  expect(advance('a-ringing', [])).toBe('a-ringing');
});
