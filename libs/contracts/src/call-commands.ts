import { z } from 'zod';
import { AttemptResolution } from './call-events';
import { BizData, Ivr, ProtectedNumber } from './call-numbers';
import { cloudEventHeaders, type Decoded, type WireRecord } from './wire';
import { describeIssues, parseJson } from './parsing';

const commandBase = { id: z.string(), callId: z.string(), tenant: z.string(), issuedAt: z.number().int() };

/** Connect leg A (`caller`, rung first) with leg B (`called`). */
export const PlaceCall = z.object({
  type: z.literal('cc.call.place.v1'),
  ...commandBase,
  caller: ProtectedNumber,
  called: ProtectedNumber,
  agent: z.string().optional(),
  user: z.string().optional(),
  business: z.string().optional(),
  mainNum: z.string().optional(),
  extNum: z.string().optional(),
  /** The id of the channel that the application named; the router chooses where it is absent. */
  channel: z.string().optional(),
  /** The channels that the business may use; absent: any. */
  channels: z.array(z.string()).optional(),
  bizData: BizData.optional(),
  record: z.boolean(),
  ivr: Ivr.optional(),
  maxDurationSeconds: z.number().int().positive().optional(),
  /** What becomes of the call while another one is live on its line: closed as 3, or (also where absent) kept until `notAfter`. */
  whenBusy: z.enum(['reject', 'wait']).optional(),
  /** Epoch ms; after it the call is closed, not dialled. */
  notAfter: z.number().int(),
});
export type PlaceCall = z.infer<typeof PlaceCall>;

/** End the call, whatever it is doing. */
export const CancelCall = z.object({ type: z.literal('cc.call.cancel.v1'), ...commandBase });
export type CancelCall = z.infer<typeof CancelCall>;

/** An operator's word on an attempt in doubt: the vendor placed it (and its end was lost), or did not. */
export const ResolveAttempt = z.object({
  type: z.literal('cc.call.resolve-attempt.v1'),
  ...commandBase,
  attemptId: z.string(),
  resolution: AttemptResolution,
  /** The name of the operator's key. */
  operator: z.string().max(64),
  reason: z.string().max(200),
});
export type ResolveAttempt = z.infer<typeof ResolveAttempt>;

/** Which route would this call take? Answered on `cc.route.simulations.v1`; `callId` is the simulation's id. */
export const SimulateRoute = PlaceCall.omit({ notAfter: true }).extend({ type: z.literal('cc.call.simulate-route.v1') });
export type SimulateRoute = z.infer<typeof SimulateRoute>;

export const CallCommand = z.discriminatedUnion('type', [PlaceCall, CancelCall, ResolveAttempt, SimulateRoute]);
export type CallCommand = z.infer<typeof CallCommand>;

const known = new Set<string>(CallCommand.options.map((option) => option.shape.type.value));

export function encodeCallCommand(command: CallCommand): WireRecord {
  const { type, id, ...data } = command;
  return {
    key: command.callId,
    value: Buffer.from(JSON.stringify(data)),
    headers: cloudEventHeaders({ id, type, source: '/cc/call-gateway', subject: command.callId, timeMs: command.issuedAt, contentType: 'application/json' }),
  };
}

export function decodeCallCommand(record: WireRecord): Decoded<CallCommand> {
  const type = record.headers['ce_type'] ?? '';
  if (!known.has(type)) return { kind: 'unknown-type', type };
  const parsed = CallCommand.safeParse({ ...parseJson(record.value), type, id: record.headers['ce_id'] });
  return parsed.success ? { kind: 'known', message: parsed.data } : { kind: 'invalid', reason: describeIssues(parsed.error) };
}
