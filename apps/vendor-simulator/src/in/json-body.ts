import { CcError } from '@cc/kernel';
import { InvalidRequest } from '@cc/platform';
import type { z } from 'zod';
import type { Fault } from '../domain/script-request';

/** The value of a JSON body that its schema and `more` find right. @throws every fault at once */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown, more: (value: unknown) => readonly Fault[]): z.output<S> {
  const value = jsonOf(body);
  const parsed = schema.safeParse(value);
  const faults = [...(parsed.success ? [] : faultsOf(parsed.error)), ...more(value)];
  if (!parsed.success || faults.length > 0) throw new InvalidRequest(faults);
  return parsed.data;
}

/** The value of a query that its schema finds right. */
export function parseQuery<S extends z.ZodType>(schema: S, query: unknown): z.output<S> {
  const parsed = schema.safeParse(query);
  if (!parsed.success) throw new InvalidRequest(faultsOf(parsed.error));
  return parsed.data;
}

/** An unknown field is told at its own place. */
const faultsOf = (error: z.ZodError): Fault[] =>
  error.issues.flatMap((issue) => {
    const path = issue.path.map((part) => `/${String(part)}`).join('');
    return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ pointer: `${path}/${key}`, detail: 'is unknown' })) : [{ pointer: path, detail: issue.message }];
  });

function jsonOf(body: unknown): unknown {
  try {
    return JSON.parse(Buffer.isBuffer(body) ? body.toString('utf8') : '');
  } catch {
    throw new CcError('input', 'malformed-request', 'The body is no JSON. Send an object as application/json');
  }
}
