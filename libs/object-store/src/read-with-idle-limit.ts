import { Readable } from 'node:stream';
import { CcError, withDeadline } from '@cc/kernel';

/**
 * The source's bytes. Fails with `object-store-unavailable` when the source breaks off (Node ends no answer short of
 * its Content-Length without an error) or stays silent for `idleLimitMs`; a slow reader is not held against it.
 */
export function readWithIdleLimit(source: Readable, idleLimitMs: number): Readable {
  const stream = Readable.from(chunks(source, idleLimitMs), { objectMode: false });
  // A generator that never began does not run its finally: an unread stream would keep its connection.
  stream.once('close', () => source.destroy());
  return stream;
}

async function* chunks(source: Readable, idleLimitMs: number): AsyncGenerator<Buffer> {
  const iterator: AsyncIterator<Buffer> = source[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Buffer>;
    try {
      next = await withDeadline(iterator.next(), idleLimitMs, 'reading an object');
    } catch (error) {
      throw new CcError('unavailable', 'object-store-unavailable', 'the object broke off while it was read', { cause: error });
    }
    if (next.done === true) return;
    yield next.value;
  }
}
