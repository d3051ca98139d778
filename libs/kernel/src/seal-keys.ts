import { hkdfSync } from 'node:crypto';
import { CcError } from './errors';

const LEAST_BYTES = 32;
const ID_BYTES = 4;

/** A secret of a deployment, from which the keys for each purpose are derived. */
export interface SealKey {
  /** Follows from the secret and tells nothing of it; stands in clear before what was sealed with it. */
  readonly id: Buffer;
  readonly secret: Buffer;
}

/** The secrets that seal what is private. The first one seals; all of them open what they have sealed, so that the first can be replaced. */
export class SealKeys {
  readonly current: SealKey;
  readonly keys: readonly SealKey[];

  /**
   * @param secrets each at least 32 bytes: the present one, then those that sealed before it or will seal after it.
   * @throws CcError `key-too-short`, `key-twice`.
   */
  constructor(secrets: readonly [Buffer, ...Buffer[]]) {
    const [first, ...others] = secrets.map(sealKey);
    if (first === undefined) throw new CcError('fault', 'no-key', 'Nothing can be sealed without a key');
    this.current = first;
    this.keys = [first, ...others];
    const twice = this.keys.find(({ id }, index) => this.keys.findIndex((other) => other.id.equals(id)) !== index);
    if (twice !== undefined) throw new CcError('fault', 'key-twice', `The key ${twice.id.toString('hex')} is given twice`);
  }

  /** The keys as they are, or a secret as the only one. */
  static of(keys: Buffer | SealKeys): SealKeys {
    return keys instanceof SealKeys ? keys : new SealKeys([keys]);
  }

  /** The ids, the present key's first: what may be told. */
  get ids(): string[] {
    return this.keys.map(({ id }) => id.toString('hex'));
  }
}

function sealKey(secret: Buffer): SealKey {
  if (secret.length < LEAST_BYTES) throw new CcError('fault', 'key-too-short', `A key has ${secret.length} bytes; at least ${LEAST_BYTES} are needed`);
  return { id: Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), 'cc/key-id', ID_BYTES)), secret };
}
