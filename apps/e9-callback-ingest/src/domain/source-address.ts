import { ipAddress, type AddressRanges } from '@cc/kernel';

/**
 * From where a request comes: the peer itself, or, where that is a trusted proxy, the last address of `X-Forwarded-For`
 * that is none. What stands before that one anybody can have written.
 * @param forwardedFor the header's value; of several lines one after the other.
 */
export function sourceOf(peer: string, forwardedFor: string | undefined, trusted: AddressRanges): string {
  let source = ipAddress(peer) ?? peer;
  for (const hop of (forwardedFor ?? '').split(',').reverse()) {
    if (!trusted.includes(source)) break;
    const address = addressIn(hop.trim());
    if (address === undefined) break;
    source = address;
  }
  return source;
}

/** Some proxies write a port behind the address. */
function addressIn(hop: string): string | undefined {
  const [, bracketed] = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(hop) ?? [];
  const [, withPort] = /^([\d.]+):\d{1,5}$/.exec(hop) ?? [];
  return ipAddress(bracketed ?? withPort ?? hop);
}
