import { z } from 'zod';
import { ingestUrl, keyFrom, type Environment } from './cc-cli.config';
import { nameOfFailure } from './failure-name';
import type { LoggedCallback } from './nginx-log/log-line';
import { WrongUsage } from './wrong-usage';

/**
 * `stored`: it is on the ingest's disk. `refused`: the ingest will not take this one, however often it is asked. `later`: it cannot take
 * any just now. `none`: it takes none of what it is sent, and asking again does not change that.
 */
export type Delivery =
  | { readonly kind: 'stored' }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  | { readonly kind: 'later'; readonly reason: string }
  | { readonly kind: 'none'; readonly reason: string };

const LIMIT_MS = 30_000;
const Problem = z.looseObject({ code: z.string(), detail: z.string().optional() });

/** The ingest gave no answer, or refused. */
export class IngestFailed extends Error {
  override readonly name = 'IngestFailed';
}

/** e9-callback-ingest, over HTTP, as the vendors reach it. */
export class Ingest {
  constructor(private readonly env: Environment) {}

  /** The operator's key is there, and the address is one. @throws WrongUsage */
  check(): void {
    this.key();
    ingestUrl(this.env);
  }

  /** Hands over a callback that came earlier. @throws WrongUsage */
  async deliver({ uri, headers, body, arrivedAt, from }: LoggedCallback): Promise<Delivery> {
    const origin = ingestUrl(this.env);
    const answer = await exchange(`${origin}${uri}`, { method: 'POST', body: new Uint8Array(body), headers: { ...headers, authorization: `Bearer ${this.key()}`, 'x-cc-arrived-at': String(arrivedAt), 'x-cc-arrived-from': from } });
    if (typeof answer === 'string') return { kind: 'later', reason: `no answer from ${origin} (${answer})` };
    const { ok, status, text } = answer;
    if (ok) return { kind: 'stored' };
    if (status >= 500 || status === 408 || status === 429) return { kind: 'later', reason: `${origin} answered ${status}` };
    const problem = problemOf(text);
    if (problem === undefined) return { kind: 'none', reason: `${origin} answered ${status}, but not as e9-callback-ingest does; CC_CALLBACKS_URL says where it is` };
    if (status === 401 || status === 403) return { kind: 'none', reason: `e9-callback-ingest does not take the operator's key (${problem.code}): CC_OPERATOR_KEY must be one of its CC_E9_CALLBACK_INGEST_OPERATOR_KEYS` };
    return { kind: 'refused', status, reason: problem.code };
  }

  /** What came to its door since its start. @throws IngestFailed, WrongUsage */
  async stats(): Promise<unknown> {
    const origin = ingestUrl(this.env);
    const answer = await exchange(`${origin}/callbacks/stats`, { headers: { authorization: `Bearer ${this.key()}` } });
    if (typeof answer === 'string') throw new IngestFailed(`No answer from ${origin} (${answer}): is e9-callback-ingest running? CC_CALLBACKS_URL says where it is`);
    const { ok, status, text } = answer;
    const problem = problemOf(text);
    if (ok && problem === undefined) return jsonOf(text);
    if (problem === undefined) throw new IngestFailed(`${origin} answered ${status}, but not as e9-callback-ingest does; CC_CALLBACKS_URL says where it is`);
    throw new IngestFailed(status === 401 || status === 403 ? `e9-callback-ingest does not take the operator's key (${problem.code}): CC_OPERATOR_KEY must be one of its CC_E9_CALLBACK_INGEST_OPERATOR_KEYS` : `${problem.code} (${status}): ${problem.detail ?? ''}`);
  }

  private key(): string {
    const key = keyFrom(this.env, 'CC_OPERATOR_KEY');
    if (key === undefined) throw new WrongUsage('No key: set CC_OPERATOR_KEY, or CC_OPERATOR_KEY_FILE to the file that holds it');
    return key;
  }
}

/** The whole answer, or why there is none: never the address, which has the secret. */
async function exchange(url: string, request: RequestInit): Promise<{ readonly ok: boolean; readonly status: number; readonly text: string } | string> {
  try {
    const response = await fetch(url, { ...request, redirect: 'error', signal: AbortSignal.timeout(LIMIT_MS) });
    return { ok: response.ok, status: response.status, text: await response.text() };
  } catch (error) {
    return nameOfFailure(error);
  }
}

const problemOf = (text: string): z.infer<typeof Problem> | undefined => Problem.safeParse(jsonOf(text)).data;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
