import { Sealer, type SealKeys } from '@cc/kernel';
import { ReceivedCallback } from '../domain/received-callback';
import type { Spool } from './spool';

const CONTEXT = 'spooled callback';

/** Callbacks in the spool, sealed: a copy of the disk tells nothing. */
export class CallbackStore {
  private readonly sealer: Sealer;

  constructor(
    readonly spool: Spool,
    keys: Buffer | SealKeys,
  ) {
    this.sealer = new Sealer(keys, 'spool');
  }

  /** Resolves when the callback is on disk. @throws CcError `spool-unavailable`. */
  keep(callback: ReceivedCallback): Promise<void> {
    return this.spool.append(this.sealer.seal(Buffer.from(JSON.stringify(callback)), CONTEXT));
  }

  /** @throws CcError `cannot-unseal`. */
  open(payload: Buffer): ReceivedCallback {
    return ReceivedCallback.parse(JSON.parse(this.sealer.open(payload, CONTEXT).toString('utf8')));
  }
}
