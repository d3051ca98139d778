import { z } from 'zod';

/** The JSON object in the bytes; an empty one where there is none, so that the schema names every missing field. */
export function parseJson(value: Buffer | null): Readonly<Record<string, unknown>> {
  if (value === null) return {};
  try {
    const parsed: unknown = JSON.parse(value.toString('utf8'));
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every fault of a failed parse in one line: `called.masked: expected string; notAfter: expected number`. */
export function describeIssues(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'message'}: ${issue.message}`).join('; ');
}
