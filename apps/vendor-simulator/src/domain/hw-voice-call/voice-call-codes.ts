/** The result codes that the simulator answers with, in words of our own. The vendor's list gives 10230xx for authentication; the last digits are ours. */
const descriptions = {
  '1010002': 'bad request',
  '1010003': 'a parameter is wrong',
  '1013003': 'the number has reached its limit of calls',
  '1020165': 'every purchased port is in use',
  // In no list of the vendor: it leaves open whether a call was placed.
  '9999999': 'failed',
  '1023001': 'the authentication headers are missing or have another form',
  '1023002': 'unknown application key',
  '1023003': 'wrong password digest',
  '1023004': 'Created is no UTC time, or too far from now',
} as const;
export type VoiceCallCode = keyof typeof descriptions;

export const VOICE_CALL_SUCCESS = '0';

export interface VoiceCallAnswer {
  readonly resultcode: string;
  readonly resultdesc: string;
  readonly sessionId?: string;
}

export function refusalOf(code: VoiceCallCode, detail?: string): VoiceCallAnswer {
  return { resultcode: code, resultdesc: detail === undefined ? descriptions[code] : `${descriptions[code]}: ${detail}` };
}

export type VoiceCallFields = Readonly<Record<string, unknown>>;
