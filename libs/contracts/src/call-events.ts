import { z } from 'zod';
import { BizData, Ivr, ProtectedNumber } from './call-numbers';
import { CloseType } from './close-types';
import { describeIssues, parseJson } from './parsing';
import { Route } from './route';
import { cloudEventHeaders, type Decoded, type WireRecord } from './wire';

/** Who says so. `derived` marks a fact that was concluded from another message than the one that reports it. */
export const EventSource = z.enum(['gateway', 'callback', 'poll', 'query', 'router', 'archiver', 'reaper', 'derived']);
export type EventSource = z.infer<typeof EventSource>;

/** Which side ended the call. */
export const EndedBy = z.enum(['a', 'b', 'vendor', 'application', 'cc']);
export type EndedBy = z.infer<typeof EndedBy>;

/** What became of an attempt in doubt: the vendor placed it and it is over, or it never was placed. */
export const AttemptResolution = z.enum(['ended', 'not-placed']);
export type AttemptResolution = z.infer<typeof AttemptResolution>;

/** More than this is a fault of somebody's clock or counter. */
export const LONGEST_TALK_SECONDS = 31_536_000;

const eventBase = {
  id: z.string(),
  callId: z.string(),
  tenant: z.string(),
  /** When it happened, epoch ms: the vendor's clock where the vendor told us. */
  occurredAt: z.number().int(),
  /** The vendor told no time of it: `occurredAt` is when CC first learnt of it, and any time that is told is believed before it. */
  untimed: z.literal(true).optional(),
  /** When CC learnt of it, epoch ms. */
  recordedAt: z.number().int(),
  source: EventSource,
  /** How the message came that a `derived` fact was concluded from. */
  via: z.enum(['callback', 'poll', 'query']).optional(),
};

const attemptBase = {
  ...eventBase,
  attemptId: z.string(),
  /** The id of the channel. */
  channel: z.string(),
  /** The vendor's own state, as the vendor writes it. */
  channelState: z.string().max(32).optional(),
};

const event = <N extends string, S extends z.ZodRawShape>(name: N, shape: S) =>
  z.object({ type: z.literal(`cc.call.${name}.v1` as const), ...shape });

export const Requested = event('requested', {
  ...eventBase,
  caller: ProtectedNumber,
  called: ProtectedNumber,
  agent: z.string().optional(),
  user: z.string().optional(),
  business: z.string().optional(),
  mainNum: z.string().optional(),
  extNum: z.string().optional(),
  bizData: BizData.optional(),
  record: z.boolean(),
  ivr: Ivr.optional(),
});
export const CancelRequested = event('cancel-requested', { ...eventBase });
export const AttemptStarted = event('attempt-started', {
  ...attemptBase,
  vendor: z.string().max(8),
  attemptNumber: z.number().int().positive(),
  recordRequested: z.boolean(),
  /** Why this channel: every candidate with the reason against it. */
  route: Route.optional(),
  /** The seat that calls, for vendors whose agents sign in. */
  seat: z.string().max(64).optional(),
});
export const AttemptAccepted = event('attempt-accepted', { ...attemptBase, vendorCallId: z.string().max(64) });
export const AttemptRefused = event('attempt-refused', {
  ...attemptBase,
  /** `not-sent`: the request never left us; `rejected`: the vendor said that it did not place the call. */
  class: z.enum(['not-sent', 'rejected']),
  vendorCode: z.string().optional(),
  reason: z.string(),
});
export const AttemptUnknown = event('attempt-unknown', { ...attemptBase, reason: z.string() });
export const AttemptResolved = event('attempt-resolved', {
  ...attemptBase,
  /** What became of an attempt in doubt, as far as anybody can tell. */
  resolution: AttemptResolution,
  /** Who says so: the vendor's own answers, a person, or the time that no call can outlast. */
  resolvedBy: z.enum(['query', 'operator', 'reaper']),
  operator: z.string().max(64).optional(),
  reason: z.string(),
});
export const LateRing = event('late-ring', {
  ...attemptBase,
  /** The vendor's word that contradicts an attempt which counted as not placed. */
  heard: z.string().max(64),
});
export const ARinging = event('a-ringing', { ...attemptBase });
export const AAnswered = event('a-answered', { ...attemptBase });
export const BRinging = event('b-ringing', { ...attemptBase });
export const Connected = event('connected', { ...attemptBase });
export const HangUpAnswered = event('hang-up-answered', {
  ...attemptBase,
  /** False where the channel cannot end a call, or its vendor would not. */
  accepted: z.boolean(),
  reason: z.string().optional(),
});
export const Ended = event('ended', {
  ...eventBase,
  attemptId: z.string().optional(),
  channel: z.string().optional(),
  channelState: z.string().max(32).optional(),
  closeType: CloseType,
  /** The vendor does not say which leg failed: `closeType` names A's failure, and it was B's if A had answered. */
  eitherLeg: z.literal(true).optional(),
  endedBy: EndedBy.optional(),
  vendorCode: z.string().optional(),
  reason: z.string().optional(),
  /** Talking time as the vendor counts it; no more than a year, which no call lasts. */
  durationSeconds: z.number().int().nonnegative().max(LONGEST_TALK_SECONDS).optional(),
  /** Where no channel could take the call: every candidate with the reason against it. */
  route: Route.optional(),
});
export const RecordingAvailable = event('recording-available', {
  ...attemptBase,
  vendorCallId: z.string().max(64),
  /** Absent where the vendor hands out an address only when asked. */
  vendorUrl: z.string().max(512).optional(),
});
export const RecordingArchived = event('recording-archived', {
  ...attemptBase,
  /** The key in the object store. */
  object: z.string().max(512),
  url: z.string().max(512),
  vendorUrl: z.string().max(512).optional(),
  sizeBytes: z.number().int().nonnegative(),
  sha256: z.string().length(64),
  /** Length of the audio where the file tells it. */
  durationSeconds: z.number().nonnegative().optional(),
});
export const RecordingFailed = event('recording-failed', { ...attemptBase, reason: z.string() });

