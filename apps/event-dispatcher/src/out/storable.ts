/** A text that PostgreSQL takes: without NUL, and with U+FFFD in place of half a character. */
export function storableText(text: string): string {
  return text.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** The JSON of a value, as a jsonb column takes it: that refuses what {@link storableText} replaces. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_name, inside: unknown) => (typeof inside === 'string' ? storableText(inside) : inside));
}
