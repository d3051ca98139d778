import type { AskedChannel, AskedKind } from '../src/domain/enquiries';
import type { NewAttempt } from '../src/domain/ledger';
import { accepted, ASK_UNTIL, type Desk, inDoubt, NOW } from './ledger-desk';

const HOUR = 3_600_000;
const own: readonly AskedChannel[] = [{ channel: 'e9-main', finds: 'named' }];
/** Long after every limit. */
const LATE = NOW + 100_000_000;

export function enquiryCases(desk: () => Desk): void {
  const next = async (kind: AskedKind, nowMs: number, channels = own, againAtMs = nowMs + 60_000): Promise<string | undefined> => (await desk().ledger.enquiries.takeNext(kind, channels, nowMs, againAtMs))?.attemptId;
  const reconcile = (nowMs: number, channels = own, overByMs = nowMs, account = 'one') => desk().ledger.enquiries.reconcile(account, channels, { nowMs, everyMs: HOUR, overByMs });
  /** A call that the vendor took and that was given up without its end. */
  const givenUp = async (more: Partial<NewAttempt> = {}): Promise<string> => {
    const { attemptId } = await desk().live(more);
    await desk().settle(attemptId, accepted());
    await desk().resolve(attemptId, 'abandoned');
    return attemptId;
  };

  it('takes the longest due of a kind first, and each once until it is due again', async () => {
    const attempts: (string | undefined)[] = [];
    for (const lookAt of [NOW + 30, NOW + 20, NOW + 10]) {
      const { attemptId } = await desk().live();
      await desk().settle(attemptId, accepted({ lookAt }));
      attempts.push(attemptId);
    }
    expect(await next('live', NOW + 9)).toBeUndefined();
    expect([await next('doubt', NOW + 30), await next('repair', NOW + 30)]).toEqual([undefined, undefined]);
    expect([await next('live', NOW + 30), await next('live', NOW + 30), await next('live', NOW + 30), await next('live', NOW + 30)]).toEqual([...attempts].reverse().concat([undefined]));
    expect(attempts).toContain(await next('live', NOW + 60_030));
  });

  it('takes only what the vendor finds, of the channels that are meant, and while it tells of it', async () => {
    const doubt = await desk().live();
    await desk().settle(doubt.attemptId, inDoubt());
    const elsewhere = await desk().live({ channel: 'another' });
    await desk().settle(elsewhere.attemptId, accepted());
    const old = await desk().live({ askUntil: NOW + 950_000 });
    await desk().settle(old.attemptId, accepted());
    expect([await next('doubt', LATE), await next('live', LATE)]).toEqual([undefined, undefined]);
    expect(await next('doubt', LATE, [{ channel: 'e9-main', finds: 'all' }], LATE)).toBe(doubt.attemptId);
    expect(await next('live', LATE, [...own, { channel: 'another', finds: 'named' }], LATE)).toBe(elsewhere.attemptId);
    expect(await next('live', NOW + 949_999)).toBe(old.attemptId);
  });

  it('has the vendor asked about what was given up, once in an hour and account whoever wants it, the one that falls out of its time first', async () => {
    const [later, sooner] = [await givenUp({ askUntil: ASK_UNTIL }), await givenUp({ askUntil: ASK_UNTIL - 1 })];
    expect([await desk().ledger.enquiries.channelsIncomplete(NOW + 29), await desk().ledger.enquiries.channelsIncomplete(NOW + 30)]).toEqual([[], ['e9-main']]);
    expect(await desk().ledger.enquiries.channelsDue(LATE)).toEqual([]);
    const begun = await Promise.all(Array.from({ length: 6 }, () => reconcile(NOW + HOUR)));
    expect(begun.filter((one) => one !== undefined)).toEqual([{ incomplete: 2, queued: 2, expired: 0, expiredCalls: [] }]);
    expect(await desk().ledger.enquiries.channelsDue(NOW + HOUR)).toEqual(['e9-main']);
    expect([await next('repair', NOW + HOUR), await next('repair', NOW + HOUR), await next('repair', NOW + HOUR)]).toEqual([sooner, later, undefined]);
    expect([await reconcile(NOW + 2 * HOUR - 1), await reconcile(NOW + 2 * HOUR - 1, own, LATE, 'another account')]).toEqual([undefined, expect.objectContaining({ queued: 0 })]);
  });

  it('has those asked about first that never were, though another falls out of its time sooner', async () => {
    const again = await givenUp({ askUntil: ASK_UNTIL - 1 });
    await reconcile(NOW + HOUR);
    expect(await next('repair', NOW + HOUR)).toBe(again);
    await desk().ledger.enquiries.repairAsked(again, NOW + HOUR);
    const fresh = await givenUp({ askUntil: ASK_UNTIL });
    expect(await reconcile(NOW + 2 * HOUR)).toMatchObject({ queued: 2 });
    expect([await next('repair', NOW + 2 * HOUR), await next('repair', NOW + 2 * HOUR)]).toEqual([fresh, again]);
  });

  it('leaves one whose router died with it in hand to another', async () => {
    const attemptId = await givenUp();
    await reconcile(NOW + HOUR);
    expect([await next('repair', NOW + HOUR), await next('repair', NOW + HOUR + 59_999), await next('repair', NOW + HOUR + 60_000)]).toEqual([attemptId, undefined, attemptId]);
  });

  it('has it asked about again after an hour, two, four … while it lacks something, and not once it is complete', async () => {
    const attemptId = await givenUp();
    const asked: number[] = [];
    for (let hour = 1; hour < 20; hour += 1) {
      await reconcile(NOW + hour * HOUR);
      // A question waits for its turn.
      const nowMs = NOW + hour * HOUR + 600_000;
      if ((await next('repair', nowMs)) === undefined) continue;
      asked.push(hour);
      await desk().ledger.enquiries.repairAsked(attemptId, nowMs);
    }
    expect(asked).toEqual([1, 2, 4, 8, 16]);
    await desk().hear('ended', attemptId, undefined, LATE, true);
    expect(await reconcile(NOW + 40 * HOUR)).toMatchObject({ incomplete: 0, queued: 0 });
    expect(await desk().ledger.enquiries.channelsIncomplete(LATE)).toEqual([]);
  });

  it('sorts out what the vendor tells nothing of any more, once, with its calls', async () => {
    const attempt = await desk().live({ askUntil: NOW + HOUR });
    await desk().settle(attempt.attemptId, accepted());
    await desk().resolve(attempt.attemptId, 'abandoned');
    const unnamed = await desk().inState('abandoned');
    expect(await reconcile(NOW + HOUR)).toEqual({ incomplete: 2, queued: 0, expired: 1, expiredCalls: [attempt.callId] });
    expect(await reconcile(NOW + 2 * HOUR)).toEqual({ incomplete: 1, queued: 0, expired: 0, expiredCalls: [] });
    expect(await reconcile(NOW + 3 * HOUR, [{ channel: 'e9-main', finds: 'all' }])).toMatchObject({ queued: 1 });
    expect(await next('repair', NOW + 3 * HOUR, [{ channel: 'e9-main', finds: 'all' }])).toBe(unnamed.attemptId);
  });

  it.each<[string, Partial<NewAttempt>, (attemptId: string) => Promise<unknown>, boolean]>([
    ['that ended without its talking time', { lacksDuration: true }, (id) => desk().hear('ended', id), true],
    ['that ended with its talking time', { lacksDuration: true }, (id) => desk().hear('ended', id, undefined, NOW, false, { timed: true }), false],
    ['that ended without a talking time that its vendor does not tell', {}, (id) => desk().hear('ended', id), false],
    ['that was connected and has no recording', { lacksRecording: true }, async (id) => [await desk().hear('connected', id), await desk().hear('ended', id)], true],
    ['that nobody answered, without a recording', { lacksRecording: true }, (id) => desk().hear('ended', id), false],
    ['whose recording came before its end', { lacksRecording: true }, async (id) => [await desk().hear('recorded', id), await desk().hear('connected', id), await desk().hear('ended', id)], false],
    ['whose recording came after its end', { lacksRecording: true }, async (id) => [await desk().hear('connected', id), await desk().hear('ended', id), await desk().hear('recorded', id)], false],
    ['whose connection is told after its end', { lacksRecording: true }, async (id) => [await desk().hear('ended', id), await desk().hear('connected', id)], true],
    ['that an operator ended', {}, (id) => desk().resolve(id, 'ended'), true],
    ['that was given up, and whose end came after all', {}, async (id) => [await desk().resolve(id, 'abandoned'), await desk().hear('ended', id)], false],
    ['that runs', { lacksDuration: true, lacksRecording: true }, (id) => desk().hear('connected', id), false],
  ])('compares a call %s: %s', async (_name, more, story, compared) => {
    const { attemptId } = await desk().live(more);
    await desk().settle(attemptId, accepted());
    await story(attemptId);
    expect(await desk().ledger.enquiries.channelsIncomplete(LATE)).toEqual(compared ? ['e9-main'] : []);
  });

  it('compares a call that rang though it counted as not placed, until its end is told; one that did not ring is not compared', async () => {
    const [rang] = [await desk().inState('refused'), await desk().inState('not-placed')];
    expect(await desk().ledger.enquiries.channelsIncomplete(LATE)).toEqual([]);
    await desk().hear('recorded', rang.attemptId);
    expect((await desk().found(rang.attemptId)).state).toBe('refused');
    await desk().hear('placed', rang.attemptId);
    expect(await desk().ledger.enquiries.channelsIncomplete(LATE)).toEqual(['e9-main']);
    await desk().hear('ended', rang.attemptId);
    expect(await desk().ledger.enquiries.channelsIncomplete(LATE)).toEqual([]);
  });

  it('does not take a recording for a proof that the call was placed', async () => {
    const { attemptId } = await desk().inState('unknown');
    await desk().hear('recorded', attemptId);
    expect((await desk().found(attemptId)).state).toBe('unknown');
  });

  it('knows when the vendor told the end, and nothing of that where it did not', async () => {
    const [ended, closed] = [await desk().inState('accepted'), await givenUp()];
    await desk().hear('ended', ended.attemptId, undefined, NOW + 77);
    expect([(await desk().found(ended.attemptId)).endHeardAt, (await desk().found(closed)).endHeardAt]).toEqual([NOW + 77, undefined]);
    await desk().hear('ended', closed, undefined, NOW + 99);
    expect((await desk().found(closed)).endHeardAt).toBe(NOW + 99);
  });

  it('counts what waits, with the oldest of each kind', async () => {
    await desk().inState('unknown', { sentAt: NOW - 5 });
    await desk().inState('unknown', { sentAt: NOW - 7 });
    await desk().inState('accepted', { channel: 'another' });
    await givenUp({ sentAt: NOW - 9 });
    expect(await desk().ledger.enquiries.waiting(NOW + 50)).toEqual([]);
    await reconcile(NOW + HOUR);
    const waiting = await desk().ledger.enquiries.waiting(LATE);
    expect([...waiting].sort((a, b) => (a.kind < b.kind ? -1 : 1))).toEqual([
      { channel: 'e9-main', kind: 'doubt', count: 2, oldestSentAt: NOW - 7 }, { channel: 'another', kind: 'live', count: 1, oldestSentAt: NOW }, { channel: 'e9-main', kind: 'repair', count: 1, oldestSentAt: NOW - 9 },
    ]);
  });
}
