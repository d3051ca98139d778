import type { PlaceCall } from '@cc/contracts';
import type { CarrierFacts } from './carriers';
import type { NewAttempt } from './ledger';

/** When the end of a call counts as missed, and what its record lacks until a vendor tells it. */
export type EndLimits = Pick<NewAttempt, 'askUntil' | 'ringWithinSeconds' | 'talkWithinSeconds' | 'lacksDuration' | 'lacksRecording'>;

/**
 * As the channel says on the day of the dial. A talk that the vendor limits itself is over after that limit, and its end must be heard of as
 * soon as anything of an accepted call must be.
 * @param querySeconds what counts where the channel says nothing
 */
export function endLimitsOf(facts: CarrierFacts | undefined, { record, maxDurationSeconds }: Pick<PlaceCall, 'record' | 'maxDurationSeconds'>, querySeconds: number, sentAt: number): EndLimits {
  if (facts === undefined) return { askUntil: sentAt, ringWithinSeconds: querySeconds, talkWithinSeconds: querySeconds, lacksDuration: false, lacksRecording: false };
  const { repair, capabilities, queryTells, health } = facts;
  const talkWithinSeconds = repair.talkingSeconds ?? querySeconds;
  const limitedTo = capabilities.maxDuration && maxDurationSeconds !== undefined ? maxDurationSeconds + health.silenceSeconds : talkWithinSeconds;
  return {
    askUntil: sentAt + repair.windowSeconds * 1000,
    ringWithinSeconds: repair.ringingSeconds ?? querySeconds,
    talkWithinSeconds: Math.min(talkWithinSeconds, limitedTo),
    lacksDuration: queryTells.has('duration'),
    lacksRecording: record && capabilities.recording && queryTells.has('recording'),
  };
}
