import { AddressRanges } from '@cc/kernel';
import { sourceOf } from '../src/domain/source-address';

const trusted = AddressRanges.parse(['10.0.0.0/8', '2001:db8::/32']);

describe('the source of a request', () => {
  it.each([
    ['is the peer, whatever it says', '198.51.100.1', '203.0.113.7', '198.51.100.1'],
    ['is the peer where a proxy says nothing', '10.0.0.1', undefined, '10.0.0.1'],
    ['is what a proxy says', '10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['is the last that no trusted proxy is: what stands before it anybody can write', '10.0.0.1', '192.0.2.1, 203.0.113.7, 10.0.0.2', '203.0.113.7'],
    ['is the first where all are trusted', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['is the peer in its plain form', '::ffff:10.0.0.1', ' 203.0.113.7 ', '203.0.113.7'],
    ['is found behind an IPv6 proxy', '2001:db8::1', '2001:db9::7', '2001:db9::7'],
    ['is found with its port', '10.0.0.1', '203.0.113.7:4711', '203.0.113.7'],
    ['is found in brackets', '10.0.0.1', '[2001:db9::7]:4711', '2001:db9::7'],
    ['is the last proxy where that names no address', '10.0.0.1', '203.0.113.7, unknown, 10.0.0.2', '10.0.0.2'],
    ['is the proxy where the header is empty', '10.0.0.1', '', '10.0.0.1'],
  ])('%s', (_what, peer, forwardedFor, source) => expect(sourceOf(peer, forwardedFor, trusted)).toBe(source));
  it('is the peer where no proxy is trusted', () => expect(sourceOf('10.0.0.1', '203.0.113.7', AddressRanges.parse([]))).toBe('10.0.0.1'));
});
