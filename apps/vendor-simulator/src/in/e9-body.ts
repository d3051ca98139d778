import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import type { E9Answer, E9Fields } from '../domain/e9/e9-codes';

const Fields = z.record(z.string(), z.unknown());
const xml = new XMLParser({ ignoreAttributes: true, ignoreDeclaration: true, parseTagValue: false });

/** The fields below the root element of a JSON or XML body; undefined when the body is not one with such a root. */
export function fieldsBelow(body: Buffer | undefined, contentType: string | undefined, roots: readonly string[]): E9Fields | undefined {
  const document = Fields.safeParse(parse(body?.toString('utf8') ?? '', contentType ?? ''));
  const [root, ...more] = document.success ? Object.keys(document.data) : [];
  if (!document.success || root === undefined || more.length > 0 || !roots.includes(root)) return undefined;
  return Fields.safeParse(document.data[root]).data;
}

function parse(text: string, contentType: string): unknown {
  try {
    if (/^application\/json\b/i.test(contentType)) return JSON.parse(text);
    return /^application\/xml\b/i.test(contentType) ? xml.parse(text, true) : undefined;
  } catch {
    return undefined;
  }
}

/** An answer in the format that `Accept` names: XML, otherwise JSON. */
export function renderAnswer(answer: E9Answer, accept: string | undefined): { readonly contentType: string; readonly body: string } {
  return /application\/xml/i.test(accept ?? '')
    ? { contentType: 'application/xml;charset=utf-8', body: `<?xml version='1.0'?><resp>${elementsOf(answer)}</resp>` }
    : { contentType: 'application/json;charset=utf-8', body: JSON.stringify({ resp: answer }) };
}

function elementsOf(fields: E9Answer): string {
  return Object.entries(fields).map(([name, value]) => `<${name}>${typeof value === 'object' ? elementsOf(value) : value}</${name}>`).join('');
}
