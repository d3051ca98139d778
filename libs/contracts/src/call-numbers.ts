import { z } from 'zod';

/**
 * A telephone number as topics and tables carry it: never in clear.
 * `masked` for people, `ref` (keyed hash) for equality, `sealed` (AES-256-GCM, base64, context = callId) for whoever must dial.
 */
export const ProtectedNumber = z.object({
  masked: z.string().max(16),
  ref: z.string().max(64),
  sealed: z.string().max(512),
});
export type ProtectedNumber = z.infer<typeof ProtectedNumber>;

/** The application's own data: a string or a JSON object, returned unchanged. At most 4 KiB as JSON. */
export const BizData = z.union([z.string(), z.record(z.string(), z.json())]);
export type BizData = z.infer<typeof BizData>;

/** What the vendor shall say or collect by voice, where it can. */
export const Ivr = z.object({ text: z.string().max(2000).optional(), url: z.string().max(512).optional() });
export type Ivr = z.infer<typeof Ivr>;
