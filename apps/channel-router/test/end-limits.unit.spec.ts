import { endLimitsOf } from '../src/domain/end-limits';
import { capabilities, facts, health } from './scripted-carriers';

const SENT = 1_790_000_000_000;
const call = (maxDurationSeconds?: number, record = false) => ({ record, ...(maxDurationSeconds === undefined ? {} : { maxDurationSeconds }) });

it('takes the limits of the channel, and those of the router where it has none', () => {
  expect(endLimitsOf(facts('a'), call(), 900, SENT)).toEqual({ askUntil: SENT + 172_800_000, ringWithinSeconds: 900, talkWithinSeconds: 900, lacksDuration: false, lacksRecording: false });
  expect(endLimitsOf(facts('a', { repair: { ringingSeconds: 120, talkingSeconds: 600, windowSeconds: 3600 } }), call(), 900, SENT)).toMatchObject({ askUntil: SENT + 3_600_000, ringWithinSeconds: 120, talkWithinSeconds: 600 });
});

it('waits no longer for the end of a talk than the vendor lets it last, where the vendor does', () => {
  const within = (limit: number, maxDuration: boolean): number => endLimitsOf(facts('a', { capabilities: { ...capabilities, maxDuration }, health: { ...health, silenceSeconds: 30 } }), call(limit), 900, SENT).talkWithinSeconds;
  expect([within(60, true), within(60, false), within(3600, true)]).toEqual([90, 900, 900]);
});

it('expects of a record what the vendor would answer, and a recording where one was asked for and can be made', () => {
  const lacks = (record: boolean, told: Partial<Parameters<typeof facts>[1]> = {}) => {
    const { lacksDuration, lacksRecording } = endLimitsOf(facts('a', { queryTells: new Set(['duration', 'recording'] as const), ...told }), call(undefined, record), 900, SENT);
    return [lacksDuration, lacksRecording];
  };
  expect([lacks(true), lacks(false), lacks(true, { capabilities: { ...capabilities, recording: false } }), lacks(true, { queryTells: new Set() })]).toEqual([[true, true], [true, false], [true, false], [false, false]]);
});

it('asks nobody about a call of a channel that there is no more', () => {
  expect(endLimitsOf(undefined, call(undefined, true), 900, SENT)).toEqual({ askUntil: SENT, ringWithinSeconds: 900, talkWithinSeconds: 900, lacksDuration: false, lacksRecording: false });
});
