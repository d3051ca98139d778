import { createHmac } from 'node:crypto';
import type { OssRequest } from './oss-request';

/** Query names that OSS's V1 signature covers; the others are not protected by it. */
export const signedSubresources = new Set(
  ('acl append asyncFetch bucketInfo callback callback-var cname comp continuation-token cors delete encryption endTime inventory inventoryId lifecycle link live ' +
    'location logging metaQuery objectInfo objectMeta partNumber policy position qos qosInfo referer replication requestPayment resourceGroup response-cache-control ' +
    'response-content-disposition response-content-encoding response-content-language response-content-type response-expires restore security-token sequential ' +
    'startTime stat status style styleName symlink tagging transferAcceleration uploadId uploads versionId versioning versions vod website worm wormExtend wormId ' +
    'x-oss-process x-oss-request-payer x-oss-traffic-limit').split(' '),
);

/**
 * The signature that the request ought to carry, base64.
 * `date` is the Date (or x-oss-date) header, or Expires of a presigned address.
 * https://help.aliyun.com/en/oss/developer-reference/include-signatures-in-the-authorization-header
 */
export function signatureV1(request: OssRequest, date: string, secret: string): string {
  const ossHeaders = [...request.headers]
    .filter(([name]) => name.startsWith('x-oss-'))
    .sort(byName)
    .map(([name, value]) => `${name}:${value.trim()}\n`);
  const subresources = [...request.query]
    .filter(([name]) => signedSubresources.has(name))
    .sort(byName)
    .map(([name, { value }]) => (value === '' ? name : `${name}=${value}`));
  const resource = request.bucket === '' ? '/' : `/${request.bucket}/${request.key}`;
  const text = [
    request.method,
    request.headers.get('content-md5') ?? '',
    request.headers.get('content-type') ?? '',
    date,
    ossHeaders.join('') + resource + (subresources.length === 0 ? '' : `?${subresources.join('&')}`),
  ].join('\n');
  return createHmac('sha1', secret).update(text, 'utf8').digest('base64');
}

/** Order of names by code unit; sorting the written lines would put `a-b` before `a`. */
export function byName([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number {
  return a < b ? -1 : Number(a > b);
}
