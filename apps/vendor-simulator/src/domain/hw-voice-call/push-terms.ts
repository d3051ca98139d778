import type { PushTerms } from './voice-call-dial-request';

const MAX_TERMS_KEPT = 50_000;

/** Where and how the application wants the pushes of each call, from before it is placed; the oldest are forgotten. */
export class KeptPushTerms {
  private readonly terms = new Map<string, PushTerms>();

  keep(id: string, { statusUrl, feeUrl, partyType }: PushTerms): void {
    const [oldest] = this.terms.size < MAX_TERMS_KEPT ? [] : this.terms.keys();
    if (oldest !== undefined) this.terms.delete(oldest);
    this.terms.set(id, { statusUrl, feeUrl, partyType });
  }

  of(id: string): PushTerms | undefined {
    return this.terms.get(id);
  }
}
