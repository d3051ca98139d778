import { SeatHold, fairShare } from '../src/domain/seat-hold';

it('shares so that nobody has more than a fair part, and all seats are held', () => {
  expect([fairShare(10, 3), fairShare(9, 3), fairShare(1, 5), fairShare(0, 2), fairShare(7, 0)]).toEqual([4, 3, 1, 0, 7]);
});

describe('a hold', () => {
  it('is valid until its lease ends, and again once it is renewed, but never after it was lost', () => {
    let now = 0;
    const hold = new SeatHold({ channel: 'c', seat: 's' }, 1, { sealed: undefined, state: undefined, since: undefined }, 10, () => now);
    expect(hold.isValid()).toBe(true);
    now = 10;
    expect([hold.isValid(), hold.isOver]).toEqual([false, false]);
    hold.renew(20);
    expect(hold.isValid()).toBe(true);
    hold.end();
    hold.renew(100);
    expect([hold.isValid(), hold.isOver]).toEqual([false, true]);
  });
});
