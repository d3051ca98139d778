import { z } from 'zod';
import { QuarantineCause } from './channel-notification';
import { describeIssues, parseJson } from './parsing';
import { cloudEventHeaders, type Decoded, type WireRecord } from './wire';

const letterId = z.number().int().positive();
const reason = z.string().max(200);

const order = {
  id: z.string().min(1).max(64),
  /** The one that shall do it, by its name, which is that of its consumer group; all others pass it over. */
  service: z.string().max(32),
  /** The name of the operator's key. */
  operator: z.string().max(64),
  issuedAt: z.number().int(),
  /** Epoch ms; after it the command has no effect any more: nobody waits for its answer. */
  notAfter: z.number().int(),
};

/** Which keys are parked? */
export const ListDeadLetters = z.object({ type: z.literal('cc.operator.list-dead-letters.v1'), ...order, topic: z.string().max(255).optional(), after: letterId.optional(), limit: z.number().int().positive().max(200) });
export type ListDeadLetters = z.infer<typeof ListDeadLetters>;

/** One parked record with its history. */
export const ShowDeadLetter = z.object({ type: z.literal('cc.operator.show-dead-letter.v1'), ...order, letter: letterId });
export type ShowDeadLetter = z.infer<typeof ShowDeadLetter>;

/** Deliver the parked records of this one's key again, in order. */
export const ReleaseDeadLetters = z.object({ type: z.literal('cc.operator.release-dead-letters.v1'), ...order, letter: letterId, reason });
export type ReleaseDeadLetters = z.infer<typeof ReleaseDeadLetters>;

/** Forget this record for good, and let those go on that only waited behind it. */
export const DropDeadLetter = z.object({ type: z.literal('cc.operator.drop-dead-letter.v1'), ...order, letter: letterId, reason });
export type DropDeadLetter = z.infer<typeof DropDeadLetter>;

/** Recompute the records of one call, or of the calls created in `from` ≤ t < `to` (epoch ms), from their events; a page at a time. */
export const RebuildRecords = z.object({
  type: z.literal('cc.operator.rebuild-records.v1'),
  ...order,
  callId: z.string().max(64).optional(),
  from: z.number().int().optional(),
  to: z.number().int().optional(),
  /** Where the page before ended, as its answer told it. */
  after: z.string().max(100).optional(),
  /** Compare only: neither store nor announce what comes out differently. */
  dryRun: z.boolean(),
});
export type RebuildRecords = z.infer<typeof RebuildRecords>;

const notificationId = z.string().min(1).max(64);

/** Which vendor messages were put aside? The oldest first. */
export const ListQuarantine = z.object({
  type: z.literal('cc.operator.list-quarantine.v1'), ...order,
  channel: z.string().max(32).optional(), cause: QuarantineCause.optional(), after: z.number().int().nonnegative().optional(), limit: z.number().int().positive().max(200),
});
export type ListQuarantine = z.infer<typeof ListQuarantine>;

/** Deliver this message once more, on the operator's word that the vendor has sent it: a failed check is overruled. */
export const ReleaseQuarantined = z.object({ type: z.literal('cc.operator.release-quarantined.v1'), ...order, notificationId, reason });
export type ReleaseQuarantined = z.infer<typeof ReleaseQuarantined>;

/** Forget this message for good. */
export const DropQuarantined = z.object({ type: z.literal('cc.operator.drop-quarantined.v1'), ...order, notificationId, reason });
export type DropQuarantined = z.infer<typeof DropQuarantined>;

export const OperatorCommand = z.discriminatedUnion('type', [ListDeadLetters, ShowDeadLetter, ReleaseDeadLetters, DropDeadLetter, RebuildRecords, ListQuarantine, ReleaseQuarantined, DropQuarantined]);
export type OperatorCommand = z.infer<typeof OperatorCommand>;
export type OperatorCommandType = OperatorCommand['type'];
export type OperatorCommandOf<T extends OperatorCommandType> = Extract<OperatorCommand, { type: T }>;

const known = new Set<string>(OperatorCommand.options.map((option) => option.shape.type.value));

export function encodeOperatorCommand(command: OperatorCommand): WireRecord {
  const { type, id, ...data } = command;
  return {
    key: command.service,
    value: Buffer.from(JSON.stringify(data)),
    headers: cloudEventHeaders({ id, type, source: '/cc/call-gateway', subject: command.service, timeMs: command.issuedAt, contentType: 'application/json' }),
  };
}

export function decodeOperatorCommand(record: WireRecord): Decoded<OperatorCommand> {
  const type = record.headers['ce_type'] ?? '';
  if (!known.has(type)) return { kind: 'unknown-type', type };
  const parsed = OperatorCommand.safeParse({ ...parseJson(record.value), type, id: record.headers['ce_id'] });
  return parsed.success ? { kind: 'known', message: parsed.data } : { kind: 'invalid', reason: describeIssues(parsed.error) };
}
