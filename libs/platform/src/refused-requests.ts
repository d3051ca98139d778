import { Metrics } from '@cc/kernel';

/** Why a request was refused before any route saw it. */
export const refusalReasons = ['timeout', 'headers-too-large', 'malformed', 'body-too-large', 'too-many-connections'] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** Counts the requests that were refused before any route saw them, since the start. */
export class RefusedRequests {
  private readonly counts = new Map<RefusalReason, number>(refusalReasons.map((reason) => [reason, 0]));

  constructor(private readonly metrics: Metrics) {
    for (const reason of refusalReasons) this.counter().add(0, { reason });
  }

  note(reason: RefusalReason): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    this.counter().add(1, { reason });
  }

  byReason(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.counts);
  }

  private counter() {
    return this.metrics.counter('cc_http_refused_total', 'Requests refused before any route saw them: too slow (408), headers (431) or body (413) too large, no HTTP (400), more connections than allowed', ['reason']);
  }
}
