import { createHash, createHmac } from 'node:crypto';

export interface VoiceCallCredentials {
  readonly appKey: string;
  readonly appSecret: string;
  /** `aksk`: HMAC-SHA256 keyed by the secret. `wsse`: the older SHA-256 of a text that ends with it (rtc_05_0006). */
  readonly authentication: 'aksk' | 'wsse';
}

/** What makes one request's digest its own. */
export interface Occasion {
  readonly nonce: string;
  /** Epoch ms. */
  readonly nowMs: number;
}

/** The two headers that every request carries. */
export function authenticationHeaders(credentials: VoiceCallCredentials, { nonce, nowMs }: Occasion): Readonly<Record<string, string>> {
  const created = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const scheme = credentials.authentication.toUpperCase();
  return {
    Authorization: `${scheme} realm="SDP",profile="UsernameToken",type="Appkey"`,
    [`X-${scheme}`]: `UsernameToken Username="${credentials.appKey}", PasswordDigest="${passwordDigest(credentials, nonce, created)}", Nonce="${nonce}", Created="${created}"`,
  };
}

/** `aksk`: Base64(HMAC-SHA256(appSecret, Nonce + Created)); `wsse`: Base64(SHA256(Nonce + Created + appSecret)). */
function passwordDigest({ appSecret, authentication }: VoiceCallCredentials, nonce: string, created: string): string {
  const digest = authentication === 'aksk' ? createHmac('sha256', appSecret).update(nonce + created) : createHash('sha256').update(nonce + created + appSecret);
  return digest.digest('base64');
}

/** What a push's `X-AKSK` must hold: Base64(HMAC-SHA256(appSecret, url + LF + nonce + LF + created)); neither headers nor body are signed. */
export function pushDigest(appSecret: string, url: string, nonce: string, created: string): string {
  return createHmac('sha256', appSecret).update(`${url}\n${nonce}\n${created}`).digest('base64');
}

export interface PushSignature {
  readonly digest: string;
  readonly nonce: string;
  readonly created: string;
}

/** The parts of an `X-AKSK` header; `undefined` when one is missing. */
export function parseSignature(header: string): PushSignature | undefined {
  const part = (name: string): string | undefined => new RegExp(`\\b${name}="([^"]{1,200})"`).exec(header)?.[1];
  const [digest, nonce, created] = [part('PasswordDigest'), part('Nonce'), part('Created')];
  return digest === undefined || nonce === undefined || created === undefined ? undefined : { digest, nonce, created };
}
