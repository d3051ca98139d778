import { crc32 } from 'node:zlib';
import { CcError } from '@cc/kernel';

/** `CCF1`: marks the beginning of a frame, so that reading can go on behind a damaged one. */
const MAGIC = Buffer.from('CCF1');
const HEADER_BYTES = MAGIC.length + 8;
/** A callback of the greatest size that is taken has about half of this, sealed. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;
export const MAX_FRAME_BYTES = HEADER_BYTES + MAX_PAYLOAD_BYTES;

/** `magic(4) | payload length(4) | CRC-32 of the payload(4) | payload`. */
export function frame(payload: Buffer): Buffer {
  if (payload.length > MAX_PAYLOAD_BYTES) throw new CcError('input', 'callback-too-large', `A callback of ${payload.length} bytes, sealed, is more than the spool reads back`);
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32BE(payload.length, MAGIC.length);
  header.writeUInt32BE(crc32(payload), MAGIC.length + 4);
  return Buffer.concat([header, payload]);
}

export interface FramesRead {
  readonly payloads: readonly Buffer[];
  /** How far the bytes are understood: everything before may be forgotten. */
  readonly nextOffset: number;
  /** Stretches of bytes that are no whole, sound frame although sound ones follow. */
  readonly damaged: number;
}

/** Reads as many whole frames as the bytes hold, at most `limit`; an unfinished one at the end is left for later. */
export function readFrames(bytes: Buffer, limit: number): FramesRead {
  const payloads: Buffer[] = [];
  let offset = 0;
  let damaged = 0;
  while (payloads.length < limit) {
    const found = frameAt(bytes, offset);
    if (found !== undefined) {
      payloads.push(found.payload);
      offset = found.end;
      continue;
    }
    const next = nextSoundFrame(bytes, offset + 1);
    if (next === undefined) break;
    damaged += 1;
    offset = next;
  }
  return { payloads, nextOffset: offset, damaged };
}

function frameAt(bytes: Buffer, offset: number): { payload: Buffer; end: number } | undefined {
  if (bytes.length - offset < HEADER_BYTES || !bytes.subarray(offset, offset + MAGIC.length).equals(MAGIC)) return undefined;
  const length = bytes.readUInt32BE(offset + MAGIC.length);
  const end = offset + HEADER_BYTES + length;
  if (length > MAX_PAYLOAD_BYTES || end > bytes.length) return undefined;
  const payload = bytes.subarray(offset + HEADER_BYTES, end);
  return crc32(payload) === bytes.readUInt32BE(offset + MAGIC.length + 4) ? { payload, end } : undefined;
}

function nextSoundFrame(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(MAGIC, from); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) {
    if (frameAt(bytes, at) !== undefined) return at;
  }
  return undefined;
}
