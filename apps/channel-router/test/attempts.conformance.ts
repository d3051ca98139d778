import { attemptIdOf, type AttemptState } from '../src/domain/attempt';
import type { Findable } from '../src/domain/enquiries';
import type { VendorWord } from '../src/domain/ledger';
import { accepted, ASK_UNTIL, attemptFor, command, type Desk, HANG_UP_LEASE_MS, HOLD, inDoubt, LOOK, NOW, refused } from './ledger-desk';

export function queueCases(desk: () => Desk): void {
  it('queues a call once, in order, and gives it back as it was', async () => {
    const [first, second, third] = [command(), command(), command()];
    await desk().enqueue([first, second]);
    await desk().enqueue([{ ...first, tenant: 'other' }, third], NOW + 1);
    const due = await desk().in(({ queue }) => queue.due(NOW + 1, 10));
    expect(due.map((call) => [call.command, call.cancelled])).toEqual([[first, false], [second, false], [third, false]]);
    expect(due.map(({ position }) => position)).toEqual([...due.map(({ position }) => position)].sort((a, b) => a - b));
    expect(await desk().due(NOW, 10)).toEqual([first.callId, second.callId]);
    expect(await desk().due(NOW + 1, 1)).toEqual([first.callId]);
    await desk().enqueue([]);
  });

  it('knows a closed call: it is never queued again', async () => {
    const placed = command();
    await desk().enqueue([placed]);
    await desk().close(placed.callId);
    await desk().enqueue([placed]);
    expect(await desk().due(NOW + 1)).toEqual([]);
  });

  it('gives a postponed call its turn then, in its old place', async () => {
    const [first, second] = [command(), command()];
    await desk().enqueue([first, second]);
    await desk().in(({ queue }) => queue.postpone([{ callId: first.callId, nextTryMs: NOW + 100 }]));
    expect(await desk().due(NOW + 99)).toEqual([second.callId]);
    expect(await desk().due(NOW + 100)).toEqual([first.callId, second.callId]);
  });

  it('postpones nothing that is not queued', async () => {
    const attempt = await desk().live();
    await desk().in(({ queue }) => queue.postpone([{ callId: attempt.callId, nextTryMs: NOW, waitsFor: 'l' }]));
    expect(await desk().due()).toEqual([]);
    expect((await desk().lines('l')).firstWaiting.size).toBe(0);
  });

  it('tells which lines carry a call, and the first call that waits for each', async () => {
    const { lineRef } = await desk().live({ lineRef: 'l' });
    const waiting = [command(), command(), command()];
    await desk().enqueue(waiting);
    const positions = (await desk().in(({ queue }) => queue.due(NOW, 10))).map(({ position }) => position);
    await desk().in(({ queue }) => queue.postpone([...waiting].reverse().map(({ callId }) => ({ callId, nextTryMs: NOW + 5000, waitsFor: lineRef }))));
    const lines = await desk().lines('l', 'free');
    expect([[...lines.busy], [...lines.firstWaiting]]).toEqual([['l'], [['l', positions[0]]]]);
    await desk().close(waiting[0]?.callId ?? '');
    expect((await desk().lines('l')).firstWaiting.get('l')).toBe(positions[1]);
    await desk().in(({ queue }) => queue.postpone([{ callId: waiting[1]?.callId ?? '', nextTryMs: NOW }]));
    expect((await desk().lines('l')).firstWaiting.get('l')).toBe(positions[2]);
    const none = await desk().lines();
    expect([none.busy.size, none.firstWaiting.size]).toEqual([0, 0]);
  });

  it.each<[string, (attemptId: string) => Promise<unknown>]>([
    ['is refused', (attemptId) => desk().settle(attemptId, refused())],
    ['ends', (attemptId) => desk().hear('ended', attemptId)],
    ['is resolved', async (attemptId) => {
      await desk().settle(attemptId, inDoubt());
      expect(await desk().due(NOW + 99)).toEqual([]);
      await desk().resolve(attemptId, 'abandoned');
    }],
  ])('gives who waits for a line its turn when the attempt on it %s, and nobody else', async (_name, end) => {
    const { attemptId } = await desk().live({ lineRef: 'l' });
    await desk().live({ lineRef: 'another' });
    const [waiting, elsewhere] = [command(), command()];
    await desk().enqueue([waiting, elsewhere]);
    await desk().in(({ queue }) => queue.postpone([{ callId: waiting.callId, nextTryMs: NOW + 5000, waitsFor: 'l' }, { callId: elsewhere.callId, nextTryMs: NOW + 5000, waitsFor: 'another' }]));
    expect(await desk().due(NOW + 100)).toEqual([]);
    await end(attemptId);
    expect(await desk().due(NOW + 100)).toEqual([waiting.callId]);
    expect((await desk().lines('l')).busy.size).toBe(0);
  });

  it('queues the call of a refused attempt again, in its old place, and no other', async () => {
    const d = desk();
    const refusedOne = await d.live();
    const later = command();
    await d.enqueue([later]);
    await d.settle(refusedOne.attemptId, refused());
    expect(await d.due()).toEqual([later.callId]);
    const closed = command();
    await d.enqueue([closed]);
    await d.close(closed.callId);
    await d.in(({ queue }) => queue.requeue([refusedOne.callId, closed.callId], NOW + 5));
    expect(await d.due(NOW + 4)).toEqual([later.callId]);
    expect(await d.due(NOW + 5)).toEqual([refusedOne.callId, later.callId]);
    const again = attemptFor(refusedOne.callId, { number: 2 });
    expect(await d.begin(again)).toEqual([again.attemptId]);
    expect((await d.found(again.attemptId)).command?.callId).toBe(refusedOne.callId);
  });

  it('forgets the numbers of a closed call, unless a live attempt needs them', async () => {
    const [held, free] = [await desk().inState('unknown'), await desk().inState('refused')];
    await desk().close(held.callId, free.callId);
    expect(await desk().found(held.attemptId)).toMatchObject({ callOpen: false, command: { callId: held.callId } });
    expect(await desk().found(free.attemptId)).toMatchObject({ callOpen: false, command: undefined });
    await desk().resolve(held.attemptId, 'not-placed');
    expect(await desk().found(held.attemptId)).toMatchObject({ callOpen: false, command: undefined });
  });
}

