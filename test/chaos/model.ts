import { z } from 'zod';
import { eventsOf, type Told } from './told';
import { closeTypeOf, productOf, recordingBytesOf, toleranceMs, type VendorCall } from './vendor-side';

/** The call as the API shows it. */
export const ShownCall = z.object({
  callId: z.string(), version: z.number(), state: z.string(), vendorCallId: z.string().optional(), channel: z.string().optional(),
  aCallAt: z.number().optional(), bCallAt: z.number().optional(), aOffhookAt: z.number().optional(), bOffhookAt: z.number().optional(), connectedAt: z.number().optional(), closedAt: z.number().optional(),
  durationSeconds: z.number().optional(), closeType: z.number().optional(), closeReason: z.string().optional(), endedBy: z.string().optional(), recordState: z.string(), attempts: z.number(),
  recording: z.object({ status: z.string(), sizeBytes: z.number().optional(), sha256: z.string().optional(), reason: z.string().optional() }),
});
export type ShownCall = z.infer<typeof ShownCall>;

export const ShownEvent = z.looseObject({ id: z.string(), type: z.string(), source: z.string(), via: z.string().optional(), occurredAt: z.number(), recordedAt: z.number(), attemptId: z.string().optional() });
export type ShownEvent = z.infer<typeof ShownEvent>;

/** Everything that is known of one call, on both sides. */
export interface Evidence {
  readonly shown: ShownCall;
  readonly timeline: readonly ShownEvent[];
  /** What the vendors placed for it. */
  readonly vendorCalls: readonly VendorCall[];
  /** What acknowledged callbacks said of those, but for what lies in quarantine. */
  readonly told: readonly Told[];
}

export interface Verdict {
  readonly violations: readonly string[];
  /** Nobody could tell CC how it ended: no callback of its end was acknowledged, and the vendor cannot be asked. It is closed as unknown. */
  readonly unknowable: boolean;
}

const OTHER = 255;
/** What a call may say that nobody was rung for. */
const UNPLACED: readonly number[] = [6, 7, OTHER];
const NO_RECORDING = ['none', 'absent', 'failed'];

/** Compares what CC shows with what happened. A pure function. */
export function judge(evidence: Evidence, speed: number): Verdict {
  const { shown, vendorCalls, timeline } = evidence;
  const violations: string[] = [];
  const [vendorCall, ...more] = vendorCalls;
  if (more.length > 0) violations.push(`${vendorCalls.length} calls were placed for it: ${vendorCalls.map(({ id, vendor }) => `${vendor} ${id}`).join(', ')}`);
  if (shown.state !== 'close') return { violations: [...violations, `it is ${shown.state}, although everything is over`], unknowable: false };
  if (vendorCall === undefined) return { violations: [...violations, ...unplaced(shown)], unknowable: false };
  const reaped = !timeline.some(({ type, source }) => type === 'cc.call.ended.v1' && source !== 'reaper');
  violations.push(...untold(evidence, vendorCall));
  if (!reaped) violations.push(...times(evidence, vendorCall), ...ending(evidence, vendorCall), ...recording(evidence, vendorCall, speed));
  else if (knowable(evidence, vendorCall)) violations.push(`it was given up (${shown.closeReason ?? ''}), although its end could be known: it ended as ${vendorCall.times.end}`);
  return { violations, unknowable: reaped && violations.length === 0 };
}

function unplaced({ closeType, connectedAt, aCallAt, recording: { status } }: ShownCall): string[] {
  return [
    ...(UNPLACED.includes(closeType ?? -1) ? [] : [`nobody was rung, and it is closed as ${closeType}`]),
    ...(connectedAt === undefined && aCallAt === undefined ? [] : ['nobody was rung, and it has times of ringing or talking']),
    ...(NO_RECORDING.includes(status) ? [] : [`nobody was rung, and its recording is ${status}`]),
  ];
}

/** Whether CC had a way to learn how it ended. e9 is asked by its own id alone; VoiceCall answers no question. */
function knowable({ timeline, told }: Evidence, call: VendorCall): boolean {
  if (told.some(({ says }) => says === 'ended' || says === 'fee')) return true;
  switch (productOf(call)) {
    case 'e9':
      return timeline.some(({ type }) => type === 'cc.call.attempt-accepted.v1');
    case 'createCall':
    case 'jy':
      return true;
    case 'voiceCall':
      return false;
  }
}

