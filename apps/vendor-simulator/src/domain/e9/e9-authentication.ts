import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { beijingDigits, fromBeijingDigits } from './beijing-time';
import type { E9Code } from './e9-codes';

/** The one account of the simulated platform. */
export interface E9Account {
  readonly accountSid: string;
  readonly authToken: string;
  readonly appId: string;
  /** Display numbers that the platform has approved. */
  readonly displayNumbers: readonly string[];
  /** Queries of call records that one minute allows. */
  readonly queriesPerMinute: number;
}

export interface E9Credentials {
  /** `softVersion` and `accountSid` of the path. */
  readonly version: string;
  readonly accountSid: string;
  readonly sig: string | undefined;
  readonly authorization: string | undefined;
}

const VERSION = '2016-01-01';
const TIMESTAMP_TOLERANCE_MS = 12 * 3600 * 1000;
const upperMd5 = (text: string): string => createHash('md5').update(text).digest('hex').toUpperCase();

/** `UPPER(hex(MD5(accountSid + authToken + timestamp)))` */
export function e9Signature(account: Pick<E9Account, 'accountSid' | 'authToken'>, timestamp: string): string {
  return upperMd5(account.accountSid + account.authToken + timestamp);
}

/** The `auth` that a recording's URL wants: `UPPER(MD5(accountSid + ":" + authToken))`. */
export function recordingAuth(account: Pick<E9Account, 'accountSid' | 'authToken'>): string {
  return upperMd5(`${account.accountSid}:${account.authToken}`);
}

/** The first thing that is wrong with a request's credentials, in the vendor's order; undefined when they are right. */
export function credentialFault(given: E9Credentials, account: E9Account, nowMs: number): E9Code | undefined {
  if (given.version !== VERSION) return '900099';
  if (given.sig === undefined || given.sig === '') return '900100';
  const decoded = decodeBase64(given.authorization);
  if (decoded === undefined) return '900101';
  const [sid, timestamp, ...more] = decoded.split(':');
  if (sid === undefined || timestamp === undefined || more.length > 0) return '900102';
  return sidFault(given.accountSid) ?? timestampFault(timestamp, nowMs) ?? ownerFault(given, sid, timestamp, account);
}

function decodeBase64(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes.toString('utf8') : undefined;
}

function sidFault(sid: string): E9Code | undefined {
  if (sid.length !== 32) return '900104';
  return /^[0-9A-Za-z]+$/.test(sid) ? undefined : '900105';
}

function timestampFault(timestamp: string, nowMs: number): E9Code | undefined {
  if (timestamp === '') return '900106';
  if (timestamp.length !== beijingDigits(0).length) return '900107';
  const epochMs = fromBeijingDigits(timestamp);
  if (epochMs === undefined) return '900108';
  return Math.abs(epochMs - nowMs) > TIMESTAMP_TOLERANCE_MS ? '900109' : undefined;
}

function ownerFault(given: E9Credentials, headerSid: string, timestamp: string, account: E9Account): E9Code | undefined {
  if (given.accountSid !== account.accountSid || headerSid !== account.accountSid) return '900110';
  return given.sig === e9Signature(account, timestamp) ? undefined : '900111';
}
