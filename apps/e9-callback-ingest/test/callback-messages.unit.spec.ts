import type { RawNotification } from '@cc/vendors';
import { messagesOf } from '../src/in/callback-messages';

const raw: RawNotification = { kind: 'callback', headers: {}, body: Buffer.from('a,b'), receivedAt: 1 };
const part = (text: string): RawNotification => ({ ...raw, body: Buffer.from(text) });
const callbacks = { verify: () => ({ kind: 'unverifiable' as const }), acknowledgement: { status: 200, contentType: 'text/plain', body: 'ok' }, split: ({ body }: RawNotification) => body.toString().split(',').map(part) };
const subjectOf = ({ body }: RawNotification) => ({ vendorCallId: body.toString() });

describe('the messages of a callback', () => {
  it('are one for each call that it is about', () => {
    expect(messagesOf({ callbacks, subjectOf }, raw)).toEqual({ messages: [{ message: part('a'), subject: { vendorCallId: 'a' } }, { message: part('b'), subject: { vendorCallId: 'b' } }] });
  });

  it('are one about nobody where the channel is gone', () => {
    expect(messagesOf(undefined, raw)).toEqual({ messages: [{ message: raw, subject: {} }] });
  });

  it.each([
    ['to take it apart', { callbacks: { ...callbacks, split: () => { throw new Error('strange'); } }, subjectOf }],
    ['to say whom it is about', { callbacks, subjectOf: () => { throw new Error('strange'); } }],
  ])('are one about nobody where the adapter fails %s: nothing is lost, and nothing is held up', (_what, adapter) => {
    expect(messagesOf(adapter, raw)).toEqual({ messages: [{ message: raw, subject: {} }], error: new Error('strange') });
  });

  it.each([
    ['more messages than there may be', Array.from({ length: 201 }, () => part('a'))],
    ['a message that would not fit into the log', [part('a'), part('x'.repeat(600_001))]],
  ])('are one about nobody where it would become %s', (_what, parts) => {
    expect(messagesOf({ callbacks: { ...callbacks, split: () => parts }, subjectOf }, raw)).toMatchObject({ messages: [{ message: raw, subject: {} }], error: expect.any(Error) });
    expect(messagesOf({ callbacks: { ...callbacks, split: () => parts.slice(0, 1) }, subjectOf }, raw)).toHaveProperty('messages.length', 1);
  });
});
