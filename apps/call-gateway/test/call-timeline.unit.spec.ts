import { CallEvent, CallRecord } from '@cc/contracts';
import { timelineOf } from '../src/domain/call-timeline';

const number = { masked: '+86139****0001', ref: 'r', sealed: 's' };
const event = (name: string, at: number, told: object = {}): CallEvent =>
  CallEvent.parse({ type: `cc.call.${name}.v1`, id: `${name}/${at}`, callId: 'call-1', tenant: 'acme', occurredAt: at, recordedAt: at, source: 'callback', attemptId: 'a-2', channel: 'e9-main', ...told });
const started = event('attempt-started', 1000, { source: 'router', vendor: 'e9', attemptNumber: 2, recordRequested: false });
const ended = event('ended', 50_000, { closeType: 4, endedBy: 'b', durationSeconds: 0 });
const record: CallRecord = CallRecord.parse({
  callId: 'call-1', tenant: 'acme', version: 3, state: 'close', stage: 'ended', recordState: 'complete', caller: number, called: number, createdAt: 1, updatedAt: 50_000, attempts: 2, recording: { status: 'none' },
  channel: 'e9-main', vendor: 'e9', vendorCallId: 'v-2', aCallAt: 20_000, closedAt: 50_000, closeType: 4, endedBy: 'b', durationSeconds: 0,
  sources: { [started.id]: ['channel', 'vendor'], [ended.id]: ['stage', 'closedAt', 'closeType', 'endedBy', 'durationSeconds'] },
});
/** What the timeline says of one more event. */
const standingOf = (more: CallEvent): unknown => {
  const { gives, contradicts, late } = timelineOf([started, ended, more], record).find(({ id }) => id === more.id) ?? {};
  return { gives, contradicts, late };
};
const nothing = { gives: undefined, contradicts: undefined, late: undefined };

describe('the timeline', () => {
  it('says of each event which fields of the record it gives', () => {
    expect(timelineOf([ended, started], record)).toMatchObject([{ id: started.id, gives: ['channel', 'vendor'] }, { id: ended.id, source: 'callback', gives: ['stage', 'closedAt', 'closeType', 'endedBy', 'durationSeconds'] }]);
  });
  it.each<[string, CallEvent, object]>([
    ['agrees', event('a-ringing', 21_999), nothing],
    ['has another time', event('a-ringing', 22_001), { ...nothing, contradicts: ['aCallAt'] }],
    ['has no time of its own', event('a-ringing', 40_000, { untimed: true }), nothing],
    ['is of an earlier attempt', event('a-ringing', 40_000, { attemptId: 'a-1' }), nothing],
    ['has another cause', event('ended', 50_001, { closeType: 0, recordedAt: 49_000 }), { ...nothing, contradicts: ['closeType'] }],
    ['does not say which leg failed', event('ended', 50_001, { closeType: 1, eitherLeg: true, recordedAt: 49_000 }), nothing],
    ['has another side and talking time', event('ended', 50_001, { closeType: 4, endedBy: 'a', durationSeconds: 2, recordedAt: 49_000 }), { ...nothing, contradicts: ['endedBy', 'durationSeconds'] }],
    ['rounds the talking time otherwise', event('ended', 50_001, { closeType: 4, durationSeconds: 1, recordedAt: 49_000 }), nothing],
    ['names another call of the vendor', event('attempt-accepted', 2000, { vendorCallId: 'v-9' }), { ...nothing, contradicts: ['vendorCallId'] }],
    ['came after the end', event('a-ringing', 20_000, { recordedAt: 50_001 }), { ...nothing, late: true }],
    ['answers a question', event('a-ringing', 20_000, { recordedAt: 50_001, source: 'query' }), nothing],
  ])('shows how one stands to the record that %s', (_name, more, standing) => {
    expect(standingOf(more)).toEqual(standing);
  });
});
