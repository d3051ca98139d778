/** How a call that was placed ends. */
export type CallEnd = 'b-hung-up' | 'a-hung-up' | 'a-no-answer' | 'b-no-answer' | 'a-busy' | 'b-busy' | 'max-duration' | 'cancelled';
/** What becomes of the dial request: `refused` and `failed` place no call, the others do. */
export type DialManner = 'accepted' | 'refused' | 'failed' | 'answer-lost' | 'slow';
export type CallbackManner = 'in-order' | 'none' | 'twice' | 'swapped' | 'late';
export type RecordingManner = 'ready' | 'late' | 'missing' | 'truncated';

export interface Scenario {
  readonly name: string;
  /** The last two digits of `to` that choose it; every other ending means the first scenario of the list. */
  readonly digits: string;
  readonly happens: string;
  readonly end: Exclude<CallEnd, 'cancelled'>;
  readonly dial: DialManner;
  readonly callbacks: CallbackManner;
  readonly recording: RecordingManner;
}

const usual = { end: 'b-hung-up', dial: 'accepted', callbacks: 'in-order', recording: 'ready' } as const;
const scenario = (digits: string, name: string, happens: string, differs: Partial<Omit<Scenario, 'name' | 'digits' | 'happens'>> = {}): Scenario => ({ ...usual, ...differs, name, digits, happens });

const answered = scenario('80', 'answered', 'Both answer, talk for 15 to 20 s, B hangs up. Also the scenario of every ending that is not in this list');

/** Every scenario, the usual one first. The seconds are those at speed 1. */
export const scenarios: readonly Scenario[] = [
  answered,
  scenario('81', 'a-no-answer', 'A rings for 30 s and does not answer; B is never called. e9 byeType 1, hw reasonCode 4, VoiceCall stateCode 8107', { end: 'a-no-answer' }),
  scenario('82', 'b-no-answer', 'A answers, B rings for 30 s and does not answer. e9 byeType 2, hw reasonCode 5, VoiceCall stateCode 8101', { end: 'b-no-answer' }),
  scenario('83', 'a-busy', 'A is busy. e9 byeType 3; hw knows no busy: reasonCode 2 (calling A failed); VoiceCall stateCode 8108', { end: 'a-busy' }),
  scenario('84', 'b-busy', 'A answers, B is busy. e9 byeType 4; hw knows no busy: reasonCode 3 (calling B failed); VoiceCall stateCode 8102', { end: 'b-busy' }),
  scenario('85', 'refused', 'The dial is refused and nobody rings. e9 statusCode 900221 (to is blacklisted), hw retCode 8 (caller outside the tenant’s range), VoiceCall resultcode 1013003 (the number’s limit of calls)', { dial: 'refused' }),
  scenario('86', 'hang-up-by-a', 'Both answer, A hangs up after 4 to 6 s. e9 byeType 0, hw reasonCode 1, VoiceCall stateCode 0 with partyType caller', { end: 'a-hung-up' }),
  scenario('87', 'hang-up-by-b', 'Both answer, B hangs up after 4 to 6 s. e9 byeType 0, hw reasonCode 0, VoiceCall stateCode 0 with partyType callee'),
  scenario('88', 'max-duration', 'They talk until maxCallTime, or 60 s where none is given. e9 byeType 5; hw documents no such reason: reasonCode 99 (other); VoiceCall stateCode 8010, its limit being in minutes', { end: 'max-duration' }),
  scenario('89', 'no-callbacks', 'As answered, but e9 sends no callback; Records/query knows the call; VoiceCall pushes neither status nor fees, and answers no question. hw is polled: as answered', { callbacks: 'none' }),
  scenario('90', 'callbacks-twice', 'As answered; e9 and VoiceCall send every callback twice. hw is polled: as answered', { callbacks: 'twice' }),
  scenario('91', 'callbacks-swapped', 'As answered; e9 swaps the callbacks in pairs, so that Hangup comes before CallEstablish; so does VoiceCall, alerting before callout, fees before disconnect. hw is polled: as answered', { callbacks: 'swapped' }),
  scenario('92', 'callbacks-late', 'As answered; e9 and VoiceCall send every callback 30 s late. hw is polled: as answered', { callbacks: 'late' }),
  scenario('93', 'answer-lost', 'The call is placed and runs as answered, but the connection of the dial is reset instead of answered', { dial: 'answer-lost' }),
  scenario('94', 'http-500', 'The dial is answered with HTTP 500; no call is placed and nobody rings', { dial: 'failed' }),
  scenario('95', 'slow', 'The call is placed at once and runs as answered; the dial is answered only after 12 s', { dial: 'slow' }),
  scenario('96', 'recording-late', 'As answered; the recording is there only after three times the usual delay (hw and VoiceCall: after 60 s)', { recording: 'late' }),
  scenario('97', 'recording-missing', 'As answered; the recording never appears (e9: recordUrl answers 404, hw: retCode 5, VoiceCall: the question for it answers 404)', { recording: 'missing' }),
  scenario('98', 'recording-truncated', 'As answered; each download of the recording breaks off half way', { recording: 'truncated' }),
];

const byDigits = new Map(scenarios.map((one) => [one.digits, one]));

/** The scenario that the last two digits of leg B's number choose. */
export function scenarioFor(to: string): Scenario {
  return byDigits.get(to.slice(-2)) ?? answered;
}
