import { Buffer } from 'node:buffer';

const LONGEST_RECORDING_MS = 10 * 60 * 1000;
const bounded = (durationMs: number): number => Math.min(Math.max(0, durationMs), LONGEST_RECORDING_MS);

const WAV_HZ = 8000;
const TONE_HZ = 400;
const WAV_HEADER_BYTES = 58;
const WAVE_FORMAT_ALAW = 6;

/** A WAV file (G.711 A-law, 8 kHz, mono) with a soft 400 Hz tone of that length, to the quarter millisecond; at most 10 minutes. */
export function wavOf(durationMs: number): Buffer {
  // An even number of samples, since chunks of RIFF begin at even places.
  const samples = 2 * Math.round((bounded(durationMs) * WAV_HZ) / 2000);
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(WAV_HEADER_BYTES - 8 + samples, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(18, 16);
  header.writeUInt16LE(WAVE_FORMAT_ALAW, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(WAV_HZ, 24);
  header.writeUInt32LE(WAV_HZ, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.writeUInt16LE(0, 36);
  header.write('fact', 38, 'latin1');
  header.writeUInt32LE(4, 42);
  header.writeUInt32LE(samples, 46);
  header.write('data', 50, 'latin1');
  header.writeUInt32LE(samples, 54);
  return Buffer.concat([header, samples === 0 ? Buffer.alloc(0) : Buffer.alloc(samples, onePeriod())]);
}

function onePeriod(): Buffer {
  const samples = WAV_HZ / TONE_HZ;
  return Buffer.from(Array.from({ length: samples }, (_, index) => aLaw(Math.round(6000 * Math.sin((2 * Math.PI * index) / samples)))));
}

/** One 16-bit sample as G.711 A-law: sign, 3 bits of segment, 4 bits of mantissa, every second bit inverted. */
function aLaw(sample: number): number {
  const magnitude = (sample < 0 ? -sample - 1 : sample) >> 3;
  const segment = Math.max(0, 32 - Math.clz32(magnitude) - 5);
  const mantissa = (magnitude >> Math.max(1, segment)) & 0x0f;
  return ((segment << 4) | mantissa) ^ (sample < 0 ? 0x55 : 0xd5);
}

/** MPEG-2 Layer III, 8 kbit/s, 16 kHz, mono, no CRC: 36 bytes hold 576 samples, 36 ms. All-zero side information is silence. */
const MP3_FRAME_BYTES = 36;
const MP3_FRAME_MS = 36;
const MP3_FRAME_HEADER = [0xff, 0xf3, 0x18, 0xc0];

/** An MP3 file with silence of that length, to the next whole frame; at most 10 minutes. */
export function mp3Of(durationMs: number): Buffer {
  const frame = Buffer.alloc(MP3_FRAME_BYTES);
  frame.set(MP3_FRAME_HEADER);
  const frames = Math.ceil(bounded(durationMs) / MP3_FRAME_MS);
  return frames === 0 ? Buffer.alloc(0) : Buffer.alloc(frames * MP3_FRAME_BYTES, frame);
}