export function beginCases(desk: () => Desk): void {
  it('commits an attempt as SENDING, with everything that it was begun with', async () => {
    const placed = command();
    await desk().enqueue([placed]);
    const attempt = attemptFor(placed.callId, { seat: 'seat-1' });
    await desk().begin(attempt);
    expect(await desk().found(attempt.attemptId)).toEqual({
      attemptId: attempt.attemptId, callId: placed.callId, tenant: 'acme', number: 1, channel: 'e9-main', vendor: 'e9', seat: 'seat-1', state: 'sending', vendorCallId: undefined,
      sentAt: NOW, giveUpAt: LOOK, holdUntil: HOLD, askUntil: ASK_UNTIL, endHeardAt: undefined, answered: false, hangUpTries: 0, notFoundSince: undefined, heard: false, callOpen: true, command: placed,
    });
    expect(await desk().due(NOW + 9_000_000)).toEqual([]);
    expect(await desk().begin()).toEqual([]);
    expect(await desk().in(({ attempts }) => attempts.find('call-none-1'))).toBeUndefined();
  });

  it('leaves out whose call or line has a live attempt already, within one batch as well', async () => {
    const first = await desk().live({ lineRef: 'l' });
    const [one, two, three] = [command(), command(), command()];
    await desk().enqueue([one, two, three]);
    const begun = await desk().begin(
      attemptFor(one.callId, { lineRef: 'l' }), attemptFor(first.callId, { number: 2, lineRef: 'm' }),
      attemptFor(two.callId, { lineRef: 'n' }), attemptFor(three.callId, { lineRef: 'n' }), attemptFor(two.callId, { number: 2, lineRef: 'o' }),
    );
    expect(begun).toEqual([attemptIdOf(two.callId, 1)]);
    expect(await desk().due()).toEqual([one.callId, three.callId]);
  });

  it('never begins the same attempt twice, though it is over', async () => {
    const attempt = await desk().inState('refused');
    expect(await desk().begin(attempt)).toEqual([]);
  });

  it('begins one attempt of a call and one call of a line, however many are begun at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      const [one, ...others] = Array.from({ length: 20 }, () => command());
      await desk().enqueue(one === undefined ? [] : [one, ...others]);
      const ofCall = await Promise.all(Array.from({ length: 20 }, (_, index) => desk().begin(attemptFor(one?.callId ?? '', { number: 1 + (index % 4), lineRef: `${index} of ${round}` }))));
      expect(ofCall.flat()).toHaveLength(1);
      const ofLine = await Promise.all(others.map(({ callId }) => desk().begin(attemptFor(callId, { lineRef: `line ${round}` }))));
      expect(ofLine.flat()).toHaveLength(1);
      expect((await desk().due()).length).toBe((round + 1) * 18);
    }
  });

  it.each<[AttemptState, boolean]>([['sending', true], ['accepted', true], ['unknown', true], ['refused', false], ['not-placed', false], ['abandoned', false], ['ended', false]])('an attempt that is %s keeps its line: %s', async (state, keeps) => {
    await desk().inState(state, { lineRef: 'l' });
    expect((await desk().lines('l')).busy.has('l')).toBe(keeps);
    const next = command();
    await desk().enqueue([next]);
    expect(await desk().begin(attemptFor(next.callId, { lineRef: 'l' }))).toHaveLength(keeps ? 0 : 1);
  });
}