/** The catalogue of call events: docs and checks are generated from this list. */
export const callEventSchemas = [
  Requested, CancelRequested, AttemptStarted, AttemptAccepted, AttemptRefused, AttemptUnknown, AttemptResolved, LateRing,
  ARinging, AAnswered, BRinging, Connected, HangUpAnswered, Ended, RecordingAvailable, RecordingArchived, RecordingFailed,
] as const;

export const CallEvent = z.discriminatedUnion('type', callEventSchemas);
export type CallEvent = z.infer<typeof CallEvent>;
export type CallEventType = CallEvent['type'];
export type CallEventOf<T extends CallEventType> = Extract<CallEvent, { type: T }>;

/** Events that prove that the vendor of their attempt placed the call; its end does as well, unless the reaper says it. */
export const placementProofs = ['cc.call.attempt-accepted.v1', 'cc.call.a-ringing.v1', 'cc.call.a-answered.v1', 'cc.call.b-ringing.v1', 'cc.call.connected.v1'] as const satisfies readonly CallEventType[];

/**
 * Of two copies of one event the one that counts, whichever came first. The id is made of what an event says, so that
 * copies differ in when CC learnt of it, and the earliest tells that.
 */
export function earlierCopy(one: CallEvent, other: CallEvent): CallEvent {
  if (one.recordedAt !== other.recordedAt) return one.recordedAt < other.recordedAt ? one : other;
  return JSON.stringify(one) <= JSON.stringify(other) ? one : other;
}

/** Each event once: of copies the one that counts, in the order in which the ids are first met. */
export function distinctEvents(events: readonly CallEvent[]): CallEvent[] {
  const kept = new Map<string, CallEvent>();
  for (const event of events) {
    const key = `${event.callId} ${event.id}`;
    const other = kept.get(key);
    kept.set(key, other === undefined ? event : earlierCopy(event, other));
  }
  return [...kept.values()];
}

const schemaOf = new Map<string, (typeof callEventSchemas)[number]>(callEventSchemas.map((schema) => [schema.shape.type.value, schema]));

/** @param service the service that writes it, e.g. `channel-router`. */
export function encodeCallEvent(message: CallEvent, service: string): WireRecord {
  const { type, id, ...data } = message;
  return {
    key: message.callId,
    value: Buffer.from(JSON.stringify(data)),
    headers: cloudEventHeaders({ id, type, source: `/cc/${service}`, subject: message.callId, timeMs: message.recordedAt, contentType: 'application/json' }),
  };
}

export function decodeCallEvent(record: WireRecord): Decoded<CallEvent> {
  const type = record.headers['ce_type'] ?? '';
  const schema = schemaOf.get(type);
  if (schema === undefined) return { kind: 'unknown-type', type };
  const parsed = schema.safeParse({ ...parseJson(record.value), type, id: record.headers['ce_id'] });
  return parsed.success ? { kind: 'known', message: parsed.data } : { kind: 'invalid', reason: describeIssues(parsed.error) };
}

/** A decoder for who acts on these types alone: it does not even parse the others. */
export function decoderOfCallEvents<T extends CallEventType>(...types: readonly T[]): (record: WireRecord) => Decoded<CallEventOf<T>> {
  const wanted = new Set<string>(types);
  const isWanted = (event: CallEvent): event is CallEventOf<T> => wanted.has(event.type);
  return (record) => {
    const type = record.headers['ce_type'] ?? '';
    if (schemaOf.has(type) && !wanted.has(type)) return { kind: 'not-wanted' };
    const decoded = decodeCallEvent(record);
    if (decoded.kind !== 'known') return decoded;
    return isWanted(decoded.message) ? { kind: 'known', message: decoded.message } : { kind: 'not-wanted' };
  };
}
