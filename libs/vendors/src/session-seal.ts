import { seatKey } from '@cc/contracts';
import type { Sealer } from '@cc/kernel';

/** A seat's session as `SeatSession.sealed` carries it: base64, bound to its seat. */
export function sealSession(session: string, channel: string, seat: string, sealer: Sealer): string {
  return sealer.seal(Buffer.from(session), seatKey(channel, seat)).toString('base64');
}

/** @throws CcError `cannot-unseal`, also for another seat's session. */
export function openSession(sealed: string, channel: string, seat: string, sealer: Sealer): string {
  return sealer.open(Buffer.from(sealed, 'base64'), seatKey(channel, seat)).toString();
}
