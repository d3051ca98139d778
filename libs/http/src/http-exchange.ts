/** One HTTP request to a party that is not ours. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The whole exchange, from the first SYN to the last byte. */
  readonly timeoutMs: number;
  /** Larger answers are cut off and count as `no-answer`; 1 MiB unless told. */
  readonly maxAnswerBytes?: number;
}

/**
 * What is certain after an exchange; nothing is thrown.
 * `answer`: the whole answer is there, whatever its status.
 * `not-sent`: proven that no byte of the request left on an established connection (DNS, refused, TLS, connect timeout).
 * `no-answer`: anything else: the other side may or may not have acted.
 */
export type HttpOutcome =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer }
  | { readonly kind: 'not-sent'; readonly reason: string }
  | { readonly kind: 'no-answer'; readonly reason: string };

/** Port: a fresh connection per exchange, no retry, no redirect. */
export abstract class HttpExchange {
  abstract exchange(request: HttpRequest): Promise<HttpOutcome>;
  /**
   * Streams a GET's answer into `target` (a file path): constant memory, stops at `maxBytes`, never follows a redirect.
   * The digests are of the bytes written.
   */
  abstract download(request: DownloadRequest): Promise<DownloadOutcome>;
}

export type DownloadRequest = Omit<HttpRequest, 'body' | 'maxAnswerBytes'> & {
  /** The file to write; it is replaced, and removed again when the download fails. */
  readonly target: string;
  readonly maxBytes: number;
};

/** `refused`: the other side answered with another status than 200; `failed`: no complete file, whatever the cause. */

export type DownloadOutcome =
  | { readonly kind: 'stored'; readonly sizeBytes: number; readonly sha256: string; readonly md5: string; readonly contentType: string; readonly firstBytes: Buffer }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };
