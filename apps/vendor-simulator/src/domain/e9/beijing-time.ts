const BEIJING_OFFSET_MS = 8 * 3600 * 1000;

/** `yyyyMMddHHmmss` in Beijing, as in callbacks, records and the signature. */
export function beijingDigits(epochMs: number): string {
  return new Date(epochMs + BEIJING_OFFSET_MS).toISOString().slice(0, 19).replace(/\D/g, '');
}

/** `yyyy/MM/dd HH:mm:ss` in Beijing, as in answers. */
export function beijingDateTime(epochMs: number): string {
  return new Date(epochMs + BEIJING_OFFSET_MS).toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');
}

/** The epoch ms of 14 digits in Beijing time; undefined where they name no moment. */
export function fromBeijingDigits(digits: string): number | undefined {
  const parts = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(digits);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const epochMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}+08:00`);
  return Number.isNaN(epochMs) || beijingDigits(epochMs) !== digits ? undefined : epochMs;
}
