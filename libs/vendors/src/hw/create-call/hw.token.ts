import type { VendorPorts } from '../../vendor.port';
import { parseWire, wholeNumber } from '../../wire-json';
import type { HwSettings } from './hw.config';
import { HwToken } from './hw.schema';

export type TokenOutcome = { readonly kind: 'token'; readonly token: string } | { readonly kind: 'none'; readonly reason: string };

/** The share of its life after which a token is replaced. */
const USABLE_SHARE = 0.9;
const TRIES = 2;

/** The access token (C1, cec_07_0002): fetched once for all who wait, kept for nine tenths of its life. */
export class HwTokens {
  private current: { readonly token: string; readonly usableUntilMs: number } | undefined;
  private fetching: Promise<TokenOutcome> | undefined;

  constructor(
    private readonly settings: HwSettings,
    private readonly ports: VendorPorts,
  ) {}

  /** Never throws. Asking twice for a token rings nobody, so one failure is forgiven. */
  async get(): Promise<TokenOutcome> {
    if (this.current !== undefined && this.ports.clock.nowMs() < this.current.usableUntilMs) return { kind: 'token', token: this.current.token };
    this.fetching ??= this.fetchWithRetry().finally(() => {
      this.fetching = undefined;
    });
    return this.fetching;
  }

  /** The vendor refused this token: the next request fetches another. */
  drop(token: string): void {
    if (this.current?.token === token) this.current = undefined;
  }

  private async fetchWithRetry(): Promise<TokenOutcome> {
    let outcome: TokenOutcome = { kind: 'none', reason: 'not asked' };
    for (let tries = 0; tries < TRIES && outcome.kind === 'none'; tries += 1) outcome = await this.fetch();
    return outcome;
  }

  private async fetch(): Promise<TokenOutcome> {
    const { endpoint, appKey, appSecret, tokenLifetimeSeconds, requestTimeoutMs } = this.settings;
    const askedAtMs = this.ports.clock.nowMs();
    const outcome = await this.ports.http.exchange({
      method: 'POST',
      url: `${endpoint}/apigovernance/api/oauth/tokenByAkSk`,
      headers: { 'Content-Type': 'application/json', 'X-Token-Expire': String(tokenLifetimeSeconds) },
      body: JSON.stringify({ app_key: appKey, app_secret: appSecret.reveal() }),
      timeoutMs: requestTimeoutMs,
    });
    if (outcome.kind !== 'answer') return { kind: 'none', reason: outcome.reason };
    if (outcome.status !== 200) return { kind: 'none', reason: `HTTP status ${outcome.status}` };
    const answer = parseWire(outcome.body.toString('utf8'), HwToken);
    if (answer === undefined) return { kind: 'none', reason: 'the answer has no AccessToken' };
    const lifetimeSeconds = Math.min(wholeNumber(answer.Expires) ?? tokenLifetimeSeconds, tokenLifetimeSeconds);
    this.current = { token: answer.AccessToken, usableUntilMs: askedAtMs + lifetimeSeconds * 1000 * USABLE_SHARE };
    return { kind: 'token', token: answer.AccessToken };
  }
}
