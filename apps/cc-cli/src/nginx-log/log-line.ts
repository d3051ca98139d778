import { z } from 'zod';

/** How a line begins. In a value its quotes would be escaped: it stands nowhere else. */
const MARK = '{"cc":1,';
const ADDRESS = /^\/callbacks\/([a-z0-9-]{1,32})\/[^/?#]+(?:\?.*)?$/;
/** What a header may hold: anything else could not be sent again. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Of the request that is made now. */
const OWN_HEADERS = /^(authorization|connection|content-length|host|transfer-encoding|x-cc-arrived-.*)$/;

const seconds = z.string().regex(/^\d+\.\d{3}$/).transform(Number);

/** A line of `log_format cc_callback` (deploy/nginx/callback-log.conf). Texts hold one byte in each letter (Latin-1). */
const Line = z.object({
  cc: z.literal(1),
  id: z.string().min(1),
  at: seconds,
  took: seconds,
  from: z.string().min(1),
  by: z.enum(['ingest', 'nginx']),
  uri: z.string(),
  status: z.string().regex(/^\d{3}$/).transform(Number),
  upstream: z.string(),
  length: z.string(),
  file: z.string(),
  headers: z.record(z.string().regex(/^[a-z0-9-]+$/), z.string().regex(HEADER_VALUE)),
  body: z.string(),
});
type Line = z.infer<typeof Line>;

/** A callback that NGINX had whole. */
export interface LoggedCallback {
  /** NGINX's own, of this one request. */
  readonly requestId: string;
  readonly channel: string;
  /** The path with its secret: never to be shown. */
  readonly uri: string;
  /** When its first byte was there, epoch ms. */
  readonly arrivedAt: number;
  readonly from: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** What the vendor was answered. */
  readonly status: number;
  /** The answer was the ingest's, and it had stored the callback. */
  readonly acknowledgedByIngest: boolean;
}

/** `not-taken`: NGINX refused it, or it was cut off, before its body was there: the vendor knows that it was not taken. */
export type LogEntry = { readonly kind: 'callback'; readonly callback: LoggedCallback } | { readonly kind: 'not-taken' } | { readonly kind: 'broken'; readonly reason: string };

/**
 * What a line tells. A line that was cut off (a full disk, a killed NGINX) has the next one glued to it: then there are several entries.
 * @param line the bytes of the line, each as one letter (Latin-1).
 */
export function entriesOf(line: string): LogEntry[] {
  const starts = [...line.matchAll(/\{"cc":1,/g)].map(({ index }) => index);
  if (starts[0] !== 0) starts.unshift(0);
  return starts.map((start, index) => entryOf(line.slice(start, starts[index + 1])));
}

function entryOf(text: string): LogEntry {
  if (!text.startsWith(MARK)) return broken('it is no line of the log of callbacks (deploy/nginx/callback-log.conf)');
  const read = jsonOf(text);
  if (read === undefined) return broken('it is not whole');
  const line = Line.safeParse(read);
  if (!line.success) return broken(`${line.error.issues.map(({ path }) => path.join('.')).join(', ')}: not as callback-log.conf writes it`);
  return judged(line.data);
}

function judged(line: Line): LogEntry {
  // NGINX turns to the one behind it once it has the whole body.
  if (isAbsent(line.upstream)) return { kind: 'not-taken' };
  const channel = ADDRESS.exec(line.uri)?.[1];
  if (channel === undefined) return broken('its address is no address of callbacks');
  if (!isAbsent(line.file)) return broken('its body is not in the log: it went to a temporary file (client_body_buffer_size must be as large as client_max_body_size)');
  const body = bodyOf(line);
  if (body === undefined) return broken(`${line.length} bytes were sent and ${line.body.length} are in the log: something has rewritten it, or NGINX was killed while it wrote`);
  const headers = Object.fromEntries(Object.entries(line.headers).filter(([name, value]) => !isAbsent(value) && !OWN_HEADERS.test(name)));
  return { kind: 'callback', callback: { requestId: line.id, channel, uri: line.uri, arrivedAt: Math.round((line.at - line.took) * 1000), from: line.from, headers, body, status: line.status, acknowledgedByIngest: line.by === 'ingest' && line.status < 300 } };
}

/** With `escape=default` a body of no bytes is a dash, as one of a single dash is. */
function bodyOf({ length, body }: Line): Buffer | undefined {
  if (length === '0' && isAbsent(body)) return Buffer.alloc(0);
  return Number(length) === body.length && !isAbsent(length) ? Buffer.from(body, 'latin1') : undefined;
}

const isAbsent = (value: string): boolean => value === '' || value === '-';
const broken = (reason: string): LogEntry => ({ kind: 'broken', reason });

/** Both of NGINX's ways to escape: `escape=json`, and `escape=default`, which writes `\x0A` where JSON has `\u000A`. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text.replace(/\\(x[0-9A-Fa-f]{2}|[^])/g, (whole, what: string) => (what.length === 3 ? `\\u00${what.slice(1)}` : whole)));
  } catch {
    return undefined;
  }
}
