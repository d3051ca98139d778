import { randomInt } from 'node:crypto';
import { defined, type Clock } from '@cc/kernel';
import type { Exchange } from '../exchange';
import type { Pace } from '../pace';
import type { DialManner } from '../scenario';
import { phaseAt, type SimulatedCall } from '../simulated-call';
import type { Tally } from '../tally';
import type { Timers } from '../timers';
import { termsOf, type TransmissionTerms } from '../transmission-terms';
import { HwSeat, newGuid, type HwSeatSession } from './hw-seat';
import { planEvents, type HwSeatEvent, type PlannedEvent } from './hw-seat-events';

export interface HwSeatAnswer {
  readonly retcode: string;
  readonly message: string;
  readonly result?: unknown;
  readonly event?: HwSeatEvent;
}

export interface HwSeatReply {
  readonly answer: HwSeatAnswer;
  /** The session, where the answer carries one. */
  readonly guid?: string;
  readonly manner: TransmissionTerms;
}

export interface HwSeatTools {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly pace: Pace;
  readonly tally: Tally;
}

export interface HwSeatAccount {
  readonly count: number;
  readonly password: string;
  readonly authMode: 'static' | 'dynamic';
}

export type SeatFields = Readonly<Record<string, unknown>>;

const FIRST_AGENT = 20_001;
const PROTOCOL = 'agentGateway';
const HOLD_SECONDS = 10;
const SIGNED_OUT_AFTER_SECONDS = 120;
const NUMBER = /^[0-9*#]{1,24}$/;

/** The CC-Gateway's side of the seats: sign-in, long poll, callout, release. */
export class HwSeatsPlatform {
  private readonly seats: ReadonlyMap<string, HwSeat>;
  private lastCall = randomInt(1000, 9000);

  constructor(
    private readonly account: HwSeatAccount,
    private readonly tools: HwSeatTools,
    private readonly exchange: Exchange,
  ) {
    this.seats = new Map(Array.from({ length: account.count }, (_, index) => [String(FIRST_AGENT + index), new HwSeat(FIRST_AGENT + index)]));
    exchange.follow((call) => this.follow(call));
  }

  /** @param force takes the seat over from whoever is signed in. */
  signIn(agentId: string, { password, phonenum }: SeatFields, force: boolean): HwSeatReply {
    const seat = this.seats.get(agentId);
    if (seat === undefined || password !== this.account.password) return this.refuse('100-004', 'wrong agent or password');
    if (typeof phonenum !== 'string' || !NUMBER.test(phonenum)) return this.refuse('100-001', 'phonenum is wrong');
    if (this.sessionOf(seat) !== undefined && !force) return this.refuse('100-002', 'the agent is signed in already');
    this.tools.tally.add(force ? 'hw-seats.forced-sign-in' : 'hw-seats.sign-in');
    const { guid } = seat.signIn(phonenum, this.tools.clock.nowMs());
    return { ...accepted({ vdnid: 1, workno: agentId, mediatype: 'TTF', isForceChange: 'false', serverName: 'AgentGateway' }), guid };
  }

  signOut(agentId: string, guid: string | undefined): HwSeatReply {
    return this.within(agentId, guid, (seat) => {
      if (this.liveCallOf(seat) !== undefined) return this.refuse('100-010', 'not while talking');
      seat.signOut();
      return accepted();
    });
  }

  resetSkill(agentId: string, guid: string | undefined): HwSeatReply {
    return this.within(agentId, guid, () => accepted());
  }

  /** One event; held for 10 s where there is none. */
  async poll(agentId: string, guid: string | undefined): Promise<HwSeatReply> {
    const opened = this.open(agentId, guid);
    if ('answer' in opened) return opened;
    const { seat, session } = opened;
    this.tools.tally.add('hw-seats.poll');
    session.lastPollAt = this.tools.clock.nowMs();
    if (session.events.length === 0) await Promise.race([seat.untilHeard(), this.tools.timers.pause(this.tools.pace.ms(HOLD_SECONDS))]);
    if (seat.session !== session) return this.refuse('100-008', 'the agent has been signed out');
    session.lastPollAt = this.tools.clock.nowMs();
    if (this.account.authMode === 'dynamic') session.guid = newGuid();
    const event = session.events.shift();
    return { answer: { retcode: '0', message: '', ...defined({ event }) }, guid: session.guid, manner: termsOf('accepted') };
  }

  callOut(agentId: string, guid: string | undefined, { called, callappdata }: SeatFields, baseUrl: string): HwSeatReply {
    return this.within(agentId, guid, (seat, { phone }) => {
      this.tools.tally.add('hw-seats.dial');
      if (typeof called !== 'string' || !NUMBER.test(called)) return this.refuse('000-002', 'called is wrong');
      if (this.liveCallOf(seat) !== undefined) return this.refuse('100-009', 'the agent has a call');
      const echo = typeof callappdata === 'string' && callappdata !== '' ? callappdata : undefined;
      // Before the exchange places it, since it is followed from then on.
      seat.callId = this.newCallId();
      const { scenario, call, manner } = this.exchange.dial({
        vendor: 'hw', protocol: PROTOCOL, id: seat.callId, a: phone, b: called, echo, shownToA: undefined, shownToB: undefined, recorded: false, baseUrl, maxTalkSeconds: undefined,
      });
      if (call === undefined || scenario.dial === 'error-inside') return { ...this.refuse(codeOf(scenario.dial), 'by the scenario'), manner };
      return { ...accepted(call.id), manner };
    });
  }

  /** @param callId only this call, where it is given. */
  release(agentId: string, guid: string | undefined, callId?: string): HwSeatReply {
    return this.within(agentId, guid, (seat) => {
      const live = this.liveCallOf(seat);
      const ended = live === undefined || (callId !== undefined && live.id !== callId) ? undefined : this.exchange.hangUp('hw', live.id, PROTOCOL);
      if (ended === undefined) return this.refuse('200-025', 'no call can be droped');
      return accepted();
    });
  }

  /** The seat is told what the call does as it is planned now; what was told stays told. */
  private follow(call: SimulatedCall): void {
    const seat = call.protocol === PROTOCOL ? [...this.seats.values()].find(({ callId }) => callId === call.id) : undefined;
    if (seat === undefined) return;
    for (const drop of seat.dropPlan) drop();
    const nowMs = this.tools.clock.nowMs();
    const toldUntil = seat.toldOf === call.id ? seat.toldUntil : -Infinity;
    seat.toldOf = call.id;
    seat.toldUntil = toldUntil;
    const events = planEvents(call).filter(({ at }) => at > toldUntil);
    const moments = [...new Set(events.map(({ at }) => at))];
    seat.dropPlan = moments.map((moment) => this.tools.timers.after(moment - nowMs, () => {
      seat.toldUntil = moment;
      this.tell(seat, events.filter(({ at }) => at === moment));
    }));
  }

  /** While the vendor is silent (an outage), what is due is lost. */
  private tell(seat: HwSeat, events: readonly PlannedEvent[]): void {
    if (this.exchange.outages.silences('hw')) this.tools.tally.add('hw-seats.silenced');
    else for (const { at, eventType, content } of events) seat.tell({ eventType, workNo: String(seat.agentId), content, eventGenTime: at });
  }

  private newCallId(): string {
    this.lastCall += 1;
    return `${Math.floor(this.tools.clock.nowMs() / 1000)}-${this.lastCall}`;
  }

  private within(agentId: string, guid: string | undefined, work: (seat: HwSeat, session: HwSeatSession) => HwSeatReply): HwSeatReply {
    const opened = this.open(agentId, guid);
    return 'answer' in opened ? opened : work(opened.seat, opened.session);
  }

  private open(agentId: string, guid: string | undefined): { readonly seat: HwSeat; readonly session: HwSeatSession } | HwSeatReply {
    const seat = this.seats.get(agentId);
    const session = seat === undefined ? undefined : this.sessionOf(seat);
    if (seat === undefined || session === undefined) return this.refuse('100-006', 'the agent is not signed in');
    return guid === session.guid ? { seat, session } : this.refuse('000-003', 'no right');
  }

  /** Who was not polled for two minutes is signed out. */
  private sessionOf(seat: HwSeat): HwSeatSession | undefined {
    const { session } = seat;
    if (session !== undefined && this.tools.clock.nowMs() - session.lastPollAt > this.tools.pace.ms(SIGNED_OUT_AFTER_SECONDS)) seat.signOut();
    return seat.session;
  }

  private liveCallOf({ callId }: HwSeat): SimulatedCall | undefined {
    const call = callId === undefined ? undefined : this.exchange.find('hw', callId, PROTOCOL);
    return call === undefined || phaseAt(call, this.tools.clock.nowMs()) === 'ended' ? undefined : call;
  }

  private refuse(retcode: string, message: string): HwSeatReply {
    this.tools.tally.add(`hw-seats.refused.${retcode}`);
    return { answer: { retcode, message }, manner: termsOf('refused') };
  }
}

const accepted = (result?: unknown): HwSeatReply => ({ answer: { retcode: '0', message: '', ...defined({ result }) }, manner: termsOf('accepted') });

/** Refused: 000-002 parameters. Unavailable: 000-003 no right. In doubt: 100-007 exception. */
function codeOf(manner: DialManner): string {
  if (manner === 'refused') return '000-002';
  return manner === 'unavailable' ? '000-003' : '100-007';
}
