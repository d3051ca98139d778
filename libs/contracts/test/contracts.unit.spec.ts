import {
  allTopics, callEventSchemas, decodeCallCommand, decodeCallEvent, decodeChannelNotification, decoderOfCallEvents, encodeCallCommand, encodeCallEvent, encodeChannelNotification, notificationKey,
  type CallCommand, type CallEvent, type ChannelNotification,
} from '@cc/contracts';

const number = { masked: '+86139****0001', ref: 'r', sealed: 's' };
const event: CallEvent = { type: 'cc.call.requested.v1', id: 'call-1/requested', callId: 'call-1', tenant: 'acme', occurredAt: 1, recordedAt: 1_790_000_000_000, source: 'gateway', caller: number, called: number, record: true, bizData: { a: [null, 1] } };
const command: CallCommand = { type: 'cc.call.place.v1', id: 'call-1/place', callId: 'call-1', tenant: 'acme', issuedAt: 1, caller: number, called: number, record: false, notAfter: 2 };
const notification: ChannelNotification = { id: 'ntf-1', channel: 'e9-main', kind: 'poll', receivedAt: 5, vendorCallId: 'v-1', attemptId: 'call-1-1', sealed: Buffer.of(0, 255, 10) };

describe('messages on the wire', () => {
  it('come back as they were sent, keyed by their call', () => {
    expect(decodeCallEvent(encodeCallEvent(event, 'test'))).toEqual({ kind: 'known', message: event });
    expect(decodeCallCommand(encodeCallCommand(command))).toEqual({ kind: 'known', message: command });
    expect(decodeChannelNotification(encodeChannelNotification(notification, 'test'))).toEqual({ kind: 'known', message: notification });
    expect([encodeCallEvent(event, 'test').key, encodeCallCommand(command).key]).toEqual(['call-1', 'call-1']);
    expect(encodeCallEvent(event, 'test').headers).toEqual({ ce_specversion: '1.0', ce_id: 'call-1/requested', ce_type: event.type, ce_source: '/cc/test', ce_subject: 'call-1', ce_time: new Date(event.recordedAt).toISOString(), 'content-type': 'application/json' });
  });
  it('keep the messages of one vendor call together', () => {
    const { vendorCallId: _vendorCallId, ...unnamed } = notification;
    const { attemptId: _attemptId, ...anonymous } = unnamed;
    expect([notification, unnamed, anonymous].map(notificationKey)).toEqual(['e9-main|v-1', 'e9-main|call-1-1', 'e9-main|ntf-1']);
  });
  it('of a type of tomorrow are told apart from broken ones, and a field of tomorrow is ignored', () => {
    const wire = encodeCallEvent(event, 'test');
    expect(decodeCallEvent({ ...wire, headers: { ...wire.headers, ce_type: 'cc.call.new.v1' } })).toEqual({ kind: 'unknown-type', type: 'cc.call.new.v1' });
    expect(decodeCallEvent({ ...wire, headers: {} })).toEqual({ kind: 'unknown-type', type: '' });
    expect(decodeCallEvent({ ...wire, value: Buffer.from(JSON.stringify({ ...event, later: 1 })) })).toEqual({ kind: 'known', message: event });
    for (const value of [null, Buffer.from('{"torn'), Buffer.from('[]'), Buffer.from('{"callId":7}')]) expect(decodeCallEvent({ ...wire, value })).toEqual({ kind: 'invalid', reason: expect.stringContaining('callId: ') });
    expect(decodeChannelNotification({ ...encodeChannelNotification(notification, 'test'), value: null })).toMatchObject({ kind: 'invalid', reason: expect.stringContaining('sealed') });
  });
  it('that a reader has no use for are passed over unread, those of tomorrow are still counted', () => {
    const decode = decoderOfCallEvents('cc.call.requested.v1', 'cc.call.ended.v1');
    const wire = encodeCallEvent(event, 'test');
    const typed = (ce_type: string) => ({ ...wire, headers: { ...wire.headers, ce_type }, value: Buffer.from('{"torn') });
    expect(decode(wire)).toEqual({ kind: 'known', message: event });
    expect(decode(typed('cc.call.connected.v1'))).toEqual({ kind: 'not-wanted' });
    expect(decode(typed('cc.call.new.v1'))).toEqual({ kind: 'unknown-type', type: 'cc.call.new.v1' });
    expect(decode(typed('cc.call.ended.v1'))).toMatchObject({ kind: 'invalid' });
  });
  it('have types and topics of their own', () => {
    expect(new Set(callEventSchemas.map((schema) => schema.shape.type.value)).size).toBe(callEventSchemas.length);
    expect(new Set(allTopics.map(({ name }) => name)).size).toBe(allTopics.length);
  });
});
