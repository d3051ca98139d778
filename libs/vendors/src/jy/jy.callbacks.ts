import { Secret } from '../secret';
import type { CallbackFollowUp, RawNotification, Verdict } from '../vendor.port';
import type { JySettings } from './jy.config';
import type { Verification } from './jy.contract';
import { parseDocument, plainText } from './jy.document';
import { parsePath, textAt } from './jy.paths';
import { messagesIn, subjectOfMessage } from './jy.messages';
import { SPLIT } from './jy.request-name';
import { credentialOf, digestOf } from './jy.signature';
import type { Values } from './jy.template';

type DigestVerification = Extract<Verification, { kind: 'digest' }>;

/** What the contract says of callbacks: how they are verified, taken apart and acknowledged. */
export function jyFollowUp(settings: JySettings): CallbackFollowUp {
  const { acknowledgement, list } = settings.contract.callbacks;
  return {
    verify: (raw) => verify(raw, settings),
    ...(list === undefined ? {} : { split: (raw: RawNotification) => split(raw, settings) }),
    acknowledgement,
  };
}

function verify(raw: RawNotification, settings: JySettings): Verdict {
  const { verification } = settings.contract.callbacks;
  switch (verification.kind) {
    case 'none':
      return { kind: 'unverifiable' };
    case 'header': {
      const given = raw.headers[verification.header.toLowerCase()];
      const right = given !== undefined && new Secret(verification.prefix + credentialOf(settings, verification.credential)).equals(given);
      return right ? { kind: 'trusted' } : { kind: 'forged', reason: given === undefined ? 'the secret of the callback is missing' : 'the secret of the callback is wrong' };
    }
    case 'digest':
      return verifyDigest(raw, verification, settings);
  }
}

function verifyDigest(raw: RawNotification, verification: DigestVerification, settings: JySettings): Verdict {
  const { form } = settings.contract.callbacks;
  const needsFields = [...verification.over.names, ...verification.signature.names].some((name) => name.startsWith('field.'));
  const document = needsFields ? parseDocument(raw.body, form) : undefined;
  const values: Values = (name) => {
    const [family = '', ...rest] = name.split('.');
    const inside = rest.join('.');
    if (name === 'body') return raw.body.toString('utf8');
    if (family === 'secret') return credentialOf(settings, inside);
    if (family === 'header') return raw.headers[inside.toLowerCase()];
    const text = textAt(document, parsePath(inside));
    return text === undefined ? undefined : plainText(text, form);
  };
  const given = verification.signature.text(values);
  if (given === undefined) return { kind: 'forged', reason: 'the callback is not signed' };
  const expected = digestOf(verification.over.filled(values), { ...verification, key: credentialOf(settings, verification.key) });
  return new Secret(verification.prefix + expected).equals(given) ? { kind: 'trusted' } : { kind: 'forged', reason: 'the signature of the callback is wrong' };
}

/** One message for each call, when a callback carries messages of several. */
function split(raw: RawNotification, { contract }: JySettings): readonly RawNotification[] {
  const { form, message } = contract.callbacks;
  const byCall = new Map<string, unknown[]>();
  for (const entry of messagesIn(raw, contract) ?? []) {
    const { vendorCallId, attemptId } = subjectOfMessage(entry, message, form);
    const call = vendorCallId ?? attemptId ?? '';
    const alike = byCall.get(call);
    if (alike === undefined) byCall.set(call, [entry]);
    else alike.push(entry);
  }
  if (byCall.size <= 1) return [raw];
  return [...byCall.values()].map((entries) => ({ ...raw, body: Buffer.from(JSON.stringify(entries)), request: SPLIT }));
}