const became: readonly (readonly [AttemptState, 'moved' | 'known' | 'late'])[] = [
  ['sending', 'moved'], ['unknown', 'moved'], ['accepted', 'known'], ['ended', 'known'], ['refused', 'late'], ['not-placed', 'late'], ['abandoned', 'late'],
];

export function settleCases(desk: () => Desk): void {
  const cases = became.flatMap(([from, expected]) => [accepted(), inDoubt(), refused()].map((settlement) => [from, settlement.state, expected, settlement] as const));
  it.each(cases)('from %s to %s: %s', async (from, to, expected, settlement) => {
    const { attemptId } = await desk().inState(from);
    expect(await desk().settle(attemptId, settlement)).toBe(expected);
    expect((await desk().found(attemptId)).state).toBe(expected === 'moved' ? to : from);
  });

  it('says that an attempt is known of which it knows nothing', async () => {
    expect(await desk().settle('call-none-1', accepted())).toBe('known');
  });

  it('gives an accepted attempt as long as its call may last, one in doubt until the next look', async () => {
    const [placed, doubtful] = [await desk().live(), await desk().live()];
    await desk().settle(placed.attemptId, accepted({ lookAt: NOW + 500 }));
    await desk().settle(doubtful.attemptId, inDoubt({ lookAt: NOW + 600 }));
    expect(await desk().found(placed.attemptId)).toMatchObject({ vendorCallId: 'v-1', giveUpAt: HOLD, holdUntil: HOLD });
    expect(await desk().found(doubtful.attemptId)).toMatchObject({ vendorCallId: undefined, giveUpAt: NOW + 600, holdUntil: HOLD });
    expect(await desk().overdue(NOW + 599)).toEqual([placed.attemptId]);
    expect(await desk().overdue(NOW + 600)).toEqual([placed.attemptId, doubtful.attemptId].sort());
  });

  it('keeps the first name that the vendor gave the call, and its next look', async () => {
    const { attemptId } = await desk().live();
    await desk().hear('placed', attemptId, 'v-callback');
    expect(await desk().settle(attemptId, accepted({ vendorCallId: 'v-answer', lookAt: NOW + 1 }))).toBe('known');
    expect((await desk().found(attemptId)).vendorCallId).toBe('v-callback');
    expect(await desk().overdue(NOW + 1)).toEqual([]);
    const unnamed = await desk().live();
    await desk().hear('placed', unnamed.attemptId);
    await desk().settle(unnamed.attemptId, accepted({ vendorCallId: 'v-answer' }));
    expect((await desk().found(unnamed.attemptId)).vendorCallId).toBe('v-answer');
  });

  it('tells what the vendor said in the end, though the outcome counted as lost before', async () => {
    const { attemptId, callId } = await desk().live();
    await desk().settle(attemptId, inDoubt({ reason: 'the outcome of the dial was lost' }));
    await desk().settle(attemptId, refused({ at: NOW + 60 }));
    expect((await desk().survey({ callIds: [callId] })).refusals.get(callId)).toMatchObject([{ kind: 'rejected', vendorCode: '31', reason: 'no balance' }]);
  });
}

