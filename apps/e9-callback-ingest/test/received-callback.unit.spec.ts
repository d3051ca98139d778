import { ReceivedCallback, storedHeaders } from '../src/domain/received-callback';

describe('a received callback', () => {
  it('keeps the headers but those that are secret or useless', () => {
    expect(storedHeaders(['Authorization', 'Basic x', 'cookie', 'a=b', 'host', 'h', 'connection', 'close', 'Content-Length', '3', 'Content-Type', 'text/xml', 'X-List', 'a', 'x-list', 'b'])).toEqual({ 'content-type': 'text/xml', 'x-list': 'a, b' });
  });
  it('is refused when its body is not base64', () => {
    const stored = { id: 'ntf-1', channel: 'e9', receivedAt: 1, sourceAddress: '127.0.0.1', headers: {}, body: Buffer.from('<a/>').toString('base64') };
    expect(ReceivedCallback.parse(stored)).toEqual(stored);
    expect(ReceivedCallback.safeParse({ ...stored, body: '<a/>' }).success).toBe(false);
    // An earlier version judged it before it was stored.
    expect(ReceivedCallback.parse({ ...stored, verdict: 'forged' })).toEqual(stored);
  });
});
