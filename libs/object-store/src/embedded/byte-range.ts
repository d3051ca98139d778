import { OssError } from './oss-error';

/**
 * The part of an object of `sizeBytes` that a Range header asks for, both ends inclusive; undefined for the whole.
 * A form that is not understood counts as none. Throws InvalidRange when nothing of it lies in the object.
 */
export function readByteRange(header: string | undefined, sizeBytes: number): { readonly first: number; readonly last: number } | undefined {
  const asked = boundsOf(header, sizeBytes);
  if (asked === undefined || asked.first > asked.last) return undefined;
  const { first, last } = { first: asked.first, last: Math.min(asked.last, sizeBytes - 1) };
  if (first > last) throw new OssError('InvalidRange', 'The requested range cannot be satisfied.', { 'content-range': `bytes */${sizeBytes}` });
  return { first, last };
}

/** As they were asked for; the end may lie outside of the object. */
function boundsOf(header: string | undefined, sizeBytes: number): { readonly first: number; readonly last: number } | undefined {
  const [, from, to] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || from + to === '') return undefined;
  if (from === '') return { first: Math.max(0, sizeBytes - Number(to)), last: Number.MAX_SAFE_INTEGER };
  return { first: Number(from), last: to === '' ? Number.MAX_SAFE_INTEGER : Number(to) };
}
