import { z } from 'zod';
import { parseWallClock } from '../../vendor-time';
import { LooseText } from '../../wire-json';

const UTC_MINUTES = 0;
/** `yyyy-MM-dd HH:mm:ss` in UTC (rtc_05_0007, rtc_05_0008) as epoch ms; a time that does not exist counts as absent. */
const UtcTime = LooseText.transform((text) => (text === undefined ? undefined : parseWallClock(text, UTC_MINUTES)));

/** The answer to click2Call and callStop (rtc_05_0006). */
export const VoiceCallAnswer = z.object({ resultcode: LooseText, resultdesc: LooseText, sessionId: LooseText });
export type VoiceCallAnswer = z.output<typeof VoiceCallAnswer>;

/** As in the pages' sample, `1202_566_0_20161228102743@callenabler.home1.com`; at most what the record's column holds. */
export const VOICE_CALL_SESSION = /^[A-Za-z0-9_.:@-]{1,64}$/;

/** `statusInfo` of a status push (rtc_05_0007). */
export const StatusInfo = z.object({
  timestamp: UtcTime,
  userData: LooseText,
  sessionId: LooseText,
  called: LooseText,
  partyType: LooseText,
  stateCode: LooseText,
});
export type StatusInfo = z.output<typeof StatusInfo>;

/** One entry of `feeLst` (rtc_05_0008): `callOut…` is leg A, `fwd…` leg B. */
export const Fee = z.object({
  userData: LooseText,
  sessionId: LooseText,
  callOutStartTime: UtcTime,
  callOutAlertingTime: UtcTime,
  callOutAnswerTime: UtcTime,
  callOutUnaswRsn: LooseText,
  fwdStartTime: UtcTime,
  fwdAlertingTime: UtcTime,
  fwdAnswerTime: UtcTime,
  fwdUnaswRsn: LooseText,
  callEndTime: UtcTime,
  failTime: UtcTime,
  recordDomain: LooseText,
  recordObjectName: LooseText,
});
export type Fee = z.output<typeof Fee>;

/** The page says up to 50 in one push (rtc_05_0008). */
const MOST_FEES = 200;

/** A push: status or fees, told apart by what is in it. */
export const Push = z.object({ eventType: LooseText, statusInfo: StatusInfo.optional(), feeLst: z.array(Fee).min(1).max(MOST_FEES).optional() });

/** Fees as they came, for taking them apart. */
export const FeeList = z.object({ eventType: z.literal('fee'), feeLst: z.array(z.unknown()).max(MOST_FEES) });
