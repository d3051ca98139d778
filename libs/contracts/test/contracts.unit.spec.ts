import {
  allTopics, bindingKey, callEventSchemas, decodeCallCommand, decodeCallEvent, decodeCallRecord, decodeChannelHealth, decodeChannelNotification, decoderOfCallEvents, encodeCallCommand, encodeCallEvent,
  encodeCallRecord, encodeChannelHealth, encodeChannelNotification, notificationKey, parseBindingKey,
  type CallCommand, type CallEvent, type CallRecord, type ChannelHealth, type ChannelNotification,
} from '@cc/contracts';

const number = { masked: '+86139****0001', ref: 'r', sealed: 's' };
const event: CallEvent = { type: 'cc.call.requested.v1', id: 'call-1/requested', callId: 'call-1', tenant: 'acme', occurredAt: 1, recordedAt: 1_790_000_000_000, source: 'gateway', caller: number, called: number, record: true, bizData: { a: [null, 1] } };
const command: CallCommand = { type: 'cc.call.place.v1', id: 'call-1/place', callId: 'call-1', tenant: 'acme', issuedAt: 1, caller: number, called: number, record: false, notAfter: 2 };
const notification: ChannelNotification = { id: 'ntf-1', channel: 'e9-main', kind: 'poll', receivedAt: 5, vendorCallId: 'v-1', attemptId: 'call-1-1', sealed: Buffer.of(0, 255, 10) };
const record: CallRecord = { callId: 'call-1', tenant: 'acme', version: 3, state: 'init', stage: 'queued', recordState: 'partial', caller: number, called: number, createdAt: 1, updatedAt: 1_790_000_000_000, attempts: 0, recording: { status: 'none' } };
const health: ChannelHealth = {
  channel: 'e9-main', vendor: 'e9', protocol: 'callback', enabled: true, weight: 1, state: 'up', score: 1, reason: 'works', since: 1000,
  capabilities: { cancel: true, query: true, recording: true, displayNumbers: true, maxDuration: true, ivrText: false, probe: false, followUp: 'callbacks' },
};

describe('messages on the wire', () => {
  it('come back as they were sent, keyed by their call', () => {
    expect(decodeCallEvent(encodeCallEvent(event, 'test'))).toEqual({ kind: 'known', message: event });
    expect(decodeCallCommand(encodeCallCommand(command))).toEqual({ kind: 'known', message: command });
    expect(decodeChannelNotification(encodeChannelNotification(notification, 'test'))).toEqual({ kind: 'known', message: notification });
    expect([encodeCallEvent(event, 'test').key, encodeCallCommand(command).key]).toEqual(['call-1', 'call-1']);
    expect(encodeCallEvent(event, 'test').headers).toEqual({ ce_specversion: '1.0', ce_id: 'call-1/requested', ce_type: event.type, ce_source: '/cc/test', ce_subject: 'call-1', ce_time: new Date(event.recordedAt).toISOString(), 'content-type': 'application/json' });
  });
  it('tell a call record by its version', () => {
    const wire = encodeCallRecord(record);
    expect(decodeCallRecord(wire)).toEqual({ kind: 'known', message: record });
    expect(wire).toMatchObject({ key: 'call-1', headers: { ce_id: 'call-1/3', ce_type: 'cc.call.record.v1', ce_source: '/cc/record-store', ce_subject: 'call-1', ce_time: new Date(record.updatedAt).toISOString() } });
  });
  it('tell what is announced of a channel by when it was, and still know what was announced before that was written', () => {
    const wires = [5000, 15_000].map((announcedAt) => encodeChannelHealth({ ...health, announcedAt }));
    expect(wires.map(({ key, headers }) => [key, headers['ce_id'], headers['ce_time']])).toEqual([['e9-main', 'e9-main/5000', '1970-01-01T00:00:05.000Z'], ['e9-main', 'e9-main/15000', '1970-01-01T00:00:15.000Z']]);
    expect(wires.map(decodeChannelHealth)).toEqual([5000, 15_000].map((announcedAt) => ({ kind: 'known', message: { kind: 'kept', value: { ...health, announcedAt } } })));
    const before = encodeChannelHealth(health);
    expect(before.headers).toMatchObject({ ce_id: 'e9-main/1000', ce_time: '1970-01-01T00:00:01.000Z' });
    expect(decodeChannelHealth(before)).toEqual({ kind: 'known', message: { kind: 'kept', value: health } });
  });
  it('are keyed so that the key of a binding can be taken apart', () => {
    expect(parseBindingKey(bindingKey('acme', 'u@x'))).toEqual({ tenant: 'acme', user: 'u@x' });
    expect(parseBindingKey('acme/a/b')).toEqual({ tenant: 'acme', user: 'a/b' });
    for (const other of ['', 'acme', '/u', 'acme/']) expect(parseBindingKey(other)).toBeUndefined();
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
