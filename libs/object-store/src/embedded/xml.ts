import { XMLParser } from 'fast-xml-parser';
import type { z } from 'zod';
import { OssError } from './oss-error';

/** An element's content: text, children in order, or nothing. */
export type XmlContent = string | number | boolean | readonly XmlElement[];
export type XmlElement = readonly [name: string, content: XmlContent];

/** The document with this one element at its root. */
export function xmlDocument(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root)}`;
}

function element([name, content]: XmlElement): string {
  const inner = Array.isArray(content) ? content.map(element).join('') : escapeText(String(content));
  return `<${name}>${inner}</${name}>`;
}

function escapeText(text: string): string {
  // XML 1.0 has no way to write control characters; encoding-type=url is the client's way around.
  return text.replace(/[&<>"'\r]/g, (character) => `&#${character.charCodeAt(0)};`).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd');
}

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, trimValues: false });

/** Reads a client's document; a document type (and with it any entity of its own) is refused. */
export function parseXml<Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema> {
  if (/<!DOCTYPE|<!ENTITY/i.test(text)) throw new OssError('MalformedXML', 'The XML has a document type.');
  let document: unknown;
  try {
    document = parser.parse(text, true);
  } catch {
    throw new OssError('MalformedXML', 'The XML is not well-formed.');
  }
  const parsed = schema.safeParse(document);
  if (!parsed.success) throw new OssError('MalformedXML', 'The XML is not the document that this operation expects.');
  return parsed.data;
}
