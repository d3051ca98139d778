import type { WireRecord } from '@cc/contracts';
import { CcError } from '@cc/kernel';

/**
 * What a record may have, in bytes, with its key and headers. A broker's max.message.bytes, 1 MiB unless changed, is about batches: all
 * messages that one send has for a partition.
 */
export const MAX_RECORD_BYTES = 900_000;
/** A message's frame and the length fields of its parts, generously. */
const OVERHEAD_BYTES = 100;

/** How much the record adds to a batch, in bytes. */
export function recordBytes({ key, value, headers }: WireRecord): number {
  let bytes = OVERHEAD_BYTES + Buffer.byteLength(key) + (value?.length ?? 0);
  for (const [name, text] of Object.entries(headers)) bytes += OVERHEAD_BYTES + Buffer.byteLength(name) + Buffer.byteLength(text);
  return bytes;
}

/** Throws `input` for a record that one of the drivers could not keep; both refuse the same ones. */
export function checkRecords(records: readonly WireRecord[]): void {
  for (const record of records) {
    if (recordBytes(record) > MAX_RECORD_BYTES) throw new CcError('input', 'record-too-large', `A record may have ${MAX_RECORD_BYTES} bytes with its key and headers`);
    if (record.key.includes('\0')) throw new CcError('input', 'record-key-unusable', 'A record key must not have a NUL character: PostgreSQL cannot keep it');
  }
}
