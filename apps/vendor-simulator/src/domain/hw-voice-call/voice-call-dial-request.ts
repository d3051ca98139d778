import { Buffer } from 'node:buffer';
import type { VoiceCallFields } from './voice-call-codes';

/** Where and what the application wants to be told of its call. */
export interface PushTerms {
  readonly statusUrl: string | undefined;
  readonly feeUrl: string | undefined;
  readonly partyType: boolean;
}

/** A click2Call request that passed every check. */
export interface VoiceCallDial extends PushTerms {
  readonly caller: string;
  readonly callee: string;
  readonly shownToA: string;
  readonly shownToB: string;
  readonly recorded: boolean;
  readonly userData: string | undefined;
  readonly maxTalkSeconds: number | undefined;
}

export type CheckedVoiceCallDial = { readonly kind: 'dial'; readonly dial: VoiceCallDial } | { readonly kind: 'fault'; readonly detail: string };

/** E.164 of a Chinese mobile, landline (area code without its 0), 400 or 9xxxx number. */
const NUMBER = /^\+86(?:1[3-9]\d{9}|10\d{8}|[2-9]\d{8,10}|9\d{4,7})$/;
const MAX_MINUTES = 1440;
const MAX_USER_DATA = 256;

type Reading<T> = { readonly value: T } | { readonly wrong: true };

/** Checks a request and names the first field that is wrong. */
export function checkVoiceCallDial(fields: VoiceCallFields, displayNumbers: readonly string[]): CheckedVoiceCallDial {
  const numbers = ['callerNbr', 'calleeNbr', 'displayNbr', 'displayCalleeNbr'].find((name) => !isNumber(fields[name]));
  const unapproved = ['displayNbr', 'displayCalleeNbr'].find((name) => !displayNumbers.includes(textOf(fields[name])));
  const fault = numbers ?? unapproved;
  if (fault !== undefined) return { kind: 'fault', detail: fault };
  const read = {
    maxDuration: minutesOf(fields['maxDuration']), recordFlag: flagOf(fields['recordFlag']), partyTypeRequiredInDisconnect: flagOf(fields['partyTypeRequiredInDisconnect']),
    statusUrl: addressOf(fields['statusUrl']), feeUrl: addressOf(fields['feeUrl']), userData: userDataOf(fields['userData']),
  };
  const wrong = Object.entries(read).find(([, reading]) => 'wrong' in reading);
  if (wrong !== undefined) return { kind: 'fault', detail: wrong[0] };
  const minutes = valueOf(read.maxDuration);
  return {
    kind: 'dial',
    dial: {
      caller: textOf(fields['callerNbr']), callee: textOf(fields['calleeNbr']), shownToA: textOf(fields['displayNbr']), shownToB: textOf(fields['displayCalleeNbr']),
      recorded: valueOf(read.recordFlag) ?? false, partyType: valueOf(read.partyTypeRequiredInDisconnect) ?? false,
      statusUrl: valueOf(read.statusUrl), feeUrl: valueOf(read.feeUrl), userData: valueOf(read.userData),
      maxTalkSeconds: minutes === undefined || minutes === 0 ? undefined : minutes * 60,
    },
  };
}

const valueOf = <T>(reading: Reading<T>): T | undefined => ('value' in reading ? reading.value : undefined);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const isNumber = (value: unknown): boolean => NUMBER.test(textOf(value));

/** Whole minutes up to a day, as a number or its digits; 0 and nothing are no limit. */
function minutesOf(value: unknown): Reading<number | undefined> {
  if (value === undefined) return { value };
  const minutes = typeof value === 'number' ? value : /^\d{1,4}$/.test(textOf(value)) ? Number(value) : Number.NaN;
  return Number.isInteger(minutes) && minutes >= 0 && minutes <= MAX_MINUTES ? { value: minutes } : { wrong: true };
}

/** The words `true` and `false`, not the JSON values. */
function flagOf(value: unknown): Reading<boolean | undefined> {
  if (value === undefined) return { value };
  return value === 'true' || value === 'false' ? { value: value === 'true' } : { wrong: true };
}

/** An http address in Base64. */
function addressOf(value: unknown): Reading<string | undefined> {
  if (value === undefined) return { value };
  const bytes = Buffer.from(textOf(value), 'base64');
  const address = bytes.toString('utf8');
  return bytes.toString('base64') === value && URL.canParse(address) && /^https?:$/.test(new URL(address).protocol) ? { value: address } : { wrong: true };
}

function userDataOf(value: unknown): Reading<string | undefined> {
  if (value === undefined) return { value };
  return typeof value === 'string' && value.length <= MAX_USER_DATA ? { value } : { wrong: true };
}