/** Every acknowledged callback stands in the timeline. */
function untold({ told, timeline }: Evidence, call: VendorCall): string[] {
  const byCallback = new Set(timeline.filter(({ source, via }) => source === 'callback' || via === 'callback').map(({ type }) => type));
  return told.flatMap((one) => eventsOf(one, call.a).filter((type) => !byCallback.has(type)).map((type) => `callback ${one.callback.id} (${one.says}) was acknowledged, and the timeline has no ${type} of a callback`));
}

/** A time that CC shows is the vendor's; one that it was told is there. */
function times(evidence: Evidence, call: VendorCall): string[] {
  const { shown, told, timeline } = evidence;
  const { aRingAt, aAnsweredAt, bRingAt, connectedAt, endedAt } = call.times;
  const said = new Set(told.flatMap((one) => eventsOf(one, call.a)));
  const asked = timeline.some(({ source, type }) => type === 'cc.call.ended.v1' && (source === 'query' || source === 'poll'));
  const isTold = (event: string): boolean => said.has(`cc.call.${event}.v1`) || (asked && productOf(call) === 'createCall');
  const endTold = told.some(({ says }) => says === 'ended') || asked;
  const rows: readonly (readonly [name: string, shown: number | undefined, truth: number | undefined, due: boolean])[] = [
    ['aCallAt', shown.aCallAt, aRingAt, isTold('a-ringing')],
    ['aOffhookAt', shown.aOffhookAt, aAnsweredAt, isTold('a-answered') || (endTold && productOf(call) !== 'voiceCall')],
    ['bCallAt', shown.bCallAt, bRingAt, isTold('b-ringing')],
    ['connectedAt', shown.connectedAt, connectedAt, isTold('connected') || (endTold && productOf(call) !== 'voiceCall')],
    ['bOffhookAt', shown.bOffhookAt, connectedAt, false],
    ['closedAt', shown.closedAt, endedAt, true],
  ];
  return rows.flatMap(([name, value, truth, due]) => {
    if (value === undefined) return due && truth !== undefined ? [`${name} is missing: it was ${truth}`] : [];
    if (truth === undefined) return [`${name} is ${value}, and it never happened`];
    return Math.abs(value - truth) > toleranceMs[productOf(call)] ? [`${name} is ${value}, and it was ${truth}`] : [];
  });
}

function ending({ shown, told }: Evidence, call: VendorCall): string[] {
  // VoiceCall's fee push tells who was reached, and neither a limit nor how long they talked.
  const onlyFee = productOf(call) === 'voiceCall' && !told.some(({ says }) => says === 'ended');
  const wanted = onlyFee && call.times.end === 'max-duration' ? [0, closeTypeOf(call)] : [closeTypeOf(call)];
  return [
    ...(wanted.includes(shown.closeType ?? -1) ? [] : [`it is closed as ${shown.closeType}, and it ended as ${call.times.end} (${wanted.join(' or ')})`]),
    ...(onlyFee ? [] : talk(shown, call)),
    ...((shown.vendorCallId ?? call.id) === call.id ? [] : [`its vendor's call id is ${shown.vendorCallId}, and it was ${call.id}`]),
  ];
}

/** In whole seconds, as the vendor counts them. */
function talk({ durationSeconds = -1 }: ShownCall, { times: { connectedAt, endedAt } }: VendorCall): string[] {
  const talkedMs = connectedAt === undefined ? 0 : endedAt - connectedAt;
  return Math.abs(durationSeconds * 1000 - talkedMs) <= 1000 ? [] : [`they talked for ${talkedMs} ms, and it says ${durationSeconds} s`];
}

function recording({ shown, told, timeline }: Evidence, call: VendorCall, speed: number): string[] {
  const { status } = shown.recording;
  // Some vendors record what nobody asked for.
  if (!timeline.some((event) => event.type === 'cc.call.requested.v1' && event['record'] === true)) return status === 'none' ? [] : [`no recording was asked for, and it is ${status}`];
  const offered = recordingBytesOf(call, speed);
  if (offered === undefined) return status === 'archived' ? ['a recording is archived, and the vendor offers none'] : [];
  // VoiceCall tells of recordings in its fee push alone.
  if (productOf(call) === 'voiceCall' && !told.some(({ says }) => says === 'fee')) return [];
  return archived(shown, offered);
}

function archived({ recording: { status, sizeBytes, sha256 = '', reason = '' } }: ShownCall, offered: number): string[] {
  if (status !== 'archived') return [`the vendor offers a recording of ${offered} bytes, and it is ${status}: ${reason}`];
  return [
    ...(sizeBytes === offered ? [] : [`the recording has ${offered} bytes, and ${sizeBytes} are archived`]),
    ...(/^[0-9a-f]{64}$/.test(sha256) ? [] : ['the recording has no digest']),
  ];
}
