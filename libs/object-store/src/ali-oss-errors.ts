import { CcError, DeadlineExceeded } from '@cc/kernel';
import { z } from 'zod';

const clientError = z.object({ status: z.number().optional(), code: z.string().optional(), name: z.string().optional() });

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
  const [kind, code, message] = classify(error, doing);
  return new CcError(kind, code, message, { cause: error });
}

function classify(error: unknown, doing: string): readonly [kind: CcError['kind'], code: string, message: string] {
  const status = ossStatusOf(error);
  if (error instanceof DeadlineExceeded || status === undefined || status >= 500 || status === 408 || status === 429) {
    return ['unavailable', 'object-store-unavailable', `the object store did not answer while ${doing}`];
  }
  const ossCode = ossCodeOf(error);
  if (ossCode === 'NoSuchBucket') return ['missing', 'bucket-missing', `the bucket does not exist (${doing})`];
  if (status === 404) return ['missing', 'object-missing', `there is no such object (${doing})`];
  if (status === 416) return ['input', 'range-not-satisfiable', 'the range lies outside of the object'];
  if (ossCode === 'InvalidDigest') return ['unavailable', 'object-transfer-corrupted', 'the store received other bytes than were sent'];
  return ['unavailable', 'object-store-refused', `the object store refused ${doing}: check credentials, permissions and clock`];
}
