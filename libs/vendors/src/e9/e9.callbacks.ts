import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { z } from 'zod';
import type { CallbackFollowUp } from '../vendor.port';
import { E9Message, e9MessageFields } from './e9.schema';

/**
 * The vendor posts XML and signs nothing, so that no callback can be verified: the secret in the path and the source
 * addresses at the proxy are the protection. It sends each callback once and does not read the acknowledgement, of which
 * its page shows two spellings; this is the well-formed one (CallbackInterface).
 */
export const e9FollowUp: CallbackFollowUp = {
  kind: 'callbacks',
  verify: () => ({ kind: 'unverifiable' }),
  acknowledgement: {
    status: 200,
    contentType: 'application/xml;charset=utf-8',
    body: '<Response><statusCode>0000</statusCode><statusMsg>Success</statusMsg></Response>',
  },
};

const E9Document = z.object({ req: E9Message });

/** No entities and no document type: nothing in a message can expand; every value stays the text that it is. */
const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, processEntities: false, trimValues: true });

/**
 * The message's fields. The vendor builds its XML by joining strings, so `userData` can break it: then each field is
 * looked for by its own tag, outside of `userData`.
 * @returns `undefined` when there is nothing that looks like a message.
 */
export function parseCallback(body: Buffer): E9Message | undefined {
  const text = body.toString('utf8');
  const fields = wellFormedFields(text) ?? taggedFields(text);
  const parsed = E9Message.safeParse(fields);
  if (!parsed.success) return undefined;
  return Object.values(parsed.data).some((value) => value !== undefined) ? parsed.data : undefined;
}

function wellFormedFields(text: string): E9Message | undefined {
  try {
    if (/<!(doctype|entity)/i.test(text) || XMLValidator.validate(text) !== true) return undefined;
    return E9Document.safeParse(parser.parse(text)).data?.req;
  } catch {
    return undefined;
  }
}


function taggedFields(text: string): Readonly<Record<string, string>> {
  const outside = text.replace(/<userData>[\s\S]*<\/userData>/, '');
  const found = e9MessageFields.flatMap((name): [string, string][] => {
    const source = name === 'userData' ? text : outside;
    const value = new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(source)?.[1];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(found);
}