export function hearCases(desk: () => Desk): void {
  it.each<[AttemptState]>([['sending'], ['unknown']])('confirms an attempt that is %s, and looks at it again later', async (state) => {
    const { attemptId, callId } = await desk().inState(state);
    expect(await desk().hear('placed', attemptId, 'v-2')).toEqual([]);
    expect(await desk().found(attemptId)).toMatchObject({ state: 'accepted', vendorCallId: 'v-2', giveUpAt: HOLD, callOpen: true, command: { callId } });
    await desk().hear('placed', attemptId, 'v-3');
    expect((await desk().found(attemptId)).vendorCallId).toBe('v-2');
    expect(await desk().overdue(NOW + 899_999)).toEqual([]);
    expect(await desk().overdue(NOW + 900_000)).toEqual([attemptId]);
  });

  it('looks later at an accepted attempt that the vendor tells of by itself, the first time alone', async () => {
    const { attemptId } = await desk().live();
    await desk().settle(attemptId, accepted({ lookAt: NOW + 500 }));
    await desk().hear('placed', attemptId, undefined, NOW + 20, true);
    expect((await desk().found(attemptId)).heard).toBe(false);
    expect(await desk().overdue(NOW + 500)).toEqual([attemptId]);
    await desk().hear('placed', attemptId);
    expect((await desk().found(attemptId)).heard).toBe(true);
    expect(await desk().overdue(NOW + 899_999)).toEqual([]);
    await desk().ledger.enquiries.looked(attemptId, { lookAtMs: NOW + 600 });
    await desk().hear('placed', attemptId);
    expect(await desk().overdue(NOW + 600)).toEqual([attemptId]);
  });

  it('confirms an attempt by what the vendor answers as well, which is not heard of by itself', async () => {
    const { attemptId } = await desk().inState('unknown');
    await desk().hear('placed', attemptId, 'v-2', NOW + 20, true);
    expect(await desk().found(attemptId)).toMatchObject({ state: 'accepted', heard: false, vendorCallId: 'v-2' });
  });

  it('takes what it knows nothing of for nothing', async () => {
    expect(await desk().hear('ended', 'call-none-1')).toEqual([]);
    expect(await desk().in(({ attempts }) => attempts.hear([], NOW))).toEqual([]);
  });

  it('ends an attempt, whatever else is said of it: its line is free, its call closed, its numbers forgotten', async () => {
    for (const state of ['sending', 'accepted', 'unknown'] as const) {
      const { attemptId, lineRef, callId } = await desk().inState(state);
      const words: VendorWord[] = [{ attemptId, says: 'ended' }, { attemptId, says: 'placed', vendorCallId: 'v-9' }, { attemptId, says: 'connected' }];
      await desk().in(({ attempts }) => attempts.hear(words, NOW + 20));
      expect(await desk().found(attemptId)).toMatchObject({ state: 'ended', callOpen: false, command: undefined });
      expect((await desk().lines(lineRef)).busy.size).toBe(0);
      await desk().in(({ queue }) => queue.requeue([callId], NOW));
      expect(await desk().due()).toEqual([]);
      await desk().hear('placed', attemptId);
      expect((await desk().found(attemptId)).state).toBe('ended');
    }
  });

  it('sets the end of a talk whose length we limit, from when it was connected the first time', async () => {
    const { attemptId } = await desk().live({ hangUpAfterSeconds: 60 });
    await desk().settle(attemptId, accepted());
    await desk().hear('placed', attemptId, undefined, NOW + 1000);
    expect(await desk().hangUps(NOW + 9_000_000)).toEqual([]);
    await desk().hear('connected', attemptId, undefined, NOW + 2000);
    await desk().hear('connected', attemptId, undefined, NOW + 30_000);
    expect(await desk().hangUps(NOW + 61_999)).toEqual([]);
    expect(await desk().hangUps(NOW + 62_000)).toEqual([attemptId]);
    await desk().in(({ attempts }) => attempts.hungUp(attemptId));
    await desk().hear('connected', attemptId, undefined, NOW + 40_000);
    expect(await desk().hangUps(NOW + 9_000_000)).toEqual([]);
    const unlimited = await desk().inState('accepted');
    await desk().hear('connected', unlimited.attemptId);
    expect(await desk().hangUps(NOW + 9_000_000)).toEqual([]);
  });

  it('ends a talk no later than the application asked', async () => {
    const { attemptId, callId } = await desk().live({ hangUpAfterSeconds: 60 });
    await desk().settle(attemptId, accepted());
    await desk().cancel(callId, NOW + 100);
    await desk().hear('connected', attemptId, undefined, NOW + 50);
    expect(await desk().hangUps(NOW + 100)).toEqual([attemptId]);
  });

  it.each<[AttemptState, boolean]>([['refused', true], ['not-placed', true], ['abandoned', false], ['ended', false]])('returns an attempt that is %s and rings after all, once: %s', async (state, late) => {
    const { attemptId } = await desk().inState(state);
    const heard = await desk().hear('placed', attemptId, 'v-late', NOW + 50);
    expect(heard.map((attempt) => [attempt.attemptId, attempt.state, attempt.vendorCallId])).toEqual(late ? [[attemptId, state, 'v-late']] : []);
    expect(await desk().hear('connected', attemptId, 'v-late', NOW + 60)).toEqual([]);
    expect((await desk().found(attemptId)).state).toBe(state);
    expect(await desk().hangUps(NOW + 50)).toEqual(late ? [attemptId] : []);
  });
}

