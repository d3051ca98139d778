import { z } from 'zod';

const MINUTE_MS = 60_000;
const BEIJING_MINUTES = 8 * 60;
/** Zones whose offset has not changed since before any call that CC can meet. */
const FIXED_ZONES: Readonly<Record<string, number>> = { 'Asia/Shanghai': BEIJING_MINUTES, UTC: 0 };

/**
 * In a vendor's settings: the zone of the vendor's wall-clock times, as minutes east of UTC.
 * `Asia/Shanghai`, `UTC` or a fixed offset such as `+08:00`: a zone with summer time is refused, since its
 * wall clock names one hour a year twice.
 */
export const FixedZone = z
  .string()
  .regex(/^(Asia\/Shanghai|UTC|[+-]\d{2}:[0-5]\d)$/, { error: 'expected Asia/Shanghai, UTC or an offset such as +08:00' })
  .transform((zone) => FIXED_ZONES[zone] ?? offsetMinutes(zone));

function offsetMinutes(offset: string): number {
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6));
  return offset.startsWith('-') ? -minutes : minutes;
}

/**
 * Epoch ms of a wall-clock time written as 14 digits with or without separators (`20160324180031`,
 * `2016/03/24 18:00:31`); `undefined` for anything else and for dates that do not exist.
 */
export function parseWallClock(text: string, zoneMinutes: number): number | undefined {
  const found = /^(\d{4})[-/]?(\d{2})[-/]?(\d{2})[ T]?(\d{2}):?(\d{2}):?(\d{2})$/.exec(text.trim());
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1).map(Number);
  const utc = Date.UTC(year, month - 1, day, hour, minute, second);
  const exists = stamp(utc) === found.slice(1).join('');
  return exists ? utc - zoneMinutes * MINUTE_MS : undefined;
}

/** Beijing time as `yyyyMMddHHmmss`, whatever zone this machine is in. */
export function beijingTimestamp(epochMs: number): string {
  return wallClockDigits(epochMs, BEIJING_MINUTES);
}

/** `yyyyMMddHHmmss` in a fixed zone. @param zoneMinutes as {@link FixedZone} gives them. */
export function wallClockDigits(epochMs: number, zoneMinutes: number): string {
  return stamp(epochMs + zoneMinutes * MINUTE_MS);
}

function stamp(utc: number): string {
  return new Date(utc).toISOString().slice(0, 19).replace(/\D/g, '');
}
