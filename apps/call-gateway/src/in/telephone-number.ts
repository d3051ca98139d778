import { isSupportedCountry, parsePhoneNumberWithError, type CountryCode } from 'libphonenumber-js/max';

export type ParsedNumber = { readonly kind: 'number'; readonly e164: string } | { readonly kind: 'refused'; readonly reason: string };

/** Country calling codes of satellite and international premium services: valid, and never called by mistake. */
const REFUSED_PREFIXES = ['870', '878', '881', '882', '883', '888', '979'];

/** @param code ISO 3166-1, in any case. @throws Error when the number rules do not know it. */
export function countryOf(code: string): CountryCode {
  const upper = code.toUpperCase();
  if (!isSupportedCountry(upper)) throw new Error(`${code} is no country code that the number rules know (ISO 3166-1, e.g. CN)`);
  return upper;
}

/** What people paste around a number without meaning it: direction marks, blanks, a leading apostrophe, `tel:`, brackets around the country code. */
const withoutDecoration = (text: string): string => text.replace(/[\p{Cf}\s]/gu, '').replace(/^'/, '').replace(/^tel:/i, '').replace(/^\((\+\d{1,3})\)/, '$1');

/** E.164 from what an application sends: international, or as it is written inside the country. */
export function parseNumber(text: string, country: CountryCode): ParsedNumber {
  try {
    const number = parsePhoneNumberWithError(withoutDecoration(text), { defaultCountry: country, extract: false });
    if (REFUSED_PREFIXES.includes(number.countryCallingCode)) return { kind: 'refused', reason: 'is a satellite or international service number; such numbers are not dialled' };
    if (!number.isValid()) return { kind: 'refused', reason: 'is no valid telephone number' };
    if (number.ext !== undefined) return { kind: 'refused', reason: 'has an extension, which no vendor can dial; send the number alone' };
    return { kind: 'number', e164: number.number };
  } catch {
    return { kind: 'refused', reason: `is no telephone number; send E.164 such as +8613800138000, or the form used inside ${country}` };
  }
}
