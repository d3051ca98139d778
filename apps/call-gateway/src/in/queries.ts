import { CallState } from '@cc/contracts';
import { InvalidRequest } from '@cc/platform';
import { z } from 'zod';

const MAX_WAIT_SECONDS = 60;
const MAX_PAGE_SIZE = 500;

const WaitQuery = z.strictObject({
  waitSeconds: z.coerce.number().min(0).max(MAX_WAIT_SECONDS).default(0),
  afterVersion: z.coerce.number().int().min(0).optional(),
});

/** A value to compare with; U+0000, which PostgreSQL cannot take, is in no stored one. */
const text = (maxLength: number) => z.string().max(maxLength).regex(/^[^\0]*$/, 'must not contain U+0000').optional();
const epochMs = z.coerce.number().int().min(0).optional();

const ListQuery = z.strictObject({
  createdFrom: epochMs,
  createdTo: epochMs,
  state: CallState.optional(),
  channel: text(32),
  agent: text(64),
  vendorCallId: text(64),
  pageSize: z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(50),
  pageToken: z.string().regex(/^\d{1,16}-[A-Za-z0-9-]{1,64}$/, 'is not a token that this API gave').optional(),
});
export type ListQuery = z.infer<typeof ListQuery>;

function parse<S extends z.ZodType>(schema: S, query: unknown): z.output<S> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  throw new InvalidRequest(
    parsed.error.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ pointer: `?${key}`, detail: 'is not a parameter of this request' })) : [{ pointer: `?${issue.path.join('.')}`, detail: issue.message }])),
  );
}

export function parseWaitQuery(query: unknown): { readonly waitMs: number; readonly afterVersion: number | undefined } {
  const { waitSeconds, afterVersion } = parse(WaitQuery, query);
  return { waitMs: waitSeconds * 1000, afterVersion };
}

export function parseListQuery(query: unknown): ListQuery {
  return parse(ListQuery, query);
}
