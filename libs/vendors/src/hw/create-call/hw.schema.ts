import { z } from 'zod';
import { LooseText, parseWire } from '../../wire-json';

/** Epoch ms, sent as digits in a text or as a number; 0 and anything else count as absent. */
const EpochMs = LooseText.transform((text) => (text !== undefined && /^[1-9]\d{12}$/.test(text) ? Number(text) : undefined));

/** tokenByAkSk (cec_07_0002). */
export const HwToken = z.object({ AccessToken: z.string().min(1), Expires: LooseText });

/** What every other answer has around its `result` (cec_07_1303 and following). */
export const HwAnswer = z.object({ retCode: LooseText, retMsg: LooseText, result: z.unknown().optional() });
export type HwAnswer = z.output<typeof HwAnswer>;

/** At most 50 characters by the page, digits in its samples. */
export const HW_SERIAL = /^[A-Za-z0-9_-]{1,50}$/;

export const HwCreated = z.object({ callSerialNo: LooseText });

/** `result` of queryCallState (cec_07_1306), and the part of a history record (cec_07_1305) that is the same. */
export const HwState = z.object({
  state: LooseText,
  reasonCode: LooseText,
  callData: LooseText,
  caller: LooseText,
  startTime: EpochMs,
  endTime: EpochMs,
});
export type HwState = z.output<typeof HwState>;

/** One entry of `result.callInfo` (cec_07_1305): "agent" times are leg A's, the others leg B's. */
export const HwRecord = HwState.extend({
  callSerialNo: LooseText,
  alertingTime: EpochMs,
  talkingTime: EpochMs,
  releaseTime: EpochMs,
  talkDuration: LooseText,
  agentAlertingTime: EpochMs,
  agentTalkingTime: EpochMs,
  agentReleaseTime: EpochMs,
});
export type HwRecord = z.output<typeof HwRecord>;

/** A connect callback has serial, called number and `callData` and no more; a release callback the times, and `releaseReason` as its cause (cec_07_1318, cec_07_1319). */
export const HwCallback = HwRecord.extend({ releaseReason: LooseText });
export type HwCallback = z.output<typeof HwCallback>;

export const HwRecords = z.object({ callInfo: z.array(HwRecord) });
export const HwRecordingAddress = z.object({ url: z.string().min(1) });

/**
 * Serial numbers have 18 or 19 digits and come as text in the samples but as a number by the table of createCall: read as
 * a number one of them would change its last digits, so it becomes text before the JSON is parsed.
 */
export function parseHwAnswer(text: string): HwAnswer | undefined {
  return parseWire(serialsAsText(text), HwAnswer);
}

export function serialsAsText(json: string): string {
  return json.replace(/("callSerialNo"\s*:\s*)(\d+)/g, '$1"$2"');
}
