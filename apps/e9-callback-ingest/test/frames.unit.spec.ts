import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { crc32c } from '../src/domain/crc32c';
import { frame, readFrames } from '../src/domain/frames';

const texts = (payloads: readonly Buffer[]): string[] => payloads.map((payload) => payload.toString('latin1'));
const bytes = (maxLength: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

/** What earlier programs wrote. */
function frameOfVersion1(payload: Buffer): Buffer {
  const header = Buffer.from('CCF1llllcccc');
  header.writeUInt32BE(payload.length, 4);
  header.writeUInt32BE(crc32(payload), 8);
  return Buffer.concat([header, payload]);
}

/** Payloads that look like frames themselves are the hard ones. */
const payload = fc.oneof(bytes(40), bytes(10).map(frame), bytes(10).map(frameOfVersion1), bytes(10).map((inner) => Buffer.concat([Buffer.from('CCF2'), inner])));

describe('frames', () => {
  const three = [Buffer.from('one'), Buffer.alloc(0), Buffer.from('three')];
  const whole = Buffer.concat(three.map(frame));
  const ends = [15, 27, 44];

  it('come back as they were written', () => {
    fc.assert(fc.property(fc.array(payload, { maxLength: 8 }), (payloads) => {
      const written = Buffer.concat(payloads.map(frame));
      expect(readFrames(written, 1000)).toEqual({ payloads, nextOffset: written.length, damaged: 0 });
    }));
  });

  it('of the former version come back as well, also between new ones', () => {
    fc.assert(fc.property(fc.array(fc.tuple(payload, fc.boolean()), { maxLength: 8 }), (payloads) => {
      const written = Buffer.concat(payloads.map(([held, old]) => (old ? frameOfVersion1(held) : frame(held))));
      expect(readFrames(written, 1000)).toEqual({ payloads: payloads.map(([held]) => held), nextOffset: written.length, damaged: 0 });
    }));
  });

  it('are read up to the limit, and on from where reading stopped', () => {
    const first = readFrames(whole, 2);
    expect(first).toEqual({ payloads: three.slice(0, 2), nextOffset: ends[1], damaged: 0 });
    expect(readFrames(whole.subarray(first.nextOffset), 2)).toEqual({ payloads: three.slice(2), nextOffset: 17, damaged: 0 });
    expect(readFrames(whole, 0)).toEqual({ payloads: [], nextOffset: 0, damaged: 0 });
  });

  it('that are torn at any byte wait, and are no damage', () => {
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const count = ends.filter((end) => end <= cut).length;
      expect(readFrames(whole.subarray(0, cut), 10)).toEqual({ payloads: three.slice(0, count), nextOffset: ends[count - 1] ?? 0, damaged: 0 });
    }
  });

  it.each([['present', frame], ['former', frameOfVersion1]])('of the %s version survive a flipped bit in one of them: the others are read, what was changed never is', (_version, framed) => {
    const whole = Buffer.concat(three.map(framed));
    for (let at = 0; at < whole.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const changed = Buffer.from(whole);
        changed.writeUInt8(changed.readUInt8(at) ^ (1 << bit), at);
        const hit = ends.findIndex((end) => at < end);
        const { payloads, nextOffset, damaged } = readFrames(changed, 10);
        expect(texts(payloads)).toEqual(texts(three.filter((_, index) => index !== hit)));
        expect({ nextOffset, damaged }).toEqual(hit === 2 ? { nextOffset: ends[1], damaged: 0 } : { nextOffset: whole.length, damaged: 1 });
      }
    }
  });

  it('are found behind garbage, which counts as one stretch of damage', () => {
    const noise = bytes(60).filter((garbage) => garbage.length > 0 && garbage.indexOf('C') === -1);
    fc.assert(fc.property(noise, fc.array(payload, { minLength: 1, maxLength: 4 }), fc.array(payload, { maxLength: 3 }), (garbage, after, before) => {
      const glued = Buffer.concat([...before.map(frame), garbage, ...after.map(frame)]);
      expect(readFrames(glued, 100)).toEqual({ payloads: [...before, ...after], nextOffset: glued.length, damaged: 1 });
    }));
  });

  it('are found behind a frame that a crash left unfinished', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), fc.array(bytes(20), { minLength: 1, maxLength: 3 }), (lost, cut, after) => {
      const torn = frame(Buffer.from(lost));
      const glued = Buffer.concat([torn.subarray(0, 1 + (cut % (torn.length - 1))), ...after.map(frame)]);
      const { payloads, nextOffset, damaged } = readFrames(glued, 100);
      expect({ texts: texts(payloads), nextOffset, damaged }).toEqual({ texts: texts(after), nextOffset: glued.length, damaged: 1 });
    }));
  });

  it('with an absurd length are damage', () => {
    const absurd = frame(Buffer.from('x'));
    absurd.writeUInt32BE(0xffff_ffff, 8);
    expect(readFrames(Buffer.concat([absurd, whole]), 10)).toMatchObject({ payloads: three, damaged: 1 });
  });
});

describe('CRC-32C', () => {
  const counting = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
  // RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRC algorithms (CRC-32/ISCSI).
  const readRequest = '01c000000000000000000000000000001400000000000400000000140000001828000000000000000200000000000000';
  it.each([
    ['nothing', Buffer.alloc(0), 0],
    ['32 bytes of zeroes', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['32 incrementing bytes', counting, 0x46dd794e],
    ['32 decrementing bytes', Buffer.from(counting).reverse(), 0x113fdb5c],
    ['an iSCSI read command', Buffer.from(readRequest, 'hex'), 0xd9963a56],
    ['123456789', Buffer.from('123456789'), 0xe3069283],
  ])('of %s is the published one', (_what, bytes, expected) => expect(crc32c(bytes)).toBe(expected));

  it('is that of the definition, bit by bit, at every length', () => {
    const slow = (bytes: Uint8Array): number => {
      let crc = 0xffff_ffff;
      for (const byte of bytes) for (let bit = 0; bit < 8; bit += 1) crc = ((crc ^ (byte >> bit)) & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
      return (crc ^ 0xffff_ffff) >>> 0;
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => expect(crc32c(bytes)).toBe(slow(bytes))));
  });
});
