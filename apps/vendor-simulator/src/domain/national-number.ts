/** A Chinese number without punctuation and without its country code. */
export function nationalNumber(number: string): string {
  return number.replace(/[^\d]/g, '').replace(/^(?:00)?86(?=\d{10,})/, '');
}
