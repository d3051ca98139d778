import { createHmac } from 'node:crypto';
import { ATTEMPT_ID } from '../../attempt-id';

export type Leg = 'a' | 'b' | 'unknown';

/**
 * What we send as `userData` (≤ 256): the attempt's id and a mark of each leg's number. Status pushes name a leg by its
 * number alone, and who reads them knows no numbers: by the marks a push tells its leg itself.
 */
export function echoOf(request: { readonly attemptId: string; readonly caller: string; readonly called: string }, key: string): string {
  return `${request.attemptId}_${markOf(request.caller, key)}_${markOf(request.called, key)}`;
}

export interface Echo {
  readonly attemptId: string;
  /** Absent where the vendor returned the id alone. */
  readonly marks?: { readonly a: string; readonly b: string };
}

/** `undefined` for what we cannot have sent. */
export function parseEcho(userData: string | undefined): Echo | undefined {
  const [, attemptId, a, b] = /^([^_]+)(?:_([0-9a-f]{8})_([0-9a-f]{8}))?$/.exec(userData ?? '') ?? [];
  if (attemptId === undefined || !ATTEMPT_ID.test(attemptId)) return undefined;
  return a === undefined || b === undefined ? { attemptId } : { attemptId, marks: { a, b } };
}

/** Whose number it is, as far as the marks tell. */
export function legOf(number: string | undefined, echo: Echo | undefined, key: string): Leg {
  const marks = echo?.marks;
  if (number === undefined || marks === undefined || marks.a === marks.b) return 'unknown';
  const mark = markOf(number, key);
  if (mark === marks.a) return 'a';
  return mark === marks.b ? 'b' : 'unknown';
}

/** The same for every way of writing a Chinese number: `+8613912345678`, `8613912345678`, `13912345678`, `013912345678`. */
function markOf(number: string, key: string): string {
  const significant = number.replace(/\D/g, '').replace(/^0+/, '').replace(/^86/, '').replace(/^0/, '');
  return createHmac('sha256', key).update(significant).digest('hex').slice(0, 8);
}
