import { z } from 'zod';
import { readCount } from './bucket-operations';
import { forbidsOverwrite, identity, objectHeaders, receiveBody } from './object-operations';
import { OssError } from './oss-error';
import { type OssReply, emptyReply, isoTime, xmlReply } from './oss-reply';
import type { OssRequest } from './oss-request';
import { readText } from './request-body';
import { encodeStrictly } from './signature-v4';
import type { StoreDirectory } from './store-directory';
import { type XmlElement, parseXml } from './xml';

export async function startUpload(store: StoreDirectory, request: OssRequest): Promise<OssReply> {
  const uploads = await store.uploads(request.bucket);
  const uploadId = await uploads.start({ key: request.key, headers: objectHeaders(request), forbidOverwrite: forbidsOverwrite(request) });
  return xmlReply(['InitiateMultipartUploadResult', [['Bucket', request.bucket], ...keyElements(request), ['UploadId', uploadId]]]);
}

export async function putPart(store: StoreDirectory, request: OssRequest, maxBytes: number): Promise<OssReply> {
  const uploadId = uploadIdOf(request);
  const number = request.query.get('partNumber')?.value ?? '';
  if (!/^[1-9]\d{0,4}$/.test(number) || Number(number) > 10_000) throw new OssError('InvalidArgument', 'A part number is 1 to 10000.');
  const uploads = await store.uploads(request.bucket);
  await uploads.find(uploadId, request.key);
  const received = await receiveBody(store, request, maxBytes);
  await uploads.addPart(uploadId, request.key, Number(number), received);
  return emptyReply(200, { etag: `"${received.md5.toString('hex').toUpperCase()}"`, 'x-oss-hash-crc64ecma': received.crc64 });
}

export async function listParts(store: StoreDirectory, request: OssRequest): Promise<OssReply> {
  const uploads = await store.uploads(request.bucket);
  const uploadId = uploadIdOf(request);
  await uploads.find(uploadId, request.key);
  const marker = Number(request.query.get('part-number-marker')?.value ?? 0);
  const maxParts = readCount(request.query.get('max-parts')?.value ?? '', 1000);
  const after = (await uploads.parts(uploadId)).filter((part) => part.number > marker);
  const parts = after.slice(0, maxParts);
  return xmlReply(['ListPartsResult', [
    ['Bucket', request.bucket],
    ...keyElements(request),
    ['UploadId', uploadId],
    ['StorageClass', 'Standard'],
    ['PartNumberMarker', marker],
    ['NextPartNumberMarker', parts.at(-1)?.number ?? 0],
    ['MaxParts', maxParts],
    ['IsTruncated', after.length > parts.length],
    ...parts.map((part): XmlElement => ['Part', [
      ['PartNumber', part.number],
      ['LastModified', isoTime(part.lastModifiedMs)],
      ['ETag', `"${part.md5.toUpperCase()}"`],
      ['HashCrc64ecma', part.crc64],
      ['Size', part.sizeBytes],
    ]]),
  ]]);
}

const CompletedPart = z.object({ PartNumber: z.string().regex(/^\d{1,5}$/), ETag: z.string() });
const CompleteRequest = z.object({
  CompleteMultipartUpload: z.object({ Part: z.union([CompletedPart.transform((one) => [one]), z.array(CompletedPart).max(10_000)]) }),
});

export async function completeUpload(store: StoreDirectory, request: OssRequest, maxBytes: number): Promise<OssReply> {
  const uploads = await store.uploads(request.bucket);
  const uploadId = uploadIdOf(request);
  await uploads.find(uploadId, request.key);
  const { CompleteMultipartUpload } = parseXml(await readText(request), CompleteRequest);
  const wanted = CompleteMultipartUpload.Part.map((part) => ({ number: Number(part.PartNumber), md5: part.ETag.replaceAll('"', '').toLowerCase() }));
  const object = await uploads.complete(uploadId, request.key, wanted, maxBytes);
  return xmlReply(['CompleteMultipartUploadResult', [['Bucket', request.bucket], ...keyElements(request), ['ETag', `"${object.etag}"`]]], identity(object));
}

export async function abortUpload(store: StoreDirectory, request: OssRequest): Promise<OssReply> {
  await (await store.uploads(request.bucket)).abort(uploadIdOf(request), request.key);
  return emptyReply(204);
}

export async function listUploads(store: StoreDirectory, request: OssRequest): Promise<OssReply> {
  const text = (name: string): string => request.query.get(name)?.value ?? '';
  const [keyMarker, idMarker, maxUploads] = [text('key-marker'), text('upload-id-marker'), readCount(text('max-uploads'), 1000)];
  const all = await (await store.uploads(request.bucket)).list();
  const isAfter = (key: string, uploadId: string): boolean => key > keyMarker || (key === keyMarker && idMarker !== '' && uploadId > idMarker);
  const after = all.filter(({ key, uploadId }) => key.startsWith(text('prefix')) && isAfter(key, uploadId));
  const uploads = after.slice(0, maxUploads);
  const urlEncoded = text('encoding-type') === 'url';
  const encode = (plain: string): string => (urlEncoded ? encodeStrictly(plain) : plain);
  return xmlReply(['ListMultipartUploadsResult', [
    ['Bucket', request.bucket],
    ...(urlEncoded ? [['EncodingType', 'url'] as const] : []),
    ['KeyMarker', encode(keyMarker)],
    ['UploadIdMarker', idMarker],
    ['NextKeyMarker', encode(uploads.at(-1)?.key ?? '')],
    ['NextUploadIdMarker', uploads.at(-1)?.uploadId ?? ''],
    ['Delimiter', ''],
    ['Prefix', encode(text('prefix'))],
    ['MaxUploads', maxUploads],
    ['IsTruncated', after.length > uploads.length],
    ...uploads.map((upload): XmlElement => ['Upload', [
      ['Key', encode(upload.key)],
      ['UploadId', upload.uploadId],
      ['StorageClass', 'Standard'],
      ['Initiated', isoTime(upload.startedMs)],
    ]]),
  ]]);
}

function uploadIdOf(request: OssRequest): string {
  return request.query.get('uploadId')?.value ?? '';
}

function keyElements(request: OssRequest): XmlElement[] {
  const urlEncoded = request.query.get('encoding-type')?.value === 'url';
  return urlEncoded ? [['EncodingType', 'url'], ['Key', encodeStrictly(request.key)]] : [['Key', request.key]];
}
