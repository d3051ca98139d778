import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { z } from 'zod';

export const BodyForm = z.enum(['json', 'form', 'xml']);
export type BodyForm = z.output<typeof BodyForm>;

const MAX_BYTES = 256 * 1024;
/** A number with more digits than a double holds: a call's id, which must not change its last digits. */
const STRING_OR_LONG_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;

const Tree = z.record(z.string(), z.unknown());
/** No entity is expanded by the parser, and every value stays the text that it is. */
const xml = new XMLParser({ ignoreAttributes: true, ignoreDeclaration: true, parseTagValue: false, processEntities: false, trimValues: true });
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The body as a tree of plain values; `undefined` for what is not of that form, and for more than 256 KiB. Never throws. */
export function parseDocument(body: Buffer, form: BodyForm): unknown {
  if (body.length > MAX_BYTES) return undefined;
  const text = body.toString('utf8');
  try {
    switch (form) {
      case 'json':
        return parseJson(text);
      case 'form':
        return Object.fromEntries(new URLSearchParams(text));
      case 'xml':
        return XMLValidator.validate(text) === true ? Tree.parse(xml.parse(text)) : undefined;
    }
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  const parsed: unknown = JSON.parse(text);
  // Only now that it is known to be JSON do the strings end where they should, so that the search takes one pass.
  return /\d{16}/.test(text) ? JSON.parse(text.replace(STRING_OR_LONG_NUMBER, (found) => (found.startsWith('"') ? found : `"${found}"`))) : parsed;
}

/** A value of an XML body with the five entities that XML itself has; other forms have none. */
export function plainText(text: string, form: BodyForm): string {
  return form === 'xml' ? text.replace(/&(amp|lt|gt|quot|apos);/g, (all, name: string) => entities[name] ?? all) : text;
}
