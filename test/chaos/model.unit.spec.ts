import type { SeenCallback } from './callback-door';
import { judge, type Evidence, type ShownCall, type ShownEvent } from './model';
import { toldBy } from './told';
import type { VendorCall } from './vendor-side';

const SPEED = 30;
const T = 1_800_000_000_000;
const vendorCall: VendorCall = {
  vendor: 'e9', id: 'v1', a: '13800000001', b: '13900000180', echo: 'call-1-1', recorded: true, scenario: 'answered', dialledAt: T,
  times: { aRingAt: T + 20, aAnsweredAt: T + 100, bRingAt: T + 110, connectedAt: T + 200, endedAt: T + 800, end: 'b-hung-up' },
};
const callback = (id: string, inside: string): SeenCallback => ({ id, channel: 'e9-main', body: `<req><callId>v1</callId>${inside}</req>`, outcome: 'ok', at: T, tookMs: 1 });
const told = [
  callback('1', '<action>CallInvite</action><userFlag>0</userFlag>'), callback('2', '<action>CallInvite</action><userFlag>1</userFlag>'),
  callback('3', '<action>CallEstablish</action>'), callback('4', '<action>Hangup</action>'),
].map(toldBy);
const event = (type: string, source = 'callback'): ShownEvent => ({ id: `${type}/${source}`, type: `cc.call.${type}.v1`, source, occurredAt: T, recordedAt: T });
const timeline: ShownEvent[] = [{ ...event('requested', 'gateway'), record: true }, event('attempt-accepted', 'router'), event('a-ringing'), event('a-answered'), event('b-ringing'), event('connected'), event('ended')];
const shown: ShownCall = {
  callId: 'call-1', version: 7, state: 'close', vendorCallId: 'v1', aCallAt: T, bCallAt: T, aOffhookAt: T, bOffhookAt: T, connectedAt: T, closedAt: T + 800, durationSeconds: 1,
  closeType: 0, recordState: 'complete', attempts: 1, recording: { status: 'archived', sizeBytes: 36 * 20, sha256: 'a'.repeat(64) },
};
const right: Evidence = { shown, timeline, vendorCalls: [vendorCall], told };
const without = <K extends keyof ShownCall>(key: K): ShownCall => {
  const { [key]: _left, ...rest } = shown;
  return { ...rest, callId: 'call-1', version: 7, state: 'close', recordState: 'complete', attempts: 1, recording: shown.recording };
};
const ended = (end: VendorCall['times']['end']): VendorCall => ({ ...vendorCall, times: { ...vendorCall.times, end } });

describe('the oracle of one call', () => {
  test('is content with a call that is shown as it was', () => {
    expect(judge(right, SPEED)).toEqual({ violations: [], unknowable: false });
  });

  test.each<[string, Partial<Evidence>, RegExp]>([
    ['an acknowledged callback without its event', { timeline: timeline.filter(({ type }) => !type.includes('b-ringing')) }, /callback 2 .* no cc\.call\.b-ringing/],
    ['an event that came another way', { timeline: [...timeline.filter(({ type }) => !type.includes('connected')), event('connected', 'query')] }, /callback 3/],
    ['a second call at a vendor', { vendorCalls: [vendorCall, { ...vendorCall, id: 'v2' }] }, /2 calls were placed/],
    ['an open call', { shown: { ...shown, state: 'conn' } }, /it is conn/],
    ['another close type', { vendorCalls: [ended('b-busy')] }, /closed as 0, and it ended as b-busy \(4\)/],
    ['another talking time', { shown: { ...shown, durationSeconds: 3 } }, /talked for 600 ms/],
    ['another vendor call id', { shown: { ...shown, vendorCallId: 'v9' } }, /v9/],
    ['a time that is a second off', { shown: { ...shown, connectedAt: T + 1300 } }, /connectedAt/],
    ['a time that was told and is missing', { shown: without('aCallAt') }, /aCallAt is missing/],
    ['a time of what never happened', { vendorCalls: [{ ...vendorCall, times: { ...vendorCall.times, connectedAt: undefined } }] }, /connectedAt is .* never happened/],
    ['a recording that is not there', { shown: { ...shown, recording: { status: 'failed' } } }, /offers a recording of 720 bytes/],
    ['a recording of another size', { shown: { ...shown, recording: { ...shown.recording, sizeBytes: 700 } } }, /700 are archived/],
    ['a recording that nobody asked for', { timeline: timeline.slice(1) }, /no recording was asked for, and it is archived/],
    ['a call that was given up although its end was told', { shown: { ...shown, closeType: 255 }, timeline: [...timeline.filter(({ type }) => !type.includes('ended')), event('ended', 'reaper')] }, /could be known/],
    ['a call that was given up although its vendor could be asked', { told: [], timeline: [event('attempt-accepted', 'router'), event('ended', 'reaper')] }, /could be known/],
    ['an answered call that nobody was rung for', { vendorCalls: [], told: [] }, /nobody was rung, and it is closed as 0/],
  ])('finds %s', (_name, change, message) => {
    expect(judge({ ...right, ...change }, SPEED).violations).toEqual(expect.arrayContaining([expect.stringMatching(message)]));
  });

  test('a call whose end nobody could tell may be closed as unknown', () => {
    expect(judge({ ...right, told: [], shown: { ...shown, closeType: 255 }, timeline: [event('ended', 'reaper')] }, SPEED)).toEqual({ violations: [], unknowable: true });
  });

  test('a call that was refused is closed as 6', () => {
    const { connectedAt: _connectedAt, aCallAt: _aCallAt, ...rest } = shown;
    expect(judge({ shown: { ...rest, closeType: 6, recording: { status: 'absent' } }, timeline: [], vendorCalls: [], told: [] }, SPEED)).toEqual({ violations: [], unknowable: false });
  });

  test('a recording that cannot be had whole need not be archived', () => {
    expect(judge({ ...right, vendorCalls: [{ ...vendorCall, scenario: 'recording-missing' }], shown: { ...shown, recording: { status: 'failed' } } }, SPEED).violations).toEqual([]);
  });
});
