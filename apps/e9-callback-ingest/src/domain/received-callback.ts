import { z } from 'zod';

/** A callback as the spool keeps it: everything that the vendor sent, when and from where. It is judged on its way into the log. */
export const ReceivedCallback = z.object({
  id: z.string(),
  channel: z.string(),
  receivedAt: z.number().int(),
  sourceAddress: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.base64(),
});
export type ReceivedCallback = z.infer<typeof ReceivedCallback>;

/** Headers that are secrets or of no use later. */
const OMITTED = new Set(['authorization', 'cookie', 'connection', 'content-length', 'host', 'x-cc-arrived-at', 'x-cc-arrived-from']);

/** The headers as they were sent, by their lower-case names; of several lines of one name the values are joined. @param rawHeaders names and values in turn. */
export function storedHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const stored = new Map<string, string>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const earlier = stored.get(name);
    if (!OMITTED.has(name)) stored.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return Object.fromEntries(stored);
}
