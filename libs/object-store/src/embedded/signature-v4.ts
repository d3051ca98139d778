import { createHash, createHmac } from 'node:crypto';
import type { OssRequest, QueryValue } from './oss-request';
import { byName } from './signature-v1';

export interface SignedScope {
  /** `yyyymmddThhmmssZ`. */
  readonly date: string;
  readonly region: string;
  /** Lower-case names that the signer covered beside the obligatory ones. */
  readonly additionalHeaders: readonly string[];
}

/**
 * The signatures that the request may carry, hex. There are two since the clients disagree on whether an empty
 * query value is signed as `k` or as `k=`, whichever of them they send; both mean the same to the store.
 * https://help.aliyun.com/en/oss/developer-reference/recommend-to-use-signature-version-4
 */
export function signaturesV4(request: OssRequest, scope: SignedScope, secret: string): string[] {
  const day = scope.date.slice(0, 8);
  const credentialScope = `${day}/${scope.region}/oss/aliyun_v4_request`;
  const key = ['oss', 'aliyun_v4_request'].reduce(hmac, hmac(hmac(`aliyun_v4${secret}`, day), scope.region));
  const forms: readonly ((value: QueryValue) => boolean)[] = [(value) => value.hasEqualsSign, (value) => value.value !== '', () => true];
  const canonical = new Set(forms.map((withEqualsSign) => canonicalRequest(request, scope, withEqualsSign)));
  return [...canonical].map((text) => {
    const digest = createHash('sha256').update(text, 'utf8').digest('hex');
    return hmac(key, ['OSS4-HMAC-SHA256', scope.date, credentialScope, digest].join('\n')).toString('hex');
  });
}

function canonicalRequest(request: OssRequest, scope: SignedScope, withEqualsSign: (value: QueryValue) => boolean): string {
  const path = request.bucket === '' ? '/' : `/${request.bucket}/${request.key}`;
  const query = [...request.query]
    .filter(([name]) => name !== 'x-oss-signature')
    .map(([name, value]): [string, string] => [encodeStrictly(name), withEqualsSign(value) ? `=${encodeStrictly(value.value)}` : ''])
    .sort(byName)
    .map((pair) => pair.join(''));
  const additional = [...new Set(scope.additionalHeaders)].sort();
  const headers = [...request.headers]
    .filter(([name]) => name.startsWith('x-oss-') || name === 'content-type' || name === 'content-md5' || additional.includes(name))
    .sort(byName)
    .map(([name, value]) => `${name}:${value.trim()}\n`);
  return [
    request.method,
    encodeStrictly(path).replaceAll('%2F', '/'),
    query.join('&'),
    headers.join(''),
    additional.join(';'),
    request.headers.get('x-oss-content-sha256') ?? 'UNSIGNED-PAYLOAD',
  ].join('\n');
}

/** RFC 3986: all but unreserved characters. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}
