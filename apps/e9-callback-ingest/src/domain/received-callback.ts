import { NotificationHeader } from '@cc/contracts';
import { z } from 'zod';

/** A callback as the spool keeps it: everything that the vendor sent, when and from where, and what verification said. */
export const ReceivedCallback = z.object({
  id: z.string(),
  channel: z.string(),
  receivedAt: z.number().int(),
  sourceAddress: z.string(),
  verdict: NotificationHeader.shape.verdict.unwrap(),
  verdictReason: NotificationHeader.shape.verdictReason,
  headers: z.record(z.string(), z.string()),
  body: z.base64(),
});
export type ReceivedCallback = z.infer<typeof ReceivedCallback>;

/** Headers that are secrets or of no use later. */
const OMITTED = new Set(['authorization', 'cookie', 'connection', 'content-length', 'host', 'x-cc-arrived-at', 'x-cc-arrived-from']);

export function storedHeaders(headers: Readonly<Record<string, string | readonly string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined || OMITTED.has(name) ? [] : [[name, typeof value === 'string' ? value : value.join(', ')]])));
}
