import { createHmac } from 'node:crypto';

/** The one account of the simulated platform. */
export interface JyAccount {
  readonly apiKey: string;
  readonly apiSecret: string;
  /** Where callbacks go whose dial names no address. */
  readonly callbackUrl: string;
}

/** What a request carries, with what its signature covers. */
export interface JySigned {
  readonly key: string | undefined;
  readonly timestamp: string | undefined;
  readonly nonce: string | undefined;
  readonly signature: string | undefined;
  readonly method: string;
  /** Below `/jy`, without the query. */
  readonly path: string;
  readonly body: string;
}

const TOLERANCE_MS = 5 * 60 * 1000;

const hmac = (secret: string, text: string): string => createHmac('sha256', secret).update(text).digest('hex');

/** What is wrong with a request's credentials; `undefined` when they are right. */
export function credentialFault(signed: JySigned, { apiKey, apiSecret }: JyAccount, nowMs: number): string | undefined {
  const { key, timestamp, nonce, signature, method, path, body } = signed;
  if (key !== apiKey) return 'no such key';
  if (!/^\d{13}$/.test(timestamp ?? '') || Math.abs(Number(timestamp) - nowMs) > TOLERANCE_MS) return 'the timestamp is not that of now';
  if (!/^[0-9a-f]{32}$/.test(nonce ?? '')) return 'the nonce is not 32 hex digits';
  return signature === hmac(apiSecret, [timestamp, nonce, method, path, body].join('\n')) ? undefined : 'wrong signature';
}

/** The headers that a callback carries. */
export function callbackHeaders({ apiSecret }: JyAccount, body: string, nonce: string, nowMs: number): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/json',
    'x-cc-timestamp': String(nowMs),
    'x-cc-nonce': nonce,
    'x-cc-signature': hmac(apiSecret, `${nowMs}\n${nonce}\n${body}`),
  };
}
