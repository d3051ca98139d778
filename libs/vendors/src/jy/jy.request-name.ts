import { ATTEMPT_ID } from '../attempt-id';
import type { NotificationSubject } from '../vendor.port';
import { VENDOR_CALL_ID } from './jy.ids';

/** What a kept answer was asked for, since an answer need not name its call: `query?attemptId=…` or `query?vendorCallId=…`. */
export function queryName(subject: NotificationSubject): string {
  return subject.vendorCallId === undefined ? `query?attemptId=${subject.attemptId ?? ''}` : `query?vendorCallId=${subject.vendorCallId}`;
}

export function parseQueryName(name: string | undefined): NotificationSubject | undefined {
  const [, key, id = ''] = /^query\?(attemptId|vendorCallId)=(.{1,64})$/.exec(name ?? '') ?? [];
  if (key === 'attemptId' && ATTEMPT_ID.test(id)) return { attemptId: id };
  return key === 'vendorCallId' && VENDOR_CALL_ID.test(id) ? { vendorCallId: id } : undefined;
}

/** Of a message that was taken out of a callback with several: its body is a JSON list of the contract's messages of one call. */
export const SPLIT = 'split';
