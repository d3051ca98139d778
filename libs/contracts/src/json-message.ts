import type { z } from 'zod';
import { describeIssues, parseJson } from './parsing';
import { cloudEventHeaders, type Decoded, type WireRecord } from './wire';

/** How one type of message, alone on its topic, lies there as JSON. */
export interface JsonMessage<T> {
  readonly type: string;
  /** The service that writes it. */
  readonly writtenBy: string;
  readonly schema: z.ZodType<T>;
  readonly keyOf: (message: T) => string;
  /** Distinguishes the messages of a key. */
  readonly idOf: (message: T) => string;
  readonly timeMsOf: (message: T) => number;
}

export function encodeJson<T>(kind: JsonMessage<T>, message: T): WireRecord {
  return wireRecord(kind, kind.keyOf(message), kind.idOf(message), kind.timeMsOf(message), Buffer.from(JSON.stringify(message)));
}

/** Makes a compacted topic forget a key. */
export function tombstone<T>(kind: JsonMessage<T>, key: string, nowMs: number): WireRecord {
  return wireRecord(kind, key, `${key}/${nowMs}`, nowMs, null);
}

export function decodeJson<T>(kind: JsonMessage<T>, wire: WireRecord): Decoded<T> {
  const type = wire.headers['ce_type'] ?? '';
  if (type !== kind.type) return { kind: 'unknown-type', type };
  const parsed = kind.schema.safeParse(parseJson(wire.value));
  return parsed.success ? { kind: 'known', message: parsed.data } : { kind: 'invalid', reason: describeIssues(parsed.error) };
}

/** A value, or the news that its key has none any more. */
export type Kept<T> = { readonly kind: 'kept'; readonly value: T } | { readonly kind: 'forgotten'; readonly key: string };

/** The same for a topic on which keys are also forgotten. */
export function decodeKept<T>(kind: JsonMessage<T>, wire: WireRecord): Decoded<Kept<T>> {
  const type = wire.headers['ce_type'] ?? '';
  if (type === kind.type && wire.value === null) return { kind: 'known', message: { kind: 'forgotten', key: wire.key } };
  const decoded = decodeJson(kind, wire);
  return decoded.kind === 'known' ? { kind: 'known', message: { kind: 'kept', value: decoded.message } } : decoded;
}

function wireRecord<T>(kind: JsonMessage<T>, key: string, id: string, timeMs: number, value: Buffer | null): WireRecord {
  return { key, value, headers: cloudEventHeaders({ id, type: kind.type, source: `/cc/${kind.writtenBy}`, subject: key, timeMs, contentType: 'application/json' }) };
}
