import { z } from 'zod';
import { type Listing, type ListingQuery, listObjects } from './object-listing';
import { OssError } from './oss-error';
import { type OssReply, emptyReply, isoTime, owner, xmlReply } from './oss-reply';
import type { OssRequest } from './oss-request';
import { readText } from './request-body';
import { encodeStrictly } from './signature-v4';
import type { StoreDirectory } from './store-directory';
import { type XmlElement, parseXml } from './xml';

type Encode = (text: string) => string;

export async function listBuckets(store: StoreDirectory): Promise<OssReply> {
  const buckets: XmlElement[] = [];
  for (const name of await store.bucketNames()) {
    const createdMs = await store.createdMs(name);
    if (createdMs !== undefined) buckets.push(['Bucket', describeBucket(name, createdMs)]);
  }
  return xmlReply(['ListAllMyBucketsResult', [owner, ['Buckets', buckets], ['IsTruncated', false]]]);
}

export async function createBucket(store: StoreDirectory, request: OssRequest): Promise<OssReply> {
  await readText(request);
  await store.createBucket(request.bucket);
  return emptyReply(200, { location: `/${request.bucket}` });
}

export async function deleteBucket(store: StoreDirectory, request: OssRequest): Promise<OssReply> {
  await store.deleteBucket(request.bucket);
  return emptyReply(204);
}

export async function bucketInfo(store: StoreDirectory, request: OssRequest): Promise<OssReply> {
  await store.bucket(request.bucket);
  const createdMs = (await store.createdMs(request.bucket)) ?? 0;
  return xmlReply(['BucketInfo', [['Bucket', [...describeBucket(request.bucket, createdMs), owner, ['AccessControlList', [['Grant', 'private']]]]]]]);
}

function describeBucket(name: string, createdMs: number): XmlElement[] {
  return [
    ['Name', name],
    ['CreationDate', isoTime(createdMs)],
    ['Location', 'oss-embedded'],
    ['ExtranetEndpoint', 'localhost'],
    ['IntranetEndpoint', 'localhost'],
    ['StorageClass', 'Standard'],
  ];
}

export async function listBucket(store: StoreDirectory, request: OssRequest): Promise<OssReply> {
  const text = (name: string): string => request.query.get(name)?.value ?? '';
  const isV2 = text('list-type') === '2';
  const token = text('continuation-token');
  const afterToken = token === '' ? text('start-after') : Buffer.from(token, 'base64url').toString();
  const query: ListingQuery = { prefix: text('prefix'), delimiter: text('delimiter'), after: isV2 ? afterToken : text('marker'), maxKeys: readCount(text('max-keys'), 100) };
  const listing = await listObjects(await store.bucket(request.bucket), query);
  const urlEncoded = text('encoding-type') === 'url';
  const encode: Encode = urlEncoded ? encodeStrictly : (plain) => plain;
  return xmlReply(['ListBucketResult', [
    ['Name', request.bucket],
    ['Prefix', encode(query.prefix)],
    ['MaxKeys', query.maxKeys],
    ['Delimiter', encode(query.delimiter)],
    ...(urlEncoded ? [['EncodingType', 'url'] as const] : []),
    ['IsTruncated', listing.next !== undefined],
    ...(isV2 ? positionV2(listing, token, text('start-after'), encode) : positionV1(listing, query.after, encode)),
    ...contents(listing, encode),
  ]]);
}

function positionV1(listing: Listing, marker: string, encode: Encode): XmlElement[] {
  return [['Marker', encode(marker)], ...(listing.next === undefined ? [] : [['NextMarker', encode(listing.next)] as const])];
}

function positionV2(listing: Listing, token: string, startAfter: string, encode: Encode): XmlElement[] {
  return [
    ['StartAfter', encode(startAfter)],
    ['ContinuationToken', token],
    ...(listing.next === undefined ? [] : [['NextContinuationToken', Buffer.from(listing.next).toString('base64url')] as const]),
    ['KeyCount', listing.objects.length + listing.commonPrefixes.length],
  ];
}

function contents(listing: Listing, encode: Encode): XmlElement[] {
  return [
    ...listing.objects.map((object): XmlElement => ['Contents', [
      ['Key', encode(object.key)],
      ['LastModified', isoTime(object.lastModifiedMs)],
      ['ETag', `"${object.etag}"`],
      ['Type', object.etag.includes('-') ? 'Multipart' : 'Normal'],
      ['Size', object.sizeBytes],
      ['StorageClass', 'Standard'],
      owner,
    ]]),
    ...listing.commonPrefixes.map((prefix): XmlElement => ['CommonPrefixes', [['Prefix', encode(prefix)]]]),
  ];
}

/** A count of at most 1000 from the query. */
export function readCount(text: string, unlessGiven: number): number {
  if (text === '') return unlessGiven;
  if (!/^\d{1,4}$/.test(text) || Number(text) > 1000) throw new OssError('InvalidArgument', 'A page has 0 to 1000 entries.');
  return Number(text);
}

const DeletedObject = z.object({ Key: z.string().min(1) });
const DeleteRequest = z.object({
  Delete: z.object({ Quiet: z.string().optional(), Object: z.union([DeletedObject.transform((one) => [one]), z.array(DeletedObject).max(1000)]) }),
});

export async function deleteObjects(store: StoreDirectory, request: OssRequest): Promise<OssReply> {
  const bucket = await store.bucket(request.bucket);
  const { Delete } = parseXml(await readText(request), DeleteRequest);
  for (const { Key } of Delete.Object) await bucket.delete(Key);
  if (Delete.Quiet?.toLowerCase() === 'true') return emptyReply(200);
  const urlEncoded = request.query.get('encoding-type')?.value === 'url';
  return xmlReply(['DeleteResult', [
    ...(urlEncoded ? [['EncodingType', 'url'] as const] : []),
    ...Delete.Object.map(({ Key }): XmlElement => ['Deleted', [['Key', urlEncoded ? encodeStrictly(Key) : Key]]]),
  ]]);
}
