import type { Pace } from './pace';
import type { DialManner, Scenario } from './scenario';
import type { SimulatedCall } from './simulated-call';

/** How the answer to a dial travels. */
export interface TransmissionTerms {
  readonly manner: DialManner;
  /** Simulated seconds until the answer, of the manners that wait. */
  readonly afterSeconds: number;
}

const SLOW_SECONDS = 12;
const LONGEST_CALL_SECONDS = 120;
const AFTER_THE_END_SECONDS = 1;
const CALLBACKS_LATE_SECONDS = 30;

/** The terms of a manner on its own. */
export function termsOf(manner: DialManner): TransmissionTerms {
  return { manner, afterSeconds: manner === 'answer-after-callbacks' ? LONGEST_CALL_SECONDS : manner === 'slow' ? SLOW_SECONDS : 0 };
}

/** The terms of a dial: `answer-after-callbacks` waits for the end that was planned, and for callbacks that come late. */
export function termsOfDial({ dial, answerAfterSeconds, callbacks }: Scenario, call: SimulatedCall | undefined, pace: Pace): TransmissionTerms {
  if (answerAfterSeconds !== undefined) return { manner: dial, afterSeconds: answerAfterSeconds };
  if (dial !== 'answer-after-callbacks' || call === undefined) return termsOf(dial);
  const callSeconds = ((call.times.endedAt - call.dialledAt) * pace.speed) / 1000;
  return { manner: dial, afterSeconds: callSeconds + AFTER_THE_END_SECONDS + (callbacks === 'late' ? CALLBACKS_LATE_SECONDS : 0) };
}
