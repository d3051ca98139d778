import { timingSafeEqual } from 'node:crypto';
import { OssError } from './oss-error';
import type { OssRequest } from './oss-request';
import { signatureV1 } from './signature-v1';
import { signaturesV4 } from './signature-v4';

const allowedSkewMs = 15 * 60_000;
const longestLifeSeconds = 7 * 86_400;

export interface KeyPair {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}

/** Throws the OssError (403) unless the request is signed, by this key, for now: V1 or V4, in the header or in the address. */
export function authenticate(request: OssRequest, keys: KeyPair, nowMs: number): void {
  const header = request.headers.get('authorization');
  if (header?.startsWith('OSS ') === true) return verifyHeaderV1(request, header, keys, nowMs);
  if (header?.startsWith('OSS4-HMAC-SHA256 ') === true) return verifyHeaderV4(request, header, keys, nowMs);
  if (header !== undefined) throw new OssError('InvalidArgument', 'The Authorization header is not one of OSS.');
  if (request.query.has('x-oss-signature')) return verifyAddressV4(request, keys, nowMs);
  if (request.query.has('Signature')) return verifyAddressV1(request, keys, nowMs);
  throw new OssError('AccessDenied', 'The request is not signed.');
}

function verifyHeaderV1(request: OssRequest, header: string, keys: KeyPair, nowMs: number): void {
  const match = /^OSS ([^:]+):(.+)$/.exec(header);
  const date = request.headers.get('x-oss-date') ?? request.headers.get('date') ?? '';
  requireKey(match?.[1], keys);
  requireNear(Date.parse(date), nowMs);
  requireSignature([signatureV1(request, date, keys.accessKeySecret)], match?.[2]);
}

function verifyAddressV1(request: OssRequest, keys: KeyPair, nowMs: number): void {
  const expires = queryValue(request, 'Expires');
  requireKey(queryValue(request, 'OSSAccessKeyId'), keys);
  requireSignature([signatureV1(request, expires, keys.accessKeySecret)], queryValue(request, 'Signature'));
  if (!/^\d{1,12}$/.test(expires) || Number(expires) * 1000 <= nowMs) throw expired();
}

function verifyHeaderV4(request: OssRequest, header: string, keys: KeyPair, nowMs: number): void {
  const fields = new Map(header.slice('OSS4-HMAC-SHA256 '.length).split(',').map((field): [string, string] => {
    const equalsSign = field.indexOf('=');
    return [field.slice(0, equalsSign).trim(), field.slice(equalsSign + 1).trim()];
  }));
  const credential = readCredential(fields.get('Credential') ?? '', keys);
  const date = dateV4(request);
  requireNear(parseDateV4(date), nowMs);
  requireDay(date, credential.day);
  const additionalHeaders = listed(fields.get('AdditionalHeaders'));
  requireSignature(signaturesV4(request, { date, region: credential.region, additionalHeaders }, keys.accessKeySecret), fields.get('Signature'));
}

function verifyAddressV4(request: OssRequest, keys: KeyPair, nowMs: number): void {
  const credential = readCredential(queryValue(request, 'x-oss-credential'), keys);
  const date = queryValue(request, 'x-oss-date');
  const lifeSeconds = Number(queryValue(request, 'x-oss-expires'));
  requireDay(date, credential.day);
  const additionalHeaders = listed(request.query.get('x-oss-additional-headers')?.value);
  requireSignature(signaturesV4(request, { date, region: credential.region, additionalHeaders }, keys.accessKeySecret), queryValue(request, 'x-oss-signature'));
  if (!(lifeSeconds >= 1 && lifeSeconds <= longestLifeSeconds)) throw new OssError('InvalidArgument', 'x-oss-expires is 1 to 604800 seconds.');
  const startsMs = parseDateV4(date);
  if (!(startsMs + lifeSeconds * 1000 > nowMs && startsMs <= nowMs + allowedSkewMs)) throw expired();
}

function readCredential(text: string, keys: KeyPair): { readonly day: string; readonly region: string } {
  const [accessKeyId, day = '', region = '', product, terminator] = text.split('/');
  requireKey(accessKeyId, keys);
  if (product !== 'oss' || terminator !== 'aliyun_v4_request') throw new OssError('InvalidArgument', 'The credential is not key/day/region/oss/aliyun_v4_request.');
  return { day, region };
}

function dateV4(request: OssRequest): string {
  const date = request.headers.get('x-oss-date') ?? request.headers.get('date') ?? '';
  if (/^\d{8}T\d{6}Z$/.test(date)) return date;
  const parsed = new Date(date);
  return Number.isNaN(parsed.getTime()) ? '' : parsed.toISOString().replace(/[-:]|\.\d{3}/g, '');
}

function parseDateV4(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function listed(names: string | undefined): string[] {
  return (names ?? '').split(';').map((name) => name.trim().toLowerCase()).filter((name) => name !== '');
}

function queryValue(request: OssRequest, name: string): string {
  return request.query.get(name)?.value ?? '';
}

function requireKey(accessKeyId: string | undefined, keys: KeyPair): void {
  if (accessKeyId !== keys.accessKeyId) throw new OssError('InvalidAccessKeyId', 'The AccessKeyId does not exist.');
}

function requireDay(date: string, day: string): void {
  if (!/^\d{8}T\d{6}Z$/.test(date) || date.slice(0, 8) !== day) throw new OssError('InvalidArgument', 'The date is not the one of the credential.');
}

function requireNear(requestMs: number, nowMs: number): void {
  if (!(Math.abs(requestMs - nowMs) <= allowedSkewMs)) throw new OssError('RequestTimeTooSkewed', 'The date of the request is more than 15 minutes from ours.');
}

function requireSignature(expected: readonly string[], given: string | undefined): void {
  const actual = Buffer.from(given ?? '');
  const matches = expected.some((signature) => signature.length === actual.length && timingSafeEqual(Buffer.from(signature), actual));
  if (!matches) throw new OssError('SignatureDoesNotMatch', 'The signature is not the one of this request under this key.');
}

function expired(): OssError {
  return new OssError('AccessDenied', 'Request has expired.');
}
