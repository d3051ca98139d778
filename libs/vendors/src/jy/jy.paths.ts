import { z } from 'zod';
import { presentText } from '../wire-json';

/** Where something lies in a parsed body. */
export type Path = readonly (string | number)[];

const PATH = /^(?:\$|[\w-]{1,100})(?:\.[\w-]{1,100}|\[\d{1,4}\])*$/;
const MAX_STEPS = 12;

/** The steps of a dotted path, `undefined` for what is none. */
export function parsePath(text: string): Path | undefined {
  if (!PATH.test(text)) return undefined;
  const steps = [...text.matchAll(/\[(\d+)\]|[\w-]+|\$/g)].map(([step, index]) => (index === undefined ? step : Number(index)));
  return steps.length > MAX_STEPS ? undefined : steps[0] === '$' ? steps.slice(1) : steps;
}

/** In a contract: `result.callId`, `items[0].id`, `$` for the whole body, `$[0]` for its first entry. */
export const DottedPath = z.string().transform((text, context): Path => {
  const path = parsePath(text);
  if (path !== undefined) return path;
  context.addIssue({ code: 'custom', message: `expected a path such as result.callId or items[0].id, of at most ${MAX_STEPS} steps` });
  return z.NEVER;
});

/** What lies there; only what the body itself has is found, nothing inherited. */
export function valueAt(document: unknown, path: Path): unknown {
  let found: unknown = document;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined;
    found = Object.entries(found).find(([name]) => name === String(step))?.[1];
  }
  return found;
}

/** The text of a simple value; nothing, `null` and the word `null` count as absent, and so does a structure. */
export function textAt(document: unknown, path: Path | undefined): string | undefined {
  if (path === undefined) return undefined;
  const found = valueAt(document, path);
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? presentText(String(found)) : undefined;
}
