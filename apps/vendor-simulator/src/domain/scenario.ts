/** How a call that was placed ends. A person who declines has the end of a busy phone: the vendors' pages know no other. */
export const callEnds = ['b-hung-up', 'a-hung-up', 'a-no-answer', 'b-no-answer', 'a-busy', 'b-busy', 'max-duration', 'cancelled'] as const;
export type CallEnd = (typeof callEnds)[number];

/**
 * What becomes of the dial request. `refused`: for this call's sake (its numbers). `unavailable`: for the account's or the vendor's sake.
 * `failed`: HTTP 500. `answer-lost`: the connection is reset. `slow`: answered late. `html`: HTTP 200 with a page. `truncated`: the answer
 * breaks off half way. `error-inside`: HTTP 200 with the vendor's code that leaves open whether a call was placed. `redirect`: HTTP 302.
 * `answer-after-callbacks`: answered when the call is over. `never`: not answered.
 */
export const dialManners = ['accepted', 'refused', 'unavailable', 'failed', 'answer-lost', 'slow', 'html', 'truncated', 'error-inside', 'redirect', 'answer-after-callbacks', 'never'] as const;
export type DialManner = (typeof dialManners)[number];

export const callbackManners = ['in-order', 'none', 'twice', 'swapped', 'late'] as const;
export type CallbackManner = (typeof callbackManners)[number];

export const recordingManners = ['ready', 'late', 'missing', 'truncated'] as const;
export type RecordingManner = (typeof recordingManners)[number];

/** Explicit times in simulated seconds; what is not given is left to chance, as in life. */
export interface ScenarioTimes {
  /** From the dial. */
  readonly ringAAfterSeconds?: number | undefined;
  /** From A's ring. */
  readonly answerAAfterSeconds?: number | undefined;
  /** From A's answer. */
  readonly ringBAfterSeconds?: number | undefined;
  /** From B's ring. */
  readonly answerBAfterSeconds?: number | undefined;
  /** From B's answer to the hang-up. */
  readonly talkSeconds?: number | undefined;
  /** How long a phone that nobody answers rings. */
  readonly unansweredAfterSeconds?: number | undefined;
}

export interface Scenario {
  readonly name: string;
  /** The last two digits of `to` that choose it, empty for a posted script; every other ending means the first scenario of the list. */
  readonly digits: string;
  readonly happens: string;
  readonly end: Exclude<CallEnd, 'cancelled'>;
  readonly dial: DialManner;
  /** Whether the dial places a call, whatever its answer says. */
  readonly placed: boolean;
  /** Of `slow` and `answer-after-callbacks`: simulated seconds until the answer, where they are given. */
  readonly answerAfterSeconds?: number | undefined;
  readonly callbacks: CallbackManner;
  readonly recording: RecordingManner;
  readonly times: ScenarioTimes;
}

/** Whether a dial of that manner places a call, and whether a script or an outage may say otherwise. */
export const placing: Readonly<Record<DialManner, { readonly placed: boolean; readonly fixed: boolean }>> = {
  accepted: { placed: true, fixed: true }, slow: { placed: true, fixed: true }, 'answer-after-callbacks': { placed: true, fixed: true },
  refused: { placed: false, fixed: true }, unavailable: { placed: false, fixed: true },
  failed: { placed: false, fixed: false }, html: { placed: false, fixed: false }, redirect: { placed: false, fixed: false },
  'answer-lost': { placed: true, fixed: false }, truncated: { placed: true, fixed: false }, 'error-inside': { placed: true, fixed: false }, never: { placed: true, fixed: false },
};

export type ScenarioParts = Partial<Omit<Scenario, 'digits'>>;

/** A scenario of the given parts; the others are those of an answered call. */
export function scenarioOf(digits: string, { dial = 'accepted', ...parts }: ScenarioParts): Scenario {
  const usual = { name: 'answered', happens: '', end: 'b-hung-up', placed: placing[dial].placed, callbacks: 'in-order', recording: 'ready', times: {} } as const;
  return { ...usual, ...parts, dial, digits };
}

const scenario = (digits: string, name: string, happens: string, parts: ScenarioParts = {}): Scenario => scenarioOf(digits, { ...parts, name, happens });

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
  scenario('89', 'no-callbacks', 'As answered, but no product sends a callback. e9’s Records/query, the polls and the history of 双呼 and jy’s query know the call; VoiceCall answers no question. Seats are polled: as answered', { callbacks: 'none' }),
  scenario('90', 'callbacks-twice', 'As answered; every callback is sent twice (e9, VoiceCall, jy, the release of 双呼). What is polled: as answered', { callbacks: 'twice' }),
  scenario('91', 'callbacks-swapped', 'As answered; callbacks are swapped in pairs: e9’s Hangup comes before CallEstablish, VoiceCall’s alerting before callout and fees before disconnect; jy’s likewise. What is polled: as answered', { callbacks: 'swapped' }),
  scenario('92', 'callbacks-late', 'As answered; every callback is sent 30 s late (e9, VoiceCall, jy, the release of 双呼). What is polled: as answered', { callbacks: 'late' }),
  scenario('93', 'answer-lost', 'The call is placed and runs as answered, but the connection of the dial is reset instead of answered', { dial: 'answer-lost' }),
  scenario('94', 'http-500', 'The dial is answered with HTTP 500; no call is placed and nobody rings', { dial: 'failed' }),
  scenario('95', 'slow', 'The call is placed at once and runs as answered; the dial is answered only after 12 s', { dial: 'slow' }),
  scenario('96', 'recording-late', 'As answered; the recording is there only after three times the usual delay (hw and VoiceCall: after 60 s)', { recording: 'late' }),
  scenario('97', 'recording-missing', 'As answered; the recording never appears (e9: recordUrl answers 404, hw: retCode 5, VoiceCall: the question for it answers 404)', { recording: 'missing' }),
  scenario('98', 'recording-truncated', 'As answered; each download of the recording breaks off half way', { recording: 'truncated' }),
  scenario('99', 'by-hand', 'A rings and waits for a hand: the page at / or POST /control/calls/…; then B does. After 60 s without one: no answer. Answered by both, they talk until a hand hangs up, at most 600 s', { end: 'a-no-answer', times: { unansweredAfterSeconds: 60 } }),
];

const byDigits = new Map(scenarios.map((one) => [one.digits, one]));

/** The scenario that the last two digits of leg B's number choose. */
export function scenarioFor(to: string): Scenario {
  return byDigits.get(to.slice(-2)) ?? answered;
}
