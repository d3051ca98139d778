import { earlierCopy, type NotificationHeader } from '@cc/contracts';
import { toCallEvent, type Fact, type KnownAttempt } from '../src/domain/normalise';
import { subjectOf, subjectOfAttempt, subjectOfVendorCall } from '../src/domain/subject';

const attempt: KnownAttempt = { attemptId: 'call-1-1', callId: 'call-1', tenant: 'acme', channel: 'e9-main', recordRequested: true };
const header: NotificationHeader = { id: 'ntf-1', channel: 'e9-main', kind: 'callback', receivedAt: 9000, vendorCallId: 'v-1' };
const fact: Fact = { type: 'cc.call.connected.v1', occurredAt: 5000, channelState: 'talking' };

describe('a fact as a call event', () => {
  it('is of its attempt, of the message it came by, and told when we heard', () => {
    expect(toCallEvent(fact, attempt, header)).toEqual({ type: 'cc.call.connected.v1', id: expect.stringMatching(/^call-1-1\/connected\/[0-9a-f]{16}$/), callId: 'call-1', tenant: 'acme', attemptId: 'call-1-1', channel: 'e9-main', occurredAt: 5000, recordedAt: 9000, source: 'callback', channelState: 'talking' });
    expect(toCallEvent({ ...fact, derived: true }, attempt, header).source).toBe('derived');
  });
  it('is the same event when it is told again, and another one when anything else is said', () => {
    const { id } = toCallEvent(fact, attempt, header);
    expect(toCallEvent(fact, attempt, { ...header, id: 'ntf-2', receivedAt: 9999 }).id).toBe(id);
    const others = [
      toCallEvent({ ...fact, occurredAt: 5001 }, attempt, header), toCallEvent({ ...fact, channelState: 'x' }, attempt, header), toCallEvent({ ...fact, derived: true }, attempt, header),
      toCallEvent({ ...fact, type: 'cc.call.a-answered.v1' }, attempt, header), toCallEvent(fact, { ...attempt, attemptId: 'call-1-2' }, header), toCallEvent(fact, attempt, { ...header, kind: 'query' }),
    ];
    expect(new Set([id, ...others.map((event) => event.id)]).size).toBe(7);
  });
  it('is the same event when it is told again without a time, and happened when we first heard', () => {
    const untimed = (receivedAt: number, kind: NotificationHeader['kind'] = 'callback') => toCallEvent({ type: 'cc.call.connected.v1' }, attempt, { ...header, receivedAt, kind });
    expect(untimed(9000)).toMatchObject({ occurredAt: 9000, recordedAt: 9000, untimed: true });
    expect(untimed(9999).id).toBe(untimed(9000).id);
    expect(untimed(9000, 'poll').id).not.toBe(untimed(9000).id);
    expect(earlierCopy(untimed(9999), untimed(9000))).toEqual(untimed(9000));
    expect(toCallEvent(fact, attempt, header)).not.toHaveProperty('untimed');
  });
  it('says nothing of a talking time that no call can have, and all the rest', () => {
    const ended = (durationSeconds: number) => toCallEvent({ type: 'cc.call.ended.v1', occurredAt: 5000, closeType: 0, durationSeconds }, attempt, header);
    expect(ended(31_536_000)).toMatchObject({ durationSeconds: 31_536_000 });
    expect(ended(31_536_001)).toMatchObject({ type: 'cc.call.ended.v1', closeType: 0, occurredAt: 5000 });
    expect('durationSeconds' in ended(999_999_999_999_999)).toBe(false);
  });
  it('is refused when the contract does not know it', () => expect(() => toCallEvent({ type: 'cc.call.ended.v1', occurredAt: 1 }, attempt, header)).toThrow(/closeType/));
});

describe('the subject of a notification', () => {
  it('is our attempt where it is named, else the call of the vendor, else nothing', () => {
    expect(subjectOf({ ...header, attemptId: 'call-1-1' })).toBe(subjectOfAttempt('e9-main', 'call-1-1'));
    expect(subjectOf(header)).toBe(subjectOfVendorCall('e9-main', 'v-1'));
    const { vendorCallId: _vendorCallId, ...anonymous } = header;
    expect(subjectOf(anonymous)).toBeUndefined();
    expect(subjectOfAttempt('e9-main', 'x')).not.toBe(subjectOfVendorCall('e9-main', 'x'));
  });
});
