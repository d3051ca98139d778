import type { CallEvent } from '@cc/contracts';
import type { Attempt, AskResult, DialResult, HangUpResult } from '../../src/domain/attempt';
import { manners, type Manner, type MannerName } from './script';
import type { VirtualTime } from './virtual-time';

/** A phone that rang, as the people at the phones would tell it. */
export interface Ring {
  readonly callId: string;
  readonly attemptId: string;
  readonly line: string;
  readonly fromMs: number;
  untilMs: number;
  /** The vendor has told us of it. */
  told: boolean;
}

interface PlacedCall {
  readonly ring: Ring;
  readonly attempt: Attempt;
  readonly manner: Manner;
  cut: boolean;
  /** How often it was to be hung up. */
  hangUps: number;
}

const RING_AFTER_MS = 300;
const CONNECTED_AFTER_MS = 6000;
const LASTS_MS = { short: 1500, usual: 26_000, long: 200_000 } as const;
const LATE_MS = 40_000;
const MUCH_LATER_MS = 180_000;

type Publish = (event: CallEvent) => void;

/** All vendors of the simulated world: they place calls, ring phones, and tell of it or not. */
export class SimulatedVendors {
  readonly rings: Ring[] = [];
  /** Attempts whose ends the vendor never tells by itself. */
  readonly endsLost = new Set<string>();
  /** When each question came, by channel. */
  readonly questions: { readonly channel: string; readonly atMs: number }[] = [];
  private readonly placed = new Map<string, PlacedCall>();
  private readonly dialsOfCall = new Map<string, number>();
  /** Messages that are still under way. */
  underWay = 0;

  constructor(
    private readonly time: VirtualTime,
    private readonly publish: Publish,
    private readonly trace: (line: string) => void,
  ) {}

  /** The request has arrived: from here on the vendor does what it does, whoever still listens. */
  receive(attempt: Attempt, line: string, wished: readonly MannerName[]): Promise<DialResult> {
    const number = this.dialsOfCall.get(attempt.callId) ?? 0;
    this.dialsOfCall.set(attempt.callId, number + 1);
    const name = wished[Math.min(number, wished.length - 1)] ?? 'answered';
    const manner: Manner = manners[name];
    this.trace(`${attempt.channel} receives ${attempt.attemptId}: ${name}`);
    if (manner.placed) this.place(attempt, line, manner);
    return this.time.sleep(manner.answerAfterMs).then((): DialResult => {
      switch (manner.answer) {
        case 'accepted':
          return { kind: 'accepted', vendorCallId: `v-${attempt.attemptId}` };
        case 'unknown':
          return { kind: 'unknown', reason: 'no clear answer' };
        case 'rejected':
          return { kind: 'rejected', vendorCode: '42', reason: 'the vendor said no', blame: 'call' };
        case 'not-sent':
          return { kind: 'not-sent', reason: 'ECONNREFUSED' };
        case 'withheld':
          return { kind: 'withheld', reason: 'the seat signs in anew' };
      }
    });
  }

  hangUp(attemptId: string): HangUpResult {
    const call = this.placed.get(attemptId);
    if (call === undefined || call.cut || call.ring.untilMs <= this.time.elapsedMs()) return { kind: 'accepted' };
    call.hangUps += 1;
    if (call.hangUps <= (call.manner.hangUpsUnheard ?? 0)) return { kind: 'unknown', reason: 'no answer' };
    call.cut = true;
    call.ring.untilMs = this.time.elapsedMs();
    this.trace(`the vendor ends ${attemptId}`);
    this.tell(call, 'ended', 200, 'callback');
    return { kind: 'accepted' };
  }

  /** The vendor's answer to "what became of this call?", also for running calls. */
  ask(attempt: Attempt): AskResult {
    this.questions.push({ channel: attempt.channel, atMs: this.time.elapsedMs() });
    const call = this.placed.get(attempt.attemptId);
    const visible = call !== undefined && this.time.elapsedMs() >= call.ring.fromMs + (call.manner.foundAfterMs ?? 0);
    if (call === undefined || !visible) return { kind: 'not-found' };
    const over = call.ring.untilMs <= this.time.elapsedMs();
    this.tell(call, over ? 'ended' : 'a-ringing', 50, 'query');
    return { kind: 'told' };
  }

  private place(attempt: Attempt, line: string, manner: Manner): void {
    const lasts = LASTS_MS[manner.lasts ?? 'usual'];
    const ring: Ring = { callId: attempt.callId, attemptId: attempt.attemptId, line, fromMs: this.time.elapsedMs(), untilMs: this.time.elapsedMs() + lasts, told: false };
    const call: PlacedCall = { ring, attempt, manner, cut: false, hangUps: 0 };
    this.rings.push(ring);
    this.placed.set(attempt.attemptId, call);
    if (manner.endLost === true) this.endsLost.add(attempt.attemptId);
    if (manner.tells === 'never') return;
    const delay = manner.tells === 'late' ? LATE_MS : manner.tells === 'much-later' ? MUCH_LATER_MS : 0;
    for (let copy = 0; copy < (manner.tells === 'thrice' ? 3 : 1); copy += 1) {
      this.tell(call, 'a-ringing', RING_AFTER_MS + delay + copy * 700, 'callback');
      if (manner.lasts !== 'short') this.tell(call, 'connected', CONNECTED_AFTER_MS + delay + copy * 700, 'callback');
      if (manner.endLost !== true) this.tell(call, 'ended', lasts + 100 + delay + copy * 700, 'callback');
    }
  }

  private tell(call: PlacedCall, what: 'a-ringing' | 'connected' | 'ended', afterMs: number, source: 'callback' | 'query'): void {
    const { attempt } = call;
    this.underWay += 1;
    this.time.after(afterMs, () => {
      this.underWay -= 1;
      if (call.cut && what !== 'ended') return;
      const nowMs = this.time.nowMs();
      const base = { id: `${attempt.attemptId}/${what}`, callId: attempt.callId, tenant: attempt.tenant, attemptId: attempt.attemptId, channel: attempt.channel, occurredAt: nowMs, recordedAt: nowMs, source };
      this.trace(`${source}: ${what} of ${attempt.attemptId}`);
      call.ring.told = true;
      if (what === 'a-ringing') this.publish({ ...base, id: `${attempt.attemptId}/accepted/${source}`, type: 'cc.call.attempt-accepted.v1', source: 'derived', vendorCallId: `v-${attempt.attemptId}` });
      if (what === 'ended') this.publish({ ...base, type: 'cc.call.ended.v1', closeType: 0 });
      else this.publish({ ...base, type: what === 'connected' ? 'cc.call.connected.v1' : 'cc.call.a-ringing.v1' });
    });
  }
}
