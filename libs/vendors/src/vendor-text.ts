import { maskNumber } from '@cc/kernel';

const MAX_LENGTH = 200;

/**
 * A vendor's free text made fit for events and logs: digit runs that could be a telephone number are masked, anything
 * that looks like a credential (16 characters or more without a break) is removed, and so are the named secrets.
 */
export function vendorText(text: string, secrets: readonly string[] = []): string {
  const withoutSecrets = secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  return withoutSecrets
    .replace(/[A-Za-z0-9+/=_-]{16,}/g, '***')
    .replace(/\+?\d{7,}/g, (digits) => maskNumber(digits))
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, MAX_LENGTH);
}

/** A vendor's code made fit for events and logs: what looks like a code stays as it is, anything else is treated as text. */
export function vendorCode(code: string): string {
  return /^[\w.-]{1,32}$/.test(code) && !/\d{9}/.test(code) ? code : vendorText(code);
}
