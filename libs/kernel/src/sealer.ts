import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { CcError, describeError } from './errors';
import { SealKeys } from './seal-keys';

/** `nonce(12) | tag(16) | ciphertext`: what earlier programs have sealed, who knew one key. */
const WITHOUT_KEY_ID = 1;
/** `key id(4) | nonce(12) | tag(16) | ciphertext`. */
const WITH_KEY_ID = 2;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface DerivedKey {
  readonly id: Buffer;
  readonly key: Buffer;
}

/**
 * AES-256-GCM with a random 96-bit nonce. A sealed value is a byte for its form, the id of its key, and what GCM needs.
 * `context` is authenticated, not stored: opening with another context fails, so a value cannot be moved to another row.
 */
export class Sealer {
  private readonly keys: readonly DerivedKey[];
  private readonly current: DerivedKey;

  /** @param keys or a secret of at least 32 bytes as the only one; @param purpose separates the keys derived from one secret. */
  constructor(keys: Buffer | SealKeys, purpose: string) {
    const all = SealKeys.of(keys);
    const derived = (secret: Buffer): Buffer => Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), `cc/seal/${purpose}`, 32));
    this.keys = all.keys.map(({ id, secret }) => ({ id, key: derived(secret) }));
    this.current = { id: all.current.id, key: derived(all.current.secret) };
  }

  /** With the first key. */
  seal(plain: Buffer, context: string): Buffer {
    const { id, key } = this.current;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([Buffer.of(WITH_KEY_ID), id, nonce, cipher.getAuthTag(), body]);
  }

  /** @throws CcError `cannot-unseal` when the bytes were changed, the key is not among ours or the context differs. */
  open(sealed: Buffer, context: string): Buffer {
    try {
      return this.opened(sealed, context);
    } catch (cause) {
      throw new CcError('fault', 'cannot-unseal', 'A sealed value could not be opened (changed bytes, another key or another context)', { cause });
    }
  }

  private opened(sealed: Buffer, context: string): Buffer {
    if (sealed[0] === WITH_KEY_ID) {
      const id = sealed.subarray(1, 1 + KEY_ID_BYTES);
      const found = this.keys.find((candidate) => candidate.id.equals(id));
      if (found === undefined) throw new Error(`it was sealed with the key ${id.toString('hex')}; this service has ${this.keys.map((known) => known.id.toString('hex')).join(', ')}`);
      return decrypt(sealed.subarray(1 + KEY_ID_BYTES), found.key, context);
    }
    if (sealed[0] !== WITHOUT_KEY_ID) throw new Error(`no sealed value of form ${WITHOUT_KEY_ID} or ${WITH_KEY_ID}`);
    const failures: unknown[] = [];
    for (const { key } of this.keys) {
      try {
        return decrypt(sealed.subarray(1), key, context);
      } catch (error) {
        failures.push(error);
      }
    }
    throw new Error(describeError(failures[0]));
  }
}

/** @param sealed `nonce | tag | ciphertext`. */
function decrypt(sealed: Buffer, key: Buffer, context: string): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error('it is too short');
  const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context)).setAuthTag(tag);
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
}
