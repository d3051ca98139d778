export interface AudioType {
  readonly extension: 'mp3' | 'wav';
  readonly contentType: string;
}

const MP3: AudioType = { extension: 'mp3', contentType: 'audio/mpeg' };
const WAV: AudioType = { extension: 'wav', contentType: 'audio/wav' };

/** What the first bytes of a file say that it is; `undefined` for anything but audio, such as a page that reports an error. */
export function audioTypeOf(firstBytes: Buffer): AudioType | undefined {
  if (firstBytes.length >= 12 && firstBytes.toString('latin1', 0, 4) === 'RIFF' && firstBytes.toString('latin1', 8, 12) === 'WAVE') return WAV;
  if (firstBytes.toString('latin1', 0, 3) === 'ID3') return MP3;
  const [first = 0, second = 0] = firstBytes;
  const isFrameSync = first === 0xff && (second & 0xe0) === 0xe0;
  const isLayerThree = (second & 0x06) === 0x02;
  return isFrameSync && isLayerThree ? MP3 : undefined;
}
