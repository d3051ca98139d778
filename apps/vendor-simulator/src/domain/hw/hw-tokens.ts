import { randomBytes } from 'node:crypto';
import type { Clock } from '@cc/kernel';

/** The one application of the simulated platform. */
export interface HwApp {
  readonly appKey: string;
  readonly appSecret: string;
}

export interface HwToken {
  readonly value: string;
  readonly createdAt: number;
  readonly expiresSeconds: number;
}

const DEFAULT_EXPIRES_SECONDS = 600;
const MAX_EXPIRES_SECONDS = 3600;

/** Access tokens of `tokenByAkSk`: each works until it expires, and none survives a restart. */
export class HwTokens {
  private readonly expiryByToken = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly app: HwApp,
  ) {}

  /** A new token. @param expiresSeconds the text of `X-Token-Expire`: 1 to 3600, 600 when it is missing. */
  issue(key: unknown, secret: unknown, expiresSeconds: string | undefined): HwToken | 'unauthorized' | 'bad-expiry' {
    if (key !== this.app.appKey || secret !== this.app.appSecret) return 'unauthorized';
    const seconds = expiresSeconds === undefined ? DEFAULT_EXPIRES_SECONDS : Number(/^\d{1,4}$/.exec(expiresSeconds)?.[0] ?? 0);
    if (seconds < 1 || seconds > MAX_EXPIRES_SECONDS) return 'bad-expiry';
    const createdAt = this.clock.nowMs();
    this.dropExpired(createdAt);
    const value = randomBytes(24).toString('hex');
    this.expiryByToken.set(value, createdAt + seconds * 1000);
    return { value, createdAt, expiresSeconds: seconds };
  }

  /** Whether the headers of a request carry a live token; `X-APP-Key` may be left out, but must not be wrong. */
  allows(authorization: string | undefined, appKey: string | undefined): boolean {
    const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
    const expiresAt = token === undefined ? undefined : this.expiryByToken.get(token);
    return expiresAt !== undefined && this.clock.nowMs() < expiresAt && (appKey === undefined || appKey === this.app.appKey);
  }

  private dropExpired(nowMs: number): void {
    for (const [token, expiresAt] of this.expiryByToken) {
      if (expiresAt <= nowMs) this.expiryByToken.delete(token);
    }
  }
}
