import { CcError, DeadlineExceeded } from '@cc/kernel';
import { z } from 'zod';

const clientError = z.object({ status: z.number().optional(), code: z.string().optional(), name: z.string().optional() });
const bucketCodes = new Set(['NoSuchBucket', 'NoSuchBucketError']);

/** The service's error code (such as `NoSuchBucket`), where the client kept one. */
export function ossCodeOf(error: unknown): string | undefined {
  const parsed = clientError.safeParse(error);
  return parsed.success ? parsed.data.code : undefined;
}

/** HTTP status of the answer behind the client's error; undefined when there was no answer (the client writes -1 and -2). */
export function ossStatusOf(error: unknown): number | undefined {
  const parsed = clientError.safeParse(error);
  const status = parsed.success ? parsed.data.status : undefined;
  return status === undefined || status < 100 ? undefined : status;
}

/** Turns whatever ali-oss throws into the errors that the port promises. */
export function toObjectStoreError(error: unknown, doing: string): CcError {
  if (error instanceof CcError) return error;
  const status = ossStatusOf(error);
  const fault = (kind: CcError['kind'], code: string, message: string): CcError => new CcError(kind, code, message, { cause: error });
  if (error instanceof DeadlineExceeded || status === undefined || status >= 500 || status === 408 || status === 429) {
    return fault('unavailable', 'object_store_unavailable', `the object store did not answer while ${doing}`);
  }
  if (status === 404) {
    return bucketCodes.has(ossCodeOf(error) ?? '')
      ? fault('missing', 'bucket_missing', `the bucket does not exist (${doing})`)
      : fault('missing', 'object_missing', `there is no such object (${doing})`);
  }
  if (status === 416) return fault('input', 'range_not_satisfiable', 'the range lies outside of the object');
  if (ossCodeOf(error) === 'InvalidDigest') return fault('unavailable', 'object_transfer_corrupted', 'the store received other bytes than were sent');
  return fault('unavailable', 'object_store_refused', `the object store refused ${doing}: check credentials, permissions and clock`);
}