export function resolveCases(desk: () => Desk): void {
  it.each(became.flatMap(([from]) => (['not-placed', 'abandoned', 'ended'] as const).map((to) => [from, to] as const)))('from %s to %s, where it is live and certainly sent', async (from, to) => {
    const { attemptId, lineRef } = await desk().inState(from);
    const moves = from === 'unknown' || from === 'accepted';
    expect(await desk().resolve(attemptId, to)).toBe(moves);
    expect(await desk().found(attemptId)).toMatchObject({ state: moves ? to : from });
    expect((await desk().lines(lineRef)).busy.size).toBe(from === 'sending' ? 1 : 0);
  });

  it('keeps the numbers of a call that is open: it may be dialled once more', async () => {
    const { attemptId, callId } = await desk().inState('unknown');
    await desk().resolve(attemptId, 'not-placed');
    expect(await desk().found(attemptId)).toMatchObject({ callOpen: true, command: { callId } });
    expect(await desk().resolve('call-none-1', 'ended')).toBe(false);
  });
}

export function cancelCases(desk: () => Desk): void {
  it('gives a queued call that is to end its turn now, though it waits', async () => {
    const placed = command();
    await desk().enqueue([placed]);
    await desk().in(({ queue }) => queue.postpone([{ callId: placed.callId, nextTryMs: NOW + 5000, waitsFor: 'l' }]));
    await desk().cancel(placed.callId);
    expect((await desk().in(({ queue }) => queue.due(NOW, 10))).map((call) => [call.command.callId, call.cancelled])).toEqual([[placed.callId, true]]);
    await desk().in(({ queue }) => queue.requestCancel([], NOW));
  });

  it('has an accepted call hung up, once for each time it is asked', async () => {
    const { attemptId, callId } = await desk().inState('accepted');
    expect(await desk().hangUps(NOW + 99)).toEqual([]);
    for (const again of [1, 2]) {
      await desk().cancel(callId, NOW + 40 * again);
      expect(await desk().hangUps(NOW + 40 * again - 1)).toEqual([]);
      const taken = await Promise.all([desk().ledger.takeHangUps(NOW + 99, NOW + 9000, 10), desk().ledger.takeHangUps(NOW + 99, NOW + 9000, 10)]);
      expect(taken.flat()).toMatchObject([{ attemptId, vendorCallId: 'v-1', state: 'accepted', command: { callId } }]);
    }
  });

  it.each<[AttemptState]>([['sending'], ['unknown']])('has one that is %s hung up as soon as the vendor can be told which call it is', async (state) => {
    const { attemptId, callId } = await desk().inState(state);
    await desk().cancel(callId);
    expect(await desk().hangUps(NOW + 99)).toEqual([]);
    await desk().hear('placed', attemptId);
    expect(await desk().hangUps(NOW + 99)).toEqual([]);
    await desk().settle(attemptId, accepted());
    expect(await desk().hangUps(NOW + 99)).toEqual([attemptId]);
  });

  it('hangs a closed call up whose line is in doubt, and leaves one alone that has ended', async () => {
    const [doubtful, over] = [await desk().inState('unknown'), await desk().inState('accepted')];
    await desk().close(doubtful.callId);
    await desk().cancel(doubtful.callId);
    await desk().cancel(over.callId);
    await desk().hear('ended', over.attemptId);
    await desk().hear('placed', doubtful.attemptId, 'v-2');
    expect(await desk().hangUps(NOW + 99)).toEqual([doubtful.attemptId]);
    expect(await desk().due(NOW + 99)).toEqual([]);
  });

  it('takes no more than there is room for, and again what the vendor may not have heard', async () => {
    const attempts = [await desk().inState('accepted'), await desk().inState('accepted'), await desk().inState('accepted')];
    for (const { callId } of attempts) await desk().cancel(callId);
    const [first = '', ...others] = [...(await desk().hangUps(NOW + 99, 2)), ...(await desk().hangUps(NOW + 99, 2))];
    expect(others).toHaveLength(2);
    await desk().ledger.hangUpAgain(first, NOW + 200);
    expect(await desk().hangUps(NOW + 199)).toEqual([]);
    expect(await desk().hangUps(NOW + 200)).toEqual([first]);
    expect((await desk().found(first)).hangUpTries).toBe(2);
    expect(await desk().hangUps(NOW + 200 + HANG_UP_LEASE_MS - 1)).toEqual(others.sort());
    expect(await desk().hangUps(NOW + 200 + HANG_UP_LEASE_MS)).toEqual([first]);
    await desk().hear('ended', first);
    await desk().ledger.hangUpAgain(first, NOW + 200);
    expect(await desk().hangUps(NOW + 999)).toEqual([]);
  });
}

