import { BlockList, isIP } from 'node:net';

/** A set of IP addresses, given as single ones and as ranges (CIDR). */
export class AddressRanges {
  private readonly list = new BlockList();

  private constructor() {}

  /** @param texts such as `203.0.113.7`, `10.0.0.0/8`, `2001:db8::/32`; none contains no address. @throws Error that names each faulty entry by its position. */
  static parse(texts: readonly string[]): AddressRanges {
    const ranges = new AddressRanges();
    const faults = texts.flatMap((text, index) => (ranges.add(text) ? [] : [`entry ${index + 1}`]));
    if (faults.length > 0) throw new Error(`${faults.join(', ')}: expected an IP address, or a range such as 10.0.0.0/8 or 2001:db8::/32`);
    return ranges;
  }

  /** What is no address is in no range. An IPv4 address in IPv6 form (`::ffff:…`) is that address. */
  includes(address: string): boolean {
    const plain = ipAddress(address);
    return plain !== undefined && this.list.check(plain, isIP(plain) === 4 ? 'ipv4' : 'ipv6');
  }

  private add(text: string): boolean {
    const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? [];
    const version = isIP(address);
    const bits = version === 4 ? 32 : 128;
    const length = prefix === undefined ? bits : Number(prefix);
    if (version === 0 || length > bits) return false;
    this.list.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6');
    return true;
  }
}

/** The address that a text is, without the `::ffff:` by which a socket for both versions names an IPv4 one; `undefined` where it is none. */
export function ipAddress(text: string): string | undefined {
  const plain = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(text)?.[1] ?? text;
  return isIP(plain) === 0 ? undefined : plain;
}
