import { createHash, createHmac } from 'node:crypto';
import { wallClockDigits } from '../vendor-time';
import type { JySettings } from './jy.config';
import type { Signing } from './jy.contract';

export interface DigestForm {
  readonly algorithm: 'hmac-sha256' | 'md5';
  /** The key's text; of an HMAC only. */
  readonly key: string;
  readonly encoding: 'hex' | 'HEX' | 'base64';
}

/** The digest of a text (UTF-8). */
export function digestOf(text: string, { algorithm, key, encoding }: DigestForm): string {
  const digest = (algorithm === 'md5' ? createHash('md5') : createHmac('sha256', key)).update(text).digest();
  return encoding === 'base64' ? digest.toString('base64') : encoding === 'HEX' ? digest.toString('hex').toUpperCase() : digest.toString('hex');
}

/** `{timestamp}` in the contract's form. */
export function timestampOf({ timestamp, timeZone }: Signing, nowMs: number): string {
  switch (timestamp) {
    case 'epochMs':
      return String(nowMs);
    case 'epochSeconds':
      return String(Math.floor(nowMs / 1000));
    case 'yyyyMMddHHmmss':
      return wallClockDigits(nowMs, timeZone);
  }
}

/** The text of a credential; the settings were checked to have each that the contract names. */
export function credentialOf({ credentials }: JySettings, name: string | undefined): string {
  return name !== undefined && Object.hasOwn(credentials, name) ? (credentials[name]?.reveal() ?? '') : '';
}
