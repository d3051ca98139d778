import { bucketInfo, createBucket, deleteBucket, deleteObjects, listBucket, listBuckets } from './bucket-operations';
import { copyObject, deleteObject, getObject, headObject, putObject } from './object-operations';
import { OssError } from './oss-error';
import { type OssReply, emptyReply } from './oss-reply';
import type { OssRequest } from './oss-request';
import { signedSubresources } from './signature-v1';
import type { StoreDirectory } from './store-directory';
import { abortUpload, completeUpload, listParts, listUploads, putPart, startUpload } from './upload-operations';

type Operation = (store: StoreDirectory, request: OssRequest, maxBytes: number) => Promise<OssReply>;

/** By what the request addresses, the first of these names in its query (or none), and its method. */
const operations: Readonly<Record<string, Operation>> = {
  'service GET': listBuckets,
  'bucket PUT': createBucket,
  'bucket GET': listBucket,
  'bucket HEAD': async (store, request) => store.bucket(request.bucket).then(() => emptyReply(200)),
  'bucket DELETE': deleteBucket,
  'bucket bucketInfo GET': bucketInfo,
  'bucket uploads GET': listUploads,
  'bucket delete POST': deleteObjects,
  'object PUT': putObject,
  'object copy PUT': copyObject,
  'object GET': getObject,
  'object HEAD': headObject,
  'object DELETE': deleteObject,
  'object objectMeta GET': headObject,
  'object objectMeta HEAD': headObject,
  'object uploads POST': startUpload,
  'object uploadId PUT': putPart,
  'object uploadId GET': listParts,
  'object uploadId POST': completeUpload,
  'object uploadId DELETE': abortUpload,
};
const selectors = ['bucketInfo', 'uploads', 'uploadId', 'delete', 'objectMeta'];
/** Those that do not change what the operation does. */
const harmless = new Set([...selectors, 'partNumber', 'continuation-token', 'security-token', 'sequential', 'x-oss-request-payer', 'x-oss-traffic-limit']);

/** Carries out an authenticated request. What this store does not do is refused, never taken for something else. */
export async function routeRequest(store: StoreDirectory, request: OssRequest, maxBytes: number): Promise<OssReply> {
  const unknown = [...request.query.keys()].find((name) => signedSubresources.has(name) && !harmless.has(name) && !name.startsWith('response-'));
  if (unknown !== undefined) throw new OssError('NotImplemented', `The embedded store has no ${unknown}.`);
  const copies = request.headers.has('x-oss-copy-source');
  const selector = copies && !request.query.has('uploadId') ? 'copy' : selectors.find((name) => request.query.has(name));
  if (copies && selector !== 'copy') throw new OssError('NotImplemented', 'The embedded store does not copy into a part.');
  const operation = operations[[addressed(request), selector, request.method].filter((word) => word !== undefined).join(' ')];
  if (operation === undefined) throw new OssError('MethodNotAllowed', 'The embedded store does not know this operation.');
  return operation(store, request, maxBytes);
}

function addressed(request: OssRequest): 'service' | 'bucket' | 'object' {
  if (request.bucket === '') return 'service';
  return request.key === '' ? 'bucket' : 'object';
}
