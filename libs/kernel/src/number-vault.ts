import { BlindIndex } from './blind-index';
import { SealKeys } from './seal-keys';
import { maskNumber } from './mask-number';
import { Sealer } from './sealer';

/** The forms of a number that may leave the two services which know numbers in clear. */
export interface ProtectedForms {
  readonly masked: string;
  readonly ref: string;
  readonly sealed: string;
}

/** Turns numbers in clear into their protected forms and back. Only call-gateway protects; channel-router reveals to dial, call-gateway the telephone of a binding. */
export class NumberVault {
  private readonly sealer: Sealer;
  private readonly index: BlindIndex;

  /**
   * @param keys the same for all services of a deployment, to be replaced one after the other.
   * @param indexKey makes the references, and never changes: another one finds no number again. The present key unless told.
   */
  constructor(keys: Buffer | SealKeys, indexKey: Buffer = SealKeys.of(keys).current.secret) {
    this.sealer = new Sealer(keys, 'numbers');
    this.index = new BlindIndex(indexKey);
  }

  /** @param number E.164. @param context what the sealed form is bound to: the call's id. */
  protect(number: string, tenant: string, context: string): ProtectedForms {
    return { masked: maskNumber(number), ref: this.index.of(tenant, number), sealed: this.sealer.seal(Buffer.from(number), context).toString('base64') };
  }

  /** The number in clear. @throws CcError `cannot-unseal`. */
  reveal(sealed: string, context: string): string {
    return this.sealer.open(Buffer.from(sealed, 'base64'), context).toString();
  }
}
