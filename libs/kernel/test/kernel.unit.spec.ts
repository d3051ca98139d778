import { backoffMs, BlindIndex, CcError, DeadlineExceeded, defined, describeError, maskNumber, maskNumbersIn, newId, NumberVault, Sealer, SealKeys, withDeadline } from '@cc/kernel';
import fc from 'fast-check';

const secret = Buffer.alloc(32, 7);
const cannotUnseal = /sealed value could not be opened/;

function describeFailure(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return describeError(error);
  }
  return 'it did not fail';
}

describe('the sealer', () => {
  const sealer = new Sealer(secret, 'test');

  it('opens what it sealed, and seals nothing twice alike', () => {
    fc.assert(fc.property(fc.uint8Array(), fc.string(), (bytes, context) => {
      const plain = Buffer.from(bytes);
      expect(sealer.open(sealer.seal(plain, context), context)).toEqual(plain);
      expect(sealer.seal(plain, context)).not.toEqual(sealer.seal(plain, context));
    }));
  });
  it('opens nothing of which a bit was changed or a byte is missing', () => {
    const sealed = sealer.seal(Buffer.from('+8613900000001'), 'call-1');
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => sealer.open(changed, 'call-1')).toThrow(cannotUnseal);
      expect(() => sealer.open(sealed.subarray(0, at), 'call-1')).toThrow(cannotUnseal);
    }
  });
  it('opens nothing in another context, for another purpose or with another key', () => {
    const sealed = sealer.seal(Buffer.from('x'), 'call-1');
    expect(() => sealer.open(sealed, 'call-2')).toThrow(cannotUnseal);
    expect(() => new Sealer(secret, 'other').open(sealed, 'call-1')).toThrow(cannotUnseal);
    expect(() => new Sealer(Buffer.alloc(32, 8), 'test').open(sealed, 'call-1')).toThrow(cannotUnseal);
  });
  it('opens with each of its keys, and seals with the first', () => {
    const [old, present, next] = [secret, Buffer.alloc(32, 9), Buffer.alloc(40, 10)];
    const rotating = new Sealer(new SealKeys([present, old, next]), 'test');
    for (const key of [old, present, next]) expect(rotating.open(new Sealer(key, 'test').seal(Buffer.from('x'), 'call-1'), 'call-1').toString()).toBe('x');
    const sealed = rotating.seal(Buffer.from('y'), 'call-1');
    expect(new Sealer(present, 'test').open(sealed, 'call-1').toString()).toBe('y');
    expect(describeFailure(() => new Sealer(old, 'test').open(sealed, 'call-1'))).toContain(`sealed with the key ${new SealKeys([present]).ids.join()}; this service has ${new SealKeys([old]).ids.join()}`);
  });
  it('opens what was sealed before keys had ids, whichever of its keys it was', () => {
    const sealedBefore = Buffer.from('01c45535f2a9cbe11c81c7ae38ed783f2c127bf9600146fe80c43b18c124f8645b005d41db9e2a3b214c4f', 'hex');
    expect(new Sealer(new SealKeys([Buffer.alloc(32, 9), secret]), 'test').open(sealedBefore, 'call-1').toString()).toBe('+8613900000001');
    expect(() => new Sealer(new SealKeys([Buffer.alloc(32, 9), Buffer.alloc(32, 10)]), 'test').open(sealedBefore, 'call-1')).toThrow(cannotUnseal);
    expect(() => sealer.open(sealedBefore, 'call-2')).toThrow(cannotUnseal);
  });
  it('wants no key twice', () => expect(() => new SealKeys([secret, Buffer.alloc(32, 9), secret])).toThrow(expect.objectContaining({ code: 'key-twice' })));
  it('wants a key of 32 bytes', () => expect(() => new Sealer(Buffer.alloc(31), 'test')).toThrow(expect.objectContaining({ code: 'key-too-short' })));
});

