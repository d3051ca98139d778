import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NotificationContext, RawNotification } from '@cc/vendors';
import { z } from 'zod';

const Fixture = z.strictObject({
  about: z.string().min(1),
  raw: z.strictObject({
    kind: z.enum(['callback', 'poll', 'query']),
    headers: z.record(z.string(), z.string()),
    /** Lines, where the message has several. */
    body: z.union([z.string(), z.array(z.string()).transform((lines) => lines.join('\n'))]),
    receivedAt: z.number().int(),
    request: z.string().optional(),
  }),
  context: z.strictObject({ recordRequested: z.boolean(), progress: z.enum(['none', 'a-ringing', 'a-answered', 'b-ringing', 'connected', 'ended']).exactOptional() }),
  subject: z.strictObject({ vendorCallId: z.string().optional(), attemptId: z.string().optional(), none: z.literal(true).optional() }),
  normalised: z.unknown(),
});

export interface GoldenPair {
  readonly name: string;
  readonly about: string;
  readonly raw: RawNotification;
  readonly context: NotificationContext;
  readonly subject: unknown;
  readonly normalised: unknown;
}

/** The golden pairs in a protocol's folder: a raw message as it comes, and everything that must come out of it. */
export function goldenPairs(folder: string): readonly GoldenPair[] {
  const directory = join(__dirname, '..', 'src', folder, 'fixtures');
  return readdirSync(directory).sort().map((file) => {
    const { raw, ...rest } = Fixture.parse(JSON.parse(readFileSync(join(directory, file), 'utf8')));
    const { request, ...message } = raw;
    return { ...rest, name: file.replace(/\.json$/, ''), raw: { ...message, body: Buffer.from(raw.body), ...(request === undefined ? {} : { request }) } };
  });
}
