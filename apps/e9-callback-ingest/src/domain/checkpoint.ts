import { crc32c } from './crc32c';

/** A place in the spool: everything before it was read. */
export interface SpoolPosition {
  readonly segment: number;
  /** Bytes. */
  readonly offset: number;
}

export const BEGINNING: SpoolPosition = { segment: 0, offset: 0 };

/** How far the log has the spool. The greater sequence is the later one. */
export interface Checkpoint extends SpoolPosition {
  readonly sequence: number;
}

const FORM = /^CCK1 (\d{16}) (\d{12}) (\d{16}) [0-9a-f]{8}\n$/;
export const CHECKPOINT_BYTES = 61;

/** `CCK1 sequence segment offset CRC-32C`, always {@link CHECKPOINT_BYTES} long. */
export function checkpointText({ sequence, segment, offset }: Checkpoint): string {
  const text = `CCK1 ${String(sequence).padStart(16, '0')} ${String(segment).padStart(12, '0')} ${String(offset).padStart(16, '0')}`;
  return `${text} ${crc32c(Buffer.from(text)).toString(16).padStart(8, '0')}\n`;
}

/** `undefined` where the text is not whole and sound. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [, sequence, segment, offset] = FORM.exec(text) ?? [];
  const checkpoint = { sequence: Number(sequence), segment: Number(segment), offset: Number(offset) };
  return sequence !== undefined && checkpointText(checkpoint) === text ? checkpoint : undefined;
}
