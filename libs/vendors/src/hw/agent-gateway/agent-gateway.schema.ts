import { defined } from '@cc/kernel';
import { z } from 'zod';
import { LooseText, parseWire } from '../../wire-json';
import { GATEWAY_OK } from './agent-gateway.errors';

/** What every answer has (cec_07_1202 and following). */
const GatewayAnswer = z.object({ retcode: LooseText, message: LooseText, result: z.unknown().optional() });
export type GatewayAnswer = z.output<typeof GatewayAnswer>;

export const parseAnswer = (body: Buffer): GatewayAnswer | undefined => parseWire(body.toString('utf8'), GatewayAnswer);

/** `result` of a callout: text in the one sample there is. */
export const CallIdText = LooseText;
export const CALL_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** One event of a seat (cec_07_1274). `content` has a form for each type. */
const SeatEvent = z.object({ eventType: z.string().min(1).max(64), content: z.unknown().optional(), eventGenTime: LooseText });
export type SeatEvent = z.output<typeof SeatEvent>;

/** The answer to a poll; the vendor leaves `event` out, or `null`, where there is nothing to tell. */
const PollBody = z.object({ retcode: LooseText, message: LooseText, event: z.unknown().optional() });

export type PollReading =
  | { readonly kind: 'event'; readonly event: SeatEvent }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly retcode: string; readonly message: string | undefined }
  /** An answer with an event of another form than documented. */
  | { readonly kind: 'strange-event' }
  | { readonly kind: 'unintelligible' };

export function readPoll(body: Buffer): PollReading {
  const answer = parseWire(body.toString('utf8'), PollBody);
  if (answer?.retcode === undefined) return { kind: 'unintelligible' };
  if (answer.retcode !== GATEWAY_OK) return { kind: 'refused', retcode: answer.retcode, message: answer.message };
  if (answer.event === undefined || answer.event === null) return { kind: 'nothing' };
  const event = SeatEvent.safeParse(answer.event).data;
  return event === undefined ? { kind: 'strange-event' } : { kind: 'event', event };
}

const CallContent = z.union([z.string().transform((callid) => ({ callid, feature: undefined })), z.object({ callid: LooseText, feature: LooseText })]);

const RecordContent = z.object({ callId: LooseText, fileName: LooseText });

/** Call and file of `AgentMediaEvent_Record`, e.g. `Y:/6/0/20161025/20011/1902050.V3`; `undefined` where it does not name both. */
export function recordingOf({ eventType, content }: SeatEvent): { readonly callId: string; readonly fileName: string } | undefined {
  const { callId, fileName } = (eventType === 'AgentMediaEvent_Record' ? RecordContent.safeParse(content).data : undefined) ?? {};
  return callId !== undefined && CALL_ID.test(callId) && fileName !== undefined ? { callId, fileName } : undefined;
}

/** The call that an event names, and its `feature`; the call id is the whole content of some events, a field of others. */
export function callOf({ content }: SeatEvent): { readonly callId?: string; readonly feature?: string } {
  const parsed = CallContent.safeParse(content).data;
  const { callid, feature } = parsed ?? {};
  return { ...(callid !== undefined && CALL_ID.test(callid) ? { callId: callid } : {}), ...defined({ feature }) };
}
