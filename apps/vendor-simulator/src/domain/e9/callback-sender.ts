export type CallbackOutcome = { readonly kind: 'answered'; readonly status: number } | { readonly kind: 'failed'; readonly reason: string };

/** Port that posts a callback to the URL of the application: one attempt, within the vendor's limits. */
export abstract class CallbackSender {
  /** Never rejects. */
  abstract send(xml: string): Promise<CallbackOutcome>;
}
