import { CallState, QuarantineCause, topics } from '@cc/contracts';
import { defined } from '@cc/kernel';
import { InvalidRequest } from '@cc/platform';
import { z } from 'zod';
import type { CallFilter } from '../out/call-catalogue';
import { idToken, type ListedId, type PageQuery } from '../out/page';
import { CC_ID, ID } from './body-rules';

const MAX_WAIT_SECONDS = 60;
const MAX_PAGE_SIZE = 500;

const between = (min: number, max: number) => z.coerce.number('is no number').min(min, `is below ${min}`).max(max, `is above ${max}`);

const WaitQuery = z.strictObject({
  waitSeconds: between(0, MAX_WAIT_SECONDS).default(0),
  afterVersion: between(0, Number.MAX_SAFE_INTEGER).int('is no whole number').optional(),
});

/** A value to compare with; U+0000, which PostgreSQL cannot take, is in no stored one. */
const text = (maxLength: number) => z.string().max(maxLength).regex(/^[^\0]*$/, 'must not contain U+0000').optional();
const epochMs = z.coerce.number('is no time: give epoch milliseconds, e.g. 1795498818847').int('is no whole number of milliseconds').min(0, 'lies before 1970').optional();

const NO_TOKEN = 'is not a token that this list gave';
const pageShape = <T extends z.ZodType<string>>(token: T) => ({ pageSize: between(1, MAX_PAGE_SIZE).int('is no whole number').default(50), pageToken: token.optional() });
/** The token of a list in the order of times, and within one of ids that CC gave. */
const timeToken = (separator: string) =>
  z.string().refine((token) => {
    const [time = '', ...id] = token.split(separator);
    return /^\d{1,15}$/.test(time) && CC_ID.test(id.join(separator));
  }, NO_TOKEN);
/** What {@link idToken} made, read back to the id. */
const idOfToken = (kind: ListedId) => {
  const prefix = idToken(kind, '');
  return z.string().startsWith(prefix, NO_TOKEN).transform((token) => token.slice(prefix.length)).pipe(z.string().regex(ID, NO_TOKEN));
};

const ListQuery = z.strictObject({
  createdFrom: epochMs,
  createdTo: epochMs,
  state: z.enum(CallState.options, `is no state; there are ${CallState.options.join(', ')}`).optional(),
  channel: text(32),
  agent: text(64),
  vendorCallId: text(64),
  ...pageShape(timeToken('-')),
});
const DoubtQuery = z.strictObject({ ...pageShape(timeToken('/')), state: z.literal('unknown', 'must be given as unknown: attempts are listed while they are in doubt') });

const operatedService = z.enum(topics.operatorCommands.readBy, `is no service with dead letters; there are ${topics.operatorCommands.readBy.join(', ')}`);
const letterId = between(1, Number.MAX_SAFE_INTEGER).int('is no whole number');
const DeadLetterQuery = z
  .strictObject({ service: operatedService.optional(), topic: text(255), after: letterId.optional(), limit: between(1, 200).int('is no whole number').default(100) })
  .refine(({ after, service }) => after === undefined || service !== undefined, { path: ['after'], message: 'is an id of one service: name that, too' });

const QuarantineQuery = z.strictObject({ channel: text(32), cause: z.enum(QuarantineCause.options, `is no cause; there are ${QuarantineCause.options.join(', ')}`).optional(), after: letterId.optional(), limit: between(1, 200).int('is no whole number').default(100) });

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

export function parseListQuery(query: unknown): CallFilter {
  const { pageToken, ...told } = parse(ListQuery, query);
  return { ...told, after: pageToken };
}

/** Of a list in the order of ids of this kind. */
export function parsePageQuery(query: unknown, kind: ListedId): PageQuery {
  const { pageSize, pageToken } = parse(z.strictObject(pageShape(idOfToken(kind))), query);
  return { pageSize, after: pageToken };
}

/** The same for attempts in doubt. */
export function parseDoubtQuery(query: unknown): PageQuery {
  const { pageSize, pageToken } = parse(DoubtQuery, query);
  return { pageSize, after: pageToken };
}

/** Which services with dead letters there are. */
export type OperatedService = (typeof topics.operatorCommands.readBy)[number];

export interface DeadLetterQuery {
  /** All services unless one is named. */
  readonly service?: OperatedService;
  readonly topic?: string;
  readonly after?: number;
  readonly limit: number;
}

export function parseDeadLetterQuery(query: unknown): DeadLetterQuery {
  const { limit, ...told } = parse(DeadLetterQuery, query);
  return { limit, ...defined(told) };
}

export interface QuarantineQuery {
  readonly channel?: string;
  readonly cause?: QuarantineCause;
  /** The position of the last entry of the page before. */
  readonly after?: number;
  readonly limit: number;
}

export function parseQuarantineQuery(query: unknown): QuarantineQuery {
  const { limit, ...told } = parse(QuarantineQuery, query);
  return { limit, ...defined(told) };
}

/** A dead letter's address: its service, and its id there. Undefined where there can be none. */
export function parseDeadLetterAddress(service: string, letter: string): { readonly service: OperatedService; readonly letter: number } | undefined {
  const parsed = z.object({ service: operatedService, letter: letterId }).safeParse({ service, letter });
  return parsed.success ? parsed.data : undefined;
}
