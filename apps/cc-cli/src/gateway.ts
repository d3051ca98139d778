import { z } from 'zod';
import { gatewayUrl, keyFrom, type Environment } from './cc-cli.config';
import { nameOfFailure } from './failure-name';
import { WrongUsage } from './wrong-usage';

/** The gateway's refusal, as RFC 9457 tells it. */
export const Problem = z.looseObject({
  title: z.string().optional(),
  status: z.number(),
  code: z.string(),
  detail: z.string().optional(),
  requestId: z.string().optional(),
  retriable: z.boolean().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});
export type Problem = z.infer<typeof Problem>;

export class GatewayRefused extends Error {
  override readonly name = 'GatewayRefused';
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.code);
  }
}

/** No answer, or none of call-gateway's. */
export class GatewayUnreachable extends Error {
  override readonly name = 'GatewayUnreachable';
}

export type Role = 'application' | 'operator' | 'either';

export interface Ask {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below /v1. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose key opens it. */
  readonly role: Role;
}

/** Longer than the gateway's longest wait for a change. */
const LIMIT_MS = 75_000;

/** call-gateway, over HTTP. */
export class Gateway {
  constructor(private readonly env: Environment) {}

  /** The answer's JSON, undefined where it has none. @throws GatewayRefused, GatewayUnreachable, WrongUsage (no key) */
  async ask({ method, path, query = {}, body, headers = {}, role }: Ask): Promise<unknown> {
    const url = new URL(`${gatewayUrl(this.env)}/v1${path}`);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
    const authorization = `Bearer ${this.keyFor(role)}`;
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const contentType = body === undefined ? {} : { 'content-type': 'application/json' };
    const { ok, status, text } = await exchange(url, { method, headers: { ...headers, ...contentType, authorization }, ...content });
    if (ok) return text === '' ? undefined : jsonOf(text, url);
    const problem = Problem.safeParse(jsonOf(text, url));
    throw problem.success ? new GatewayRefused(problem.data) : new GatewayUnreachable(`${url.origin} answered ${status}, but not as call-gateway does; CC_URL says where it is`);
  }

  /** Every item of a list, page by page. */
  async all(ask: Omit<Ask, 'method'>): Promise<unknown[]> {
    const items: unknown[] = [];
    for (let pageToken: string | undefined; ; ) {
      const page = Page.parse(await this.ask({ ...ask, method: 'GET', query: { ...ask.query, pageToken } }));
      items.push(...page.items);
      pageToken = page.nextPageToken;
      if (pageToken === undefined) return items;
    }
  }

  private keyFor(role: Role): string {
    const key = (role === 'application' ? undefined : keyFrom(this.env, 'CC_OPERATOR_KEY')) ?? (role === 'operator' ? undefined : keyFrom(this.env, 'CC_API_KEY'));
    if (key !== undefined) return key;
    if (role === 'either') throw new WrongUsage('No key: set CC_API_KEY or CC_OPERATOR_KEY (or one of them with _FILE)');
    const name = role === 'operator' ? 'CC_OPERATOR_KEY' : 'CC_API_KEY';
    throw new WrongUsage(`No key: set ${name}, or ${name}_FILE to the file that holds it`);
  }
}

/** The whole answer: a connection can also break in the middle of it. */
async function exchange(url: URL, request: RequestInit): Promise<{ readonly ok: boolean; readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(url, { ...request, redirect: 'error', signal: AbortSignal.timeout(LIMIT_MS) });
    return { ok: response.ok, status: response.status, text: await response.text() };
  } catch (error) {
    throw new GatewayUnreachable(`No answer from ${url.origin} (${nameOfFailure(error)}): is call-gateway running? CC_URL says where it is`);
  }
}

const Page = z.object({ items: z.array(z.unknown()), nextPageToken: z.string().optional() });

function jsonOf(text: string, url: URL): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new GatewayUnreachable(`${url.origin} answered something that is no JSON: it is not call-gateway; CC_URL says where that is`);
  }
}
