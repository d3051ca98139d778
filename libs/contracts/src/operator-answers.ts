import { z } from 'zod';
import { NotificationKind, QuarantineCause } from './channel-notification';
import { decodeJson, encodeJson, type JsonMessage } from './json-message';
import type { Decoded, WireRecord } from './wire';

/** Why a command was not carried out; `kind` as in CC's own errors. */
const OperatorFault = z.object({ kind: z.enum(['input', 'conflict', 'missing', 'unavailable', 'fault']), code: z.string().max(64), detail: z.string() });
export type OperatorFault = z.infer<typeof OperatorFault>;

/** What a service made of an operator's command. Its effect and this answer were committed together. */
export const OperatorAnswer = z.object({
  commandId: z.string().max(64),
  service: z.string().max(32),
  answeredAt: z.number().int(),
  /** What came of it, as the command's type wants it. */
  result: z.unknown().optional(),
  /** Instead of a result. */
  fault: OperatorFault.optional(),
});
export type OperatorAnswer = z.infer<typeof OperatorAnswer>;

const message = (service: string): JsonMessage<OperatorAnswer> => ({
  type: 'cc.operator.answer.v1', writtenBy: service, schema: OperatorAnswer,
  keyOf: ({ commandId }) => commandId, idOf: ({ commandId }) => `${commandId}/${service}`, timeMsOf: ({ answeredAt }) => answeredAt,
});

export const encodeOperatorAnswer = (answer: OperatorAnswer): WireRecord => encodeJson(message(answer.service), answer);
export const decodeOperatorAnswer = (wire: WireRecord): Decoded<OperatorAnswer> => decodeJson(message(''), wire);

const placed = { topic: z.string(), partition: z.number().int(), offset: z.number().int(), key: z.string() };

/** The answer to `list-dead-letters`: each parked key by its first record. No text in it holds a telephone number. */
export const ParkedKeyList = z.object({
  items: z.array(z.object({ id: z.number().int(), ...placed, type: z.string(), reason: z.string(), parkedAt: z.number().int(), records: z.number().int() })),
  total: z.number().int(),
});
export type ParkedKeyList = z.infer<typeof ParkedKeyList>;

const ParkedView = z.object({
  reason: z.string(),
  held: z.boolean(),
  parkedAt: z.number().int(),
  appendedAt: z.number().int(),
  headers: z.record(z.string(), z.string()),
  sizeBytes: z.number().int(),
  /** Of JSON, masked; absent for sealed bytes. */
  value: z.string().optional(),
});

/** The answer to `show-dead-letter`; without `parked` the record has left. */
export const DeadLetterView = z.object({
  id: z.number().int(),
  ...placed,
  /** Other parked records of the key. */
  others: z.number().int(),
  parked: ParkedView.optional(),
  history: z.array(z.object({ did: z.string(), reason: z.string(), operator: z.string().optional(), at: z.number().int() })),
});
export type DeadLetterView = z.infer<typeof DeadLetterView>;

/** The answer to `release-dead-letters` and `drop-dead-letter`. `more`: the same command goes on where this one ended. */
export const DeadLetterRelease = z.object({ outcome: z.enum(['done', 'failed', 'waits', 'more']), released: z.number().int(), left: z.number().int(), reason: z.string().optional() });
export type DeadLetterRelease = z.infer<typeof DeadLetterRelease>;

const Shown = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** The answer to `rebuild-records`, for one page of calls. */
export const RecordsRebuild = z.object({
  /** Calls that were recomputed. */
  checked: z.number().int(),
  /** Of them, those whose stored record was another one, with each column that differs: what was stored, and what its events say. */
  differing: z.array(z.object({ callId: z.string(), columns: z.array(z.object({ column: z.string(), stored: Shown, recomputed: Shown })) })),
  /** Records that were stored anew. */
  rebuilt: z.number().int(),
  /** Where the next page begins; absent after the last. */
  next: z.string().optional(),
});
export type RecordsRebuild = z.infer<typeof RecordsRebuild>;

/** The answer to `list-quarantine`. The message itself stays sealed. */
export const QuarantineList = z.object({
  items: z.array(z.object({
    /** Where it stands in the list: the next page begins after it. */
    position: z.number().int(),
    notificationId: z.string(),
    channel: z.string(),
    kind: NotificationKind,
    cause: QuarantineCause,
    reason: z.string(),
    receivedAt: z.number().int(),
    keptSince: z.number().int(),
    attemptId: z.string().optional(),
    vendorCallId: z.string().optional(),
  })),
});
export type QuarantineList = z.infer<typeof QuarantineList>;

/**
 * The answer to `release-quarantined` and `drop-quarantined`. `delivered`: it has become events, as far as it says anything; `waits` for the
 * attempt that it belongs to; `kept`: it cannot be used now either, for the reason told; `dropped`; `gone`: it was not there any more.
 */
export const QuarantineOutcome = z.object({ outcome: z.enum(['delivered', 'waits', 'kept', 'dropped', 'gone']), reason: z.string().optional() });
export type QuarantineOutcome = z.infer<typeof QuarantineOutcome>;
