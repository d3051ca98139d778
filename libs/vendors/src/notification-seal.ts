import type { NotificationHeader } from '@cc/contracts';
import { defined, type Sealer } from '@cc/kernel';
import { z } from 'zod';
import type { RawNotification } from './vendor.port';

const SealedForm = z.object({ headers: z.record(z.string(), z.string()), body: z.base64(), request: z.string().optional() });

/** A vendor's message as the topic carries it: sealed, bound to the notification's id. */
export function sealNotification(raw: RawNotification, notificationId: string, sealer: Sealer): Buffer {
  const form = { headers: raw.headers, body: raw.body.toString('base64'), ...(raw.request === undefined ? {} : { request: raw.request }) };
  return sealer.seal(Buffer.from(JSON.stringify(form)), notificationId);
}

/** The message byte for byte as it came. @throws CcError `cannot-unseal`. */
export function openNotification(sealed: Buffer, header: NotificationHeader, sealer: Sealer): RawNotification {
  const { headers, body, request } = SealedForm.parse(JSON.parse(sealer.open(sealed, header.id).toString('utf8')));
  return { kind: header.kind, headers, body: Buffer.from(body, 'base64'), receivedAt: header.receivedAt, ...defined({ request }) };
}
