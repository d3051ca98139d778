import { Buffer } from 'node:buffer';
import type { E9Account } from './e9-authentication';
import { textOf, type E9Code, type E9Fields } from './e9-codes';

/** A dial request that passed every check. */
export interface E9Dial {
  readonly from: string;
  readonly to: string;
  readonly shownToA: string | undefined;
  readonly shownToB: string | undefined;
  readonly needRecord: boolean;
  readonly userData: string | undefined;
  readonly maxCallSeconds: number | undefined;
  /** A display number that was not allowed: the call goes out without it, and the answer says so. */
  readonly displayFault: E9Code | undefined;
}

export type CheckedDial = { readonly kind: 'dial'; readonly dial: E9Dial } | { readonly kind: 'fault'; readonly code: E9Code };

const MOBILE = /^1\d{10}$/;
const LANDLINE = /^0\d{10,11}$/;
const SERVICE_400 = /^400\d{7}$/;
const SERVICE_9 = /^9\d{4,10}$/;
const MAX_CALL_SECONDS = 8 * 3600;
const MAX_USER_DATA_BYTES = 128;
const MAX_DISPLAY_NUMBERS = 3;

const matches = (text: string, ...forms: readonly RegExp[]): boolean => forms.some((form) => form.test(text));

interface ShownNumbers {
  readonly toA: string | undefined;
  readonly toB: string | undefined;
  readonly fault: E9Code | undefined;
}

/** Checks a `callback` request field by field, in the vendor's order, and gives the first fault. */
export function checkDial(fields: E9Fields, account: E9Account): CheckedDial {
  const from = textOf(fields, 'from') ?? '';
  const to = textOf(fields, 'to') ?? '';
  const fault = numbersFault(fields, account) ?? limitsFault(fields) ?? userDataFault(fields);
  const shown = fault ?? shownNumbers(fields, from, to, account);
  if (typeof shown === 'string') return { kind: 'fault', code: shown };
  return {
    kind: 'dial',
    dial: {
      from, to, shownToA: shown.toA, shownToB: shown.toB, displayFault: shown.fault,
      needRecord: wholeOf(fields, 'needRecord') === 1,
      userData: textOf(fields, 'userData'),
      maxCallSeconds: wholeOf(fields, 'maxCallTime') || undefined,
    },
  };
}

/** What each leg will see. A's own mobile may be shown to B without approval; everything else must have been approved. */
function shownNumbers(fields: E9Fields, from: string, to: string, account: E9Account): ShownNumbers | E9Code {
  const wishes = { a: listOf(fields['fromSerNum']), b: listOf(fields['toSerNum']) };
  if (wishes.a === undefined || wishes.b === undefined) return '900098';
  if (wishes.a.includes(from)) return '900205';
  if (wishes.b.includes(to)) return '900207';
  const approved = account.displayNumbers;
  const toA = wishes.a.find((number) => approved.includes(number));
  const toB = wishes.b.find((number) => approved.includes(number) || (number === from && MOBILE.test(from)));
  return { toA, toB, fault: displayFault(wishes.a.length > 0 && toA === undefined, wishes.b.length > 0 && toB === undefined) };
}

function numbersFault(fields: E9Fields, account: E9Account): E9Code | undefined {
  const appId = textOf(fields, 'appId');
  const from = textOf(fields, 'from');
  const to = textOf(fields, 'to');
  if (appId === undefined) return '900112';
  if (from === undefined) return '900200';
  if (!matches(from, MOBILE, LANDLINE)) return '900201';
  if (to === undefined) return '900202';
  if (!matches(to, MOBILE, LANDLINE, SERVICE_400, SERVICE_9)) return '900203';
  return appId === account.appId ? undefined : '900113';
}

function limitsFault(fields: E9Fields): E9Code | undefined {
  const maxCallTime = wholeOf(fields, 'maxCallTime');
  const countDownTime = wholeOf(fields, 'countDownTime');
  if (Number.isNaN(maxCallTime) || maxCallTime > MAX_CALL_SECONDS) return '900209';
  if (![0, 1].includes(wholeOf(fields, 'needRecord'))) return '900210';
  if (![0, 5, 30, 50].includes(countDownTime)) return '900211';
  return countDownTime > maxCallTime ? '900212' : undefined;
}

function userDataFault(fields: E9Fields): E9Code | undefined {
  const userData = fields['userData'];
  if (userData === undefined || userData === null) return undefined;
  return typeof userData === 'string' && Buffer.byteLength(userData) <= MAX_USER_DATA_BYTES ? undefined : '900216';
}

/** A whole number, given as such or as its digits; 0 when it is missing, NaN when it is anything else. */
function wholeOf(fields: E9Fields, name: string): number {
  const text = textOf(fields, name);
  if (text === undefined) return fields[name] === undefined || fields[name] === null || fields[name] === '' ? 0 : Number.NaN;
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

/** Up to three numbers, as a JSON list or as XML's `[a,b]`; undefined when it is anything else. */
function listOf(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null || value === '') return [];
  const items: unknown = typeof value === 'string' ? itemsOf(value) : value;
  if (!Array.isArray(items) || items.length > MAX_DISPLAY_NUMBERS) return undefined;
  const numbers = items.filter((item): item is string => typeof item === 'string' && /^\d{3,20}$/.test(item));
  return numbers.length === items.length ? numbers : undefined;
}

function itemsOf(text: string): string[] | undefined {
  const inside = /^\[(.*)\]$/.exec(text)?.[1];
  if (inside === undefined) return undefined;
  return inside.trim() === '' ? [] : inside.split(',').map((item) => item.trim());
}

function displayFault(aFailed: boolean, bFailed: boolean): E9Code | undefined {
  if (aFailed && bFailed) return '900204';
  if (aFailed) return '900206';
  return bFailed ? '900208' : undefined;
}
