/** The status codes that the simulator answers with, of the vendor's global error code page, in words of our own. */
const represents = {
  '900000': 'unknown error',
  '900098': 'a parameter is wrong',
  '900099': 'wrong interface version',
  '900100': 'sig is missing',
  '900101': 'Authorization cannot be decoded',
  '900102': 'Authorization is not accountSid:timestamp',
  '900104': 'the account SID must have 32 characters',
  '900105': 'the account SID has other characters than letters and digits',
  '900106': 'the timestamp is missing',
  '900107': 'the timestamp must have 14 digits',
  '900108': 'the timestamp is not yyyyMMddHHmmss',
  '900109': 'the timestamp is more than 12 hours away from Beijing time',
  '900110': 'unknown account SID',
  '900111': 'wrong signature',
  '900112': 'appId is missing',
  '900113': 'unknown appId',
  '900123': 'the application is over its quota',
  '900200': 'from is missing',
  '900201': 'from has a wrong format',
  '900202': 'to is missing',
  '900203': 'to has a wrong format',
  '900204': 'neither display number is approved',
  '900205': 'the number shown to A is A’s own',
  '900206': 'the number shown to A is not approved',
  '900207': 'the number shown to B is B’s own',
  '900208': 'the number shown to B is not approved',
  '900209': 'maxCallTime is wrong',
  '900210': 'needRecord is wrong',
  '900211': 'countDownTime is wrong',
  '900212': 'countDownTime needs a longer maxCallTime',
  '900213': 'callId is missing',
  '900216': 'userData is longer than 128 bytes',
  '900217': 'unknown callId',
  '900218': 'type is missing',
  '900219': 'the call ended more than 48 hours ago',
  '900221': 'to is blacklisted',
  '900224': 'too many queries per minute',
} as const;

export type E9Code = keyof typeof represents;
export const E9_SUCCESS = '000000';

export function representOf(code: E9Code): string {
  return represents[code];
}

/** What stands below `resp` in an answer. */
export type E9Answer = Readonly<Record<string, string | number | Readonly<Record<string, string | number>>>>;

/** The fields of a request below its root element, as they came. */
export type E9Fields = Readonly<Record<string, unknown>>;

/** A field as text; numbers count as their digits, everything else and the empty text as missing. */
export function textOf(fields: E9Fields, name: string): string | undefined {
  const value = fields[name];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
