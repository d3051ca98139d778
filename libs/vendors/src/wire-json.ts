import { z } from 'zod';

/**
 * A text field of a vendor's answer as vendors really send it: a number counts as its text; `null`, an empty string and
 * the literal text `null` count as absent.
 */
export const LooseText = z
  .union([z.string(), z.number(), z.boolean(), z.null()])
  .optional()
  .transform((value) => presentText(value === null || value === undefined ? undefined : String(value)));

/** The trimmed text, or `undefined` where there is none or it only says `null`. */
export function presentText(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === undefined || trimmed === '' || trimmed === 'null' ? undefined : trimmed;
}

/** A non-negative whole number, written as a number or as its digits; anything else counts as absent. */
export function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The JSON text parsed by the schema; `undefined` when it is no JSON or of another shape. */
export function parseWire<S extends z.ZodType>(text: string, schema: S): z.output<S> | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
