import { createHmac, hkdfSync } from 'node:crypto';

/** A keyed reference to a value that must not be stored in clear: equal values give equal references, per tenant. */
export class BlindIndex {
  private readonly key: Buffer;

  constructor(secret: Buffer) {
    this.key = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), 'cc/blind-index', 32));
  }

  /** 128 bits of HMAC-SHA256 over tenant and value, hexadecimal. */
  of(tenant: string, value: string): string {
    return createHmac('sha256', this.key).update(`${tenant}\0${value}`).digest('hex').slice(0, 32);
  }
}
