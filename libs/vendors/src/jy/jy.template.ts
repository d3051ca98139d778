import { z } from 'zod';

export type Value = string | number | boolean;

/** A value by its name; `undefined` where this request has none. */
export type Values = (name: string) => Value | undefined;

type Part = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'value'; readonly name: string };

const MAX_LENGTH = 2000;
const TOKEN = /\{\{|\}\}|\{([A-Za-z][\w.[\]-]{0,99})\}|[^{}]+|[{}]/g;

/** A text with named values in it, e.g. `{timestamp}.{nonce}`; a brace of its own is written twice. */
export class Template {
  readonly names: readonly string[];

  constructor(private readonly parts: readonly Part[]) {
    this.names = parts.flatMap((part) => (part.kind === 'value' ? [part.name] : []));
  }

  /** A template that is one value alone gives it with its type; `undefined` when one of its values is absent. */
  value(values: Values): Value | undefined {
    const [only, ...more] = this.parts;
    return only?.kind === 'value' && more.length === 0 ? values(only.name) : this.text(values);
  }

  /** `undefined` when one of its values is absent. */
  text(values: Values): string | undefined {
    return this.names.some((name) => values(name) === undefined) ? undefined : this.filled(values);
  }

  /** What is absent counts as nothing. */
  filled(values: Values): string {
    return this.parts.map((part) => (part.kind === 'text' ? part.text : String(values(part.name) ?? ''))).join('');
  }
}

/** Which names a template may have. `secret.NAME` is always one of the settings' credentials. */
export interface KnownNames {
  readonly names: readonly string[];
  /** Beginnings of further names, e.g. `header.`. */
  readonly families?: readonly string[];
}

/** The template, or what is wrong with it: told by its place, since any text of a channel file may be a secret. */
export function parseTemplate(text: string, known: KnownNames): Template | string {
  if (text.length > MAX_LENGTH) return `a template has at most ${MAX_LENGTH} characters`;
  const families = ['secret.', ...(known.families ?? [])];
  const isKnown = (name: string): boolean => known.names.includes(name) || families.some((family) => name.startsWith(family) && name.length > family.length);
  const parts: Part[] = [];
  for (const found of text.matchAll(TOKEN)) {
    const [token, name] = found;
    const place = `at character ${found.index + 1}`;
    if (token === '{' || token === '}') return `${place}: a brace without its other half or with no name in it; a brace of the text is written twice`;
    if (name === undefined) parts.push({ kind: 'text', text: token === '{{' || token === '}}' ? token.slice(1) : token });
    else if (isKnown(name)) parts.push({ kind: 'value', name });
    else return `${place}: no such value; known are ${[...known.names, ...families.map((family) => `${family}NAME`)].join(', ')}`;
  }
  return new Template(parts);
}

/** In a contract: a text with named values. */
export function templateOf(known: KnownNames) {
  return z.string().transform((text, context): Template => {
    const parsed = parseTemplate(text, known);
    if (parsed instanceof Template) return parsed;
    context.addIssue({ code: 'custom', message: parsed });
    return z.NEVER;
  });
}
