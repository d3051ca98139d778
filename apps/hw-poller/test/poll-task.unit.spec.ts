import { nextStep, type PollTask } from '../src/domain/poll-task';

const task: PollTask = { attemptId: 'call-1-1', callId: 'call-1', channel: 'hw-main', vendorCallId: 'v-1', failures: 0, lastDigest: undefined };
const body = (text: string): Buffer[] => [Buffer.from(text)];

describe('what follows from a poll', () => {
  it('passes on what is new, and what was told before not again', () => {
    const first = nextStep(task, { state: 'live', bodies: body('ringing') }, 2000);
    expect(first).toMatchObject({ news: true, failures: 0, nextPollInMs: 2000 });
    expect(nextStep({ ...task, lastDigest: first.digest }, { state: 'live', bodies: body('ringing') }, 2000)).toEqual({ ...first, news: false });
    expect(nextStep({ ...task, lastDigest: first.digest }, { state: 'live', bodies: body('talking') }, 2000)).toMatchObject({ news: true });
  });
  it('tells bodies apart however they are cut', () => {
    const digest = (...texts: string[]): string | undefined => nextStep(task, { state: 'live', bodies: texts.map((text) => Buffer.from(text)) }, 1).digest;
    expect(new Set([digest('ab'), digest('a', 'b'), digest('ab', ''), digest('', 'ab'), digest('b', 'a')]).size).toBe(5);
  });
  it('ends with the call, and then still passes on what is new', () => {
    expect(nextStep({ ...task, failures: 3 }, { state: 'ended', bodies: body('over') }, 2000)).toMatchObject({ news: true, failures: 0, nextPollInMs: undefined });
  });
  it('asks more and more slowly while there is no answer, at most every 30 s, and keeps what it knew', () => {
    const pauses = [0, 1, 2, 3, 4, 5000].map((failures) => nextStep({ ...task, failures, lastDigest: 'd' }, { state: 'failed', bodies: [] }, 2000));
    expect(pauses.map(({ nextPollInMs }) => nextPollInMs)).toEqual([4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(pauses[1]).toMatchObject({ news: false, digest: 'd', failures: 2 });
  });
});