describe('protected numbers', () => {
  it('are equal by reference within a tenant and a key, and nowhere else', () => {
    const index = new BlindIndex(secret);
    expect(index.of('acme', '+8613900000001')).toMatch(/^[0-9a-f]{32}$/);
    expect(new BlindIndex(secret).of('acme', '+8613900000001')).toBe(index.of('acme', '+8613900000001'));
    const others = [index.of('globex', '+8613900000001'), index.of('acme', '+8613900000002'), new BlindIndex(Buffer.alloc(32, 8)).of('acme', '+8613900000001'), index.of('acme+', '8613900000001')];
    expect(others).not.toContain(index.of('acme', '+8613900000001'));
  });
  it('come back in clear for their call only', () => {
    const vault = new NumberVault(secret);
    const { masked, sealed } = vault.protect('+8613900000001', 'acme', 'call-1');
    expect(masked).toBe('+86139****0001');
    expect(vault.reveal(sealed, 'call-1')).toBe('+8613900000001');
    expect(() => vault.reveal(sealed, 'call-2')).toThrow(cannotUnseal);
  });
  it('are found by the index key, whatever key seals', () => {
    const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const before = new NumberVault(first).protect('+8613900000001', 'acme', 'call-1');
    const rotated = new NumberVault(new SealKeys([second, first]), first);
    expect(rotated.protect('+8613900000001', 'acme', 'call-2').ref).toBe(before.ref);
    expect(rotated.reveal(before.sealed, 'call-1')).toBe('+8613900000001');
  });
  it('are masked: at least four characters are hidden, at most sixteen shown', () => {
    expect(['+8613812345678', '+861062550001', '4008001234', '10086', '12', ''].map(maskNumber)).toEqual(['+86138****5678', '+8610****0001', '4008****34', '****86', '****12', '****']);
    fc.assert(fc.property(fc.stringMatching(/^\+?\d{6,20}$/), (number) => {
      expect(maskNumber(number).length).toBeLessThanOrEqual(16);
      expect(maskNumber(number).replace('****', '').length).toBeLessThanOrEqual(number.length - 4);
    }));
  });
  it('are found in a text however they are grouped, and times and ids are left readable', () => {
    const told = [['no +8613812345678, no 13812345678.', 'no +86138****5678, no 138****5678.'], ['{"to":"138-1234-5678","at":1795498818847}', '{"to":"138-1****5678","at":1795498818847}'], ['call-0190163d8694739b, +86138****5678, 2026-11-24T10:00:00.000Z, 10086', 'call-0190163d8694739b, +86138****5678, 2026-11-24T10:00:00.000Z, 10086']];
    for (const [text = '', masked] of told) expect(maskNumbersIn(text)).toBe(masked);
  });
});

describe('time', () => {
  it('is up at the deadline, and not before', async () => {
    await expect(withDeadline(Promise.resolve(7), 10_000, 'it')).resolves.toBe(7);
    await expect(withDeadline(Promise.reject(new Error('own')), 10_000, 'it')).rejects.toThrow('own');
    await expect(withDeadline(new Promise(() => undefined), 1, 'it')).rejects.toThrow(new DeadlineExceeded('it', 1));
  });
  it('between tries doubles up to a limit, at random below', () => {
    expect([0, 1, 2, 3, 4, 5000].map((attempt) => backoffMs(attempt, 100, 1000, () => 1))).toEqual([100, 200, 400, 800, 1000, 1000]);
    expect(backoffMs(3, 100, 1000, () => 0.5)).toBe(400);
    expect(backoffMs(3, 100, 1000, () => 0)).toBe(0);
  });
});

it('an object loses its undefined fields, and nothing else', () => {
  expect(Object.entries(defined({ a: 0, b: undefined, c: null, d: '', e: false }))).toEqual([['a', 0], ['c', null], ['d', ''], ['e', false]]);
});

describe('ids and errors', () => {
  it('ids are their own, sort by time and are harmless in an echo field', () => {
    const ids = Array.from({ length: 1000 }, () => newId('call'));
    expect(new Set(ids).size).toBe(1000);
    expect([...ids].sort()).toEqual(ids);
    expect(ids[0]).toMatch(/^call-[0-9a-f]{32}$/);
  });
  it('errors are told in one line with their causes', () => {
    expect(describeError(new CcError('fault', 'x', 'outer', { cause: new Error('inner', { cause: 'root' }) }))).toBe('outer: inner: root');
    expect(describeError(new AggregateError([new Error('a'), new Error('b')]))).toBe('a; b');
    expect(describeError(new TypeError(''))).toBe('TypeError');
    expect(describeError(7)).toBe('7');
  });
});
