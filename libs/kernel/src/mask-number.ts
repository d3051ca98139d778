/**
 * The form of a telephone number that may be seen anywhere: `+8613812345678` → `+86138****5678`.
 * Keeps the first 6 and last 4 characters of a long number, the last 2 of a short one; never longer than 16 characters.
 */
export function maskNumber(number: string): string {
  const keepEnd = number.length >= 11 ? 4 : 2;
  const keepStart = Math.max(0, Math.min(6, number.length - keepEnd - 4));
  return `${number.slice(0, keepStart)}****${number.slice(-keepEnd)}`;
}

/** Nine digits or more, also grouped by spaces, dots, brackets or dashes: what could be a telephone number in clear. Ids and masked forms do not match. */
const NUMBER_LIKE = /(?<![0-9a-zA-Z])\+?\d(?:[ ().-]{0,2}\d){8,}(?![0-9a-zA-Z])/g;

/** Epoch milliseconds of 2014 to 2033: no telephone number has this form. */
const EPOCH_MS = /^1[4-9]\d{11}$/;

/** A text with everything masked that could be a telephone number in it; times in epoch milliseconds stay readable. */
export function maskNumbersIn(text: string): string {
  return text.replace(NUMBER_LIKE, (found) => (EPOCH_MS.test(found) ? found : maskNumber(found)));
}
