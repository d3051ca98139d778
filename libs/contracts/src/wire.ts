/** A record as it lies on a topic: CloudEvents 1.0 in Kafka's binary mode (attributes as `ce_` headers, the data as the value). */
export interface WireRecord {
  readonly key: string;
  /** `null` is a tombstone: a compacted topic forgets the key. */
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** What became of a record that was read: parsed; of a type this version does not know (skip and
 * count it); of a type that the reader has no use for (skip it); or wrong (park it). */
export type Decoded<T> =
  | { readonly kind: 'known'; readonly message: T }
  | { readonly kind: 'unknown-type'; readonly type: string }
  | { readonly kind: 'not-wanted' }
  | { readonly kind: 'invalid'; readonly reason: string };

export interface CloudEventAttributes {
  readonly id: string;
  readonly type: string;
  /** The service that wrote it, e.g. `/cc/channel-router`. */
  readonly source: string;
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly timeMs: number;
  readonly contentType: string;
}

export function cloudEventHeaders(attributes: CloudEventAttributes): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_id: attributes.id,
    ce_type: attributes.type,
    ce_source: attributes.source,
    ce_subject: attributes.subject,
    ce_time: new Date(attributes.timeMs).toISOString(),
    'content-type': attributes.contentType,
  };
}
