import { AddressRanges } from '@cc/kernel';

describe('address ranges', () => {
  const ranges = AddressRanges.parse(['203.0.113.7', ' 10.0.0.0/8', '2001:db8::/32', '192.168.1.77/24']);
  it.each(['203.0.113.7', '10.255.0.1', '::ffff:10.1.2.3', '2001:db8:1::5', '192.168.1.1'])('include %s', (address) => expect(ranges.includes(address)).toBe(true));
  it.each(['203.0.113.8', '11.0.0.1', '::ffff:11.1.2.3', '2001:db9::1', '192.168.2.1', '::1', '', 'unknown', '10.0.0.1.', '10.0.0.0/8'])('do not include %s', (address) => expect(ranges.includes(address)).toBe(false));
  it('of nothing include nothing', () => expect(AddressRanges.parse([]).includes('10.0.0.1')).toBe(false));
  it('include everything where they say so', () => {
    expect(['1.2.3.4', '::1'].map((address) => AddressRanges.parse(['0.0.0.0/0', '::/0']).includes(address))).toEqual([true, true]);
  });
  it('name each faulty entry, and repeat none', () => {
    const faulty = ['10.0.0.0/8', '10.0.0.0/33', 'example.com', '10.0.0.1/', '::1/129', '1.2.3', '10.0.0.1/8/8', ''];
    expect(() => AddressRanges.parse(faulty)).toThrow(/^entry 2, entry 3, entry 4, entry 5, entry 6, entry 7, entry 8: expected an IP address/);
  });
});
