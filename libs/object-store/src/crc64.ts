const reflectedPolynomial = 0xc96c5795d7870f42n;
const low = new Uint32Array(256);
const high = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ reflectedPolynomial : crc >> 1n;
  low[byte] = Number(crc & 0xffffffffn);
  high[byte] = Number(crc >> 32n);
}

/** Running CRC-64/XZ, the checksum that OSS calls crc64ecma; two 32-bit halves, as BigInt is too slow for a stream. */
export class Crc64 {
  private lowHalf = -1;
  private highHalf = -1;

  update(bytes: Uint8Array): this {
    let lowHalf = this.lowHalf;
    let highHalf = this.highHalf;
    for (let i = 0; i < bytes.length; i++) {
      const index = (lowHalf ^ (bytes[i] ?? 0)) & 255;
      lowHalf = ((lowHalf >>> 8) | (highHalf << 24)) ^ (low[index] ?? 0);
      highHalf = (highHalf >>> 8) ^ (high[index] ?? 0);
    }
    this.lowHalf = lowHalf;
    this.highHalf = highHalf;
    return this;
  }

  /** Decimal, as in the header `x-oss-hash-crc64ecma`. */
  digest(): string {
    return ((BigInt(~this.highHalf >>> 0) << 32n) | BigInt(~this.lowHalf >>> 0)).toString();
  }
}