export function lookCases(desk: () => Desk): void {
  it('finds what has been SENDING for too long, and only that', async () => {
    const lost = [await desk().live({ sentAt: NOW - 2 }), await desk().live({ sentAt: NOW - 1 }), await desk().live({ sentAt: NOW })].map(({ attemptId }) => attemptId);
    await desk().inState('unknown', { sentAt: NOW - 5 });
    const overdue = (beforeMs: number, limit = 10): Promise<string[]> => desk().in(async ({ attempts }) => (await attempts.overdueSending(beforeMs, limit)).map(({ attemptId }) => attemptId).sort());
    expect(await overdue(NOW - 2)).toEqual([]);
    expect(await overdue(NOW)).toEqual(lost.slice(0, 2).sort());
    expect(await overdue(NOW + 1, 1)).toEqual([lost[0]]);
  });

  it('names the channels whose attempts are due; who is SENDING or has ended is not', async () => {
    await desk().inState('unknown', { channel: 'a' });
    await desk().inState('accepted', { channel: 'b' });
    await desk().inState('sending', { channel: 'c', lookAt: NOW });
    await desk().inState('ended', { channel: 'd' });
    expect(await desk().ledger.enquiries.channelsDue(NOW + 89_999)).toEqual([]);
    expect(await desk().ledger.enquiries.channelsDue(NOW + 90_000)).toEqual(['a']);
    expect([...(await desk().ledger.enquiries.channelsDue(NOW + 9_000_000))].sort()).toEqual(['a', 'b']);
  });

  it('takes each overdue attempt of a channel once until its next look, the longest due first', async () => {
    const attempts: string[] = [];
    for (let index = 0; index < 6; index += 1) {
      const { attemptId } = await desk().live();
      await desk().settle(attemptId, inDoubt({ lookAt: NOW + 1000 - index }));
      attempts.push(attemptId);
    }
    await desk().inState('sending', { lookAt: NOW });
    await desk().inState('unknown', { channel: 'another' });
    expect(await desk().overdue(NOW + 994, NOW + 5000)).toEqual([]);
    expect(await desk().overdue(NOW + 1000, NOW + 5000, 2)).toEqual(attempts.slice(4).sort());
    expect(await desk().overdue(NOW + 1000, NOW + 5000)).toEqual(attempts.slice(0, 4).sort());
    expect(await desk().overdue(NOW + 4999)).toEqual([]);
    expect(await desk().overdue(NOW + 5000)).toHaveLength(6);
  });

  it('remembers how a look went', async () => {
    const { attemptId } = await desk().inState('unknown');
    await desk().ledger.enquiries.looked(attemptId, { lookAtMs: NOW + 700, notFoundSince: NOW + 3 });
    expect(await desk().found(attemptId)).toMatchObject({ answered: false, notFoundSince: NOW + 3 });
    await desk().ledger.enquiries.looked(attemptId, { lookAtMs: NOW + 800, answered: true });
    expect(await desk().found(attemptId)).toMatchObject({ answered: true, notFoundSince: undefined });
    await desk().ledger.enquiries.looked(attemptId, { lookAtMs: NOW + 850, notFoundSince: NOW + 4 });
    await desk().ledger.enquiries.looked(attemptId, { lookAtMs: NOW + 900 });
    expect(await desk().found(attemptId)).toMatchObject({ answered: true, notFoundSince: NOW + 4 });
    expect(await desk().overdue(NOW + 899)).toEqual([]);
    expect(await desk().overdue(NOW + 900)).toEqual([attemptId]);
  });

  it('lets a vendor be asked as often as it may be, whoever asks, also when another\'s clock is fast, or one was set back', async () => {
    const claim = async (nowMs: number, account = 'a'): Promise<boolean> => (await desk().ledger.enquiries.claimTurn(account, nowMs, 999.5)) !== undefined;
    expect((await Promise.all(Array.from({ length: 10 }, () => claim(NOW)))).filter(Boolean)).toHaveLength(1);
    expect(await claim(NOW, 'b')).toBe(true);
    expect([await claim(NOW + 999), await claim(NOW + 1000), await claim(NOW + 1999), await claim(NOW + 2000)]).toEqual([false, true, false, true]);
    expect([await claim(NOW + 1001), await claim(NOW - 60_000), await claim(NOW - 700_000), await claim(NOW - 699_500), await claim(NOW - 699_000)]).toEqual([false, false, true, false, true]);
    expect(await desk().ledger.enquiries.claimTurn('a', NOW, 1)).toBe(5);
    expect([await desk().ledger.enquiries.claimTurn('c', NOW, 1), await desk().ledger.enquiries.claimTurn('c', NOW + 1, 1)]).toEqual([0, 1]);
  });

  it('drops calls that are over and old, the oldest first, and nothing that is still held', async () => {
    const callOf = async (queuedAt: number): Promise<string> => {
      const placed = command();
      await desk().enqueue([placed], queuedAt);
      return placed.callId;
    };
    const attemptOf = async (queuedAt: number, ends: boolean): Promise<string> => {
      const { attemptId, callId } = attemptFor(await callOf(queuedAt));
      await desk().begin(attemptFor(callId));
      if (ends) await desk().hear('ended', attemptId);
      else await desk().close(callId);
      return attemptId;
    };
    const [old, older, recent, held] = [await attemptOf(NOW - 2, true), await attemptOf(NOW - 3, true), await attemptOf(NOW, true), await attemptOf(NOW - 9, false)];
    const open = await callOf(NOW - 9);
    const left = async (): Promise<string[]> => {
      const found = await Promise.all([old, older, recent, held].map((attemptId) => desk().in(({ attempts }) => attempts.find(attemptId))));
      return found.flatMap((attempt) => attempt?.attemptId ?? []);
    };
    expect(await desk().ledger.dropClosed(NOW, 1)).toBe(true);
    expect(await left()).toEqual([old, recent, held]);
    expect(await desk().ledger.dropClosed(NOW, 10)).toBe(false);
    expect(await left()).toEqual([recent, held]);
    expect(await desk().due()).toEqual([open]);
  });

  it('takes those apart that the vendor cannot be asked about', async () => {
    const [named, unnamed, old] = [await desk().inState('accepted'), await desk().inState('unknown'), await desk().inState('accepted', { askUntil: NOW + 9_000_000 })].map(({ attemptId }) => attemptId);
    const taken = async (finds: Findable, nowMs = NOW + 8_000_000): Promise<string[]> => (await desk().ledger.enquiries.takeUnaskable({ channel: 'e9-main', finds }, nowMs, NOW, 10)).map(({ attemptId }) => attemptId).sort();
    expect([await taken('none'), await taken('named'), await taken('all'), await taken('all', NOW + 9_000_000)]).toEqual([[named, unnamed, old].sort(), [unnamed], [], [old]]);
  });

  it('counts attempts in doubt by channel', async () => {
    for (const state of ['sending', 'accepted', 'unknown', 'refused', 'not-placed', 'abandoned', 'ended'] as const) await desk().inState(state);
    await desk().inState('unknown');
    await desk().inState('unknown', { channel: 'another' });
    expect([...(await desk().ledger.inDoubt())].sort()).toEqual([['another', 1], ['e9-main', 2]]);
  });
}
