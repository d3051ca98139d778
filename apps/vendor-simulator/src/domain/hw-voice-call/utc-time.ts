/** `yyyy-MM-dd HH:mm:ss` in UTC, as in pushes. */
export function utcText(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ');
}

/** `yyyy-MM-ddTHH:mm:ssZ`, as in signatures. */
export function createdText(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/** The moment that a signature's `Created` names; `undefined` for anything that is not such a moment. */
export function fromCreatedText(text: string): number | undefined {
  const epochMs = Date.parse(text);
  return Number.isNaN(epochMs) || createdText(epochMs) !== text ? undefined : epochMs;
}
