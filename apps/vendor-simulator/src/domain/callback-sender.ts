export type CallbackOutcome = { readonly kind: 'answered'; readonly status: number } | { readonly kind: 'failed'; readonly reason: string };

/** Where a callback goes and in which form, where that is not e9's address and XML. */
export interface CallbackTarget {
  readonly url: string;
  /** With its content type. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Port that posts a callback to the application: one attempt, within the vendor's limits. */
export abstract class CallbackSender {
  /** Never rejects. */
  abstract send(body: string, target?: CallbackTarget): Promise<CallbackOutcome>;
}

export type CallbackResult = 'acknowledged' | 'refused' | 'failed';

/** What the vendor makes of it: only HTTP 200 acknowledges. */
export function resultOf(outcome: CallbackOutcome): CallbackResult {
  if (outcome.kind === 'failed') return 'failed';
  return outcome.status === 200 ? 'acknowledged' : 'refused';
}
