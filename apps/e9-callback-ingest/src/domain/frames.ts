import { crc32 } from 'node:zlib';
import { CcError } from '@cc/kernel';
import { crc32c } from './crc32c';

/** Marks the beginning of a frame, so that reading can go on behind a damaged one; the version of its form follows. */
const MARK = Buffer.from('CCF');
const [VERSION_1, VERSION_2] = Buffer.from('12');
const LENGTH_BYTES = 4;
const HEADER_BYTES = 12;
/** A callback of the greatest size that is taken has about half of this, sealed. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;
export const MAX_FRAME_BYTES = HEADER_BYTES + MAX_PAYLOAD_BYTES;

/**
 * `CCF2 | CRC-32C of all that follows(4) | payload length(4) | payload`, numbers big-endian. The payload is a sealed value,
 * which names its key itself.
 */
export function frame(payload: Buffer): Buffer {
  if (payload.length > MAX_PAYLOAD_BYTES) throw new CcError('input', 'callback-too-large', `A callback of ${payload.length} bytes, sealed, is more than the spool reads back`);
  const written = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  written.write('CCF2');
  written.writeUInt32BE(payload.length, HEADER_BYTES - LENGTH_BYTES);
  payload.copy(written, HEADER_BYTES);
  written.writeUInt32BE(crc32c(written.subarray(HEADER_BYTES - LENGTH_BYTES)), MARK.length + 1);
  return written;
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
  if (bytes.length - offset < HEADER_BYTES || !bytes.subarray(offset, offset + MARK.length).equals(MARK)) return undefined;
  const version = bytes[offset + MARK.length];
  if (version === VERSION_2) return soundFrame(bytes, offset, { checksumAt: 4, lengthAt: 8, checksum: (end) => crc32c(bytes.subarray(offset + 8, end)) });
  // What earlier programs have written: `CCF1 | payload length(4) | CRC-32 of the payload(4) | payload`.
  if (version === VERSION_1) return soundFrame(bytes, offset, { checksumAt: 8, lengthAt: 4, checksum: (end) => crc32(bytes.subarray(offset + HEADER_BYTES, end)) });
  return undefined;
}

interface FrameForm {
  readonly checksumAt: number;
  readonly lengthAt: number;
  /** Of a frame that ends there. */
  readonly checksum: (end: number) => number;
}

function soundFrame(bytes: Buffer, offset: number, { checksumAt, lengthAt, checksum }: FrameForm): { payload: Buffer; end: number } | undefined {
  const length = bytes.readUInt32BE(offset + lengthAt);
  const end = offset + HEADER_BYTES + length;
  if (length > MAX_PAYLOAD_BYTES || end > bytes.length || checksum(end) !== bytes.readUInt32BE(offset + checksumAt)) return undefined;
  return { payload: bytes.subarray(offset + HEADER_BYTES, end), end };
}

function nextSoundFrame(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(MARK, from); at !== -1; at = bytes.indexOf(MARK, at + 1)) {
    if (frameAt(bytes, at) !== undefined) return at;
  }
  return undefined;
}
