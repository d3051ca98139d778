import { OssError } from './oss-error';

/**
 * The part of an object of `sizeBytes` that a Range header asks for, both ends inclusive; undefined for the whole.
 * A form that is not understood counts as none. Throws InvalidRange when nothing of it lies in the object.
 */
export function readByteRange(header: string | undefined, sizeBytes: number): { readonly first: number; readonly last: number } | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (match === null || (from === '' && to === '') || (from !== '' && to !== '' && Number(from) > Number(to))) return undefined;
  const first = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const last = from === '' || to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (first > last) throw new OssError('InvalidRange', 'The requested range cannot be satisfied.', { 'content-range': `bytes */${sizeBytes}` });
  return { first, last };
}
