import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { CcError } from './errors';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/**
 * AES-256-GCM with a random 96-bit nonce. A sealed value is `version(1) | nonce(12) | tag(16) | ciphertext`.
 * `context` is authenticated, not stored: opening with another context fails, so a value cannot be moved to another row.
 */
export class Sealer {
  private readonly key: Buffer;

  /** @param secret at least 32 bytes; @param purpose separates the keys derived from one secret. */
  constructor(secret: Buffer, purpose: string) {
    if (secret.length < 32) throw new CcError('fault', 'key-too-short', `The key for ${purpose} has ${secret.length} bytes; at least 32 are needed`);
    this.key = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), `cc/seal/${purpose}`, 32));
  }

  seal(plain: Buffer, context: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(context));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), body]);
  }

  /** @throws CcError `cannot-unseal` when the bytes were changed, the key is another one or the context differs. */
  open(sealed: Buffer, context: string): Buffer {
    try {
      if (sealed[0] !== VERSION || sealed.length < HEADER_BYTES) throw new Error(`not a sealed value of version ${VERSION}`);
      const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
      const tag = sealed.subarray(1 + NONCE_BYTES, HEADER_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', this.key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context)).setAuthTag(tag);
      return Buffer.concat([decipher.update(sealed.subarray(HEADER_BYTES)), decipher.final()]);
    } catch (cause) {
      throw new CcError('fault', 'cannot-unseal', 'A sealed value could not be opened (changed bytes, another key or another context)', { cause });
    }
  }
}
