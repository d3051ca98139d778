import { createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import { createdText, fromCreatedText } from './utc-time';
import type { VoiceCallCode } from './voice-call-codes';

/** The one application of the simulated platform. */
export interface VoiceCallApplication {
  readonly appKey: string;
  readonly appSecret: string;
  /** Display numbers that the platform has approved, E.164. */
  readonly displayNumbers: readonly string[];
}

export interface VoiceCallCredentials {
  readonly authorization: string | undefined;
  readonly aksk: string | undefined;
  readonly wsse: string | undefined;
}

const CREATED_TOLERANCE_MS = 3600 * 1000;
const AUTHORIZATION = /^(AKSK|WSSE) realm="SDP",\s*profile="UsernameToken",\s*type="Appkey"$/;
const TOKEN = /^UsernameToken Username="(?<username>[^"]+)",\s*PasswordDigest="(?<digest>[^"]+)",\s*Nonce="(?<nonce>[^"]+)",\s*Created="(?<created>[^"]+)"$/;

const hmac = (secret: string, text: string): string => createHmac('sha256', secret).update(text).digest('base64');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');

/** What is wrong with a request's credentials, in either form; `undefined` when they are right. */
export function credentialFault(credentials: VoiceCallCredentials, application: VoiceCallApplication, nowMs: number): VoiceCallCode | undefined {
  const token = tokenOf(credentials);
  if (token === undefined) return '1023001';
  if (token.username !== application.appKey) return '1023002';
  const createdAt = fromCreatedText(token.created);
  if (createdAt === undefined || Math.abs(createdAt - nowMs) > CREATED_TOLERANCE_MS) return '1023004';
  return token.digest === rightDigest(token, application.appSecret) ? undefined : '1023003';
}

const UsernameToken = z.object({ username: z.string(), digest: z.string(), nonce: z.string(), created: z.string() });
type UsernameToken = z.infer<typeof UsernameToken> & { readonly scheme: 'AKSK' | 'WSSE' };

/** The token of the header that `Authorization` announces. */
function tokenOf({ authorization, aksk, wsse }: VoiceCallCredentials): UsernameToken | undefined {
  const announced = AUTHORIZATION.exec(authorization ?? '')?.[1];
  if (announced === undefined) return undefined;
  const scheme = announced === 'AKSK' ? 'AKSK' : 'WSSE';
  const token = UsernameToken.safeParse(TOKEN.exec((scheme === 'AKSK' ? aksk : wsse) ?? '')?.groups).data;
  return token === undefined ? undefined : { scheme, ...token };
}

function rightDigest({ scheme, nonce, created }: UsernameToken, appSecret: string): string {
  return scheme === 'AKSK' ? hmac(appSecret, nonce + created) : sha256(nonce + created + appSecret);
}

/** The headers that a push carries: signed over the address that it goes to. */
export function pushHeaders({ appKey, appSecret }: VoiceCallApplication, url: string, nonce: string, nowMs: number): Readonly<Record<string, string>> {
  const created = createdText(nowMs);
  return {
    'content-type': 'application/json;charset=UTF-8',
    authorization: 'AKSK realm="SDP",profile="UsernameToken",type="Appkey"',
    'x-aksk': `UsernameToken Username="${appKey}", PasswordDigest="${hmac(appSecret, `${url}\n${nonce}\n${created}`)}", Nonce="${nonce}", Created="${created}"`,
  };
}
