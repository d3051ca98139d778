import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { z } from 'zod';
import type { CallbackFollowUp } from '../vendor.port';
import { E9Message, e9MessageFields } from './e9.schema';

/**
 * The vendor posts XML and signs nothing, so that no callback can be verified: the secret in the path and the channel's
 * `callbackSources` are the protection. It sends each callback once and does not read the acknowledgement, of which
 * its page shows two spellings; this is the well-formed one (CallbackInterface).
 */
export const e9FollowUp: CallbackFollowUp = {
  verify: () => ({ kind: 'unverifiable' }),
  acknowledgement: {
    status: 200,
    contentType: 'application/xml;charset=utf-8',
    body: '<Response><statusCode>0000</statusCode><statusMsg>Success</statusMsg></Response>',
  },
};

const E9Document = z.object({ req: E9Message });

/** Entities are left alone, so that nothing in a message can expand; every value stays the text that it is. */
const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, processEntities: false, trimValues: true });

/**
 * The message's fields. The vendor builds its XML by joining strings, so `userData` can break it: then each field is
 * looked for by its own tag, outside of `userData`.
 * @returns `undefined` when there is nothing that looks like a message.
 */
export function parseCallback(body: Buffer): E9Message | undefined {
  const text = body.toString('utf8');
  const fields = plainFields(text) ?? wellFormedFields(text) ?? taggedFields(text);
  const parsed = E9Message.safeParse(fields);
  if (!parsed.success) return undefined;
  return Object.values(parsed.data).some((value) => value !== undefined) ? parsed.data : undefined;
}

/** Nothing but fields of plain text, one of each: what the vendor sends unless `userData` breaks it. */
const PLAIN = /^\s*(?:<\?xml[^<>]*\?>\s*)?<req>((?:\s*<(\w+)>[^<&]*<\/\2>)*)\s*<\/req>\s*$/;
const PLAIN_FIELD = /<(\w+)>([^<]*)</g;

/** A fast way for the ordinary message; it reads what the parser of any XML would. */
function plainFields(text: string): Readonly<Record<string, string>> | undefined {
  const inside = PLAIN.exec(text)?.[1];
  if (inside === undefined) return undefined;
  const fields = [...inside.matchAll(PLAIN_FIELD)].map(([, name = '', value = '']): [string, string] => [name, value.trim()]);
  const distinct = Object.fromEntries(fields);
  return Object.keys(distinct).length === fields.length ? distinct : undefined;
}

function wellFormedFields(text: string): E9Message | undefined {
  try {
    if (XMLValidator.validate(text) !== true) return undefined;
    return E9Document.safeParse(parser.parse(text)).data?.req;
  } catch {
    return undefined;
  }
}

/** Plain searches: their time grows with the length of the message only, however it is broken. */
function taggedFields(text: string): Readonly<Record<string, string>> {
  const userDataFrom = text.indexOf('<userData>');
  const userDataTo = text.lastIndexOf('</userData>');
  const outside = userDataFrom < userDataTo && userDataFrom >= 0 ? text.slice(0, userDataFrom) + text.slice(userDataTo) : text;
  const found = e9MessageFields.flatMap((name): [string, string][] => {
    const value = name === 'userData' ? text.slice(userDataFrom + '<userData>'.length, userDataTo) : between(outside, `<${name}>`, `</${name}>`);
    return value === undefined || (name === 'userData' && outside === text) ? [] : [[name, value]];
  });
  return Object.fromEntries(found);
}

function between(text: string, opening: string, closing: string): string | undefined {
  const from = text.indexOf(opening);
  const to = from < 0 ? -1 : text.indexOf(closing, from);
  return to < 0 ? undefined : text.slice(from + opening.length, to);
}
