/**
 * The form of a telephone number that may be seen anywhere: `+8613812345678` → `+86138****5678`.
 * Keeps the first 6 and last 4 characters of a long number, the last 2 of a short one; never longer than 16 characters.
 */
export function maskNumber(number: string): string {
  const keepEnd = number.length >= 11 ? 4 : 2;
  const keepStart = Math.max(0, Math.min(6, number.length - keepEnd - 4));
  return `${number.slice(0, keepStart)}****${number.slice(-keepEnd)}`;
}
