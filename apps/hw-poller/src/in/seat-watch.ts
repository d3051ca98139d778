import { encodeChannelNotification, topics } from '@cc/contracts';
import type { EventLog } from '@cc/event-log';
import { backoffMs, describeError, newId, pause, type Sealer } from '@cc/kernel';
import { sealNotification, type RawNotification, type SeatFollowUp, type SeatPoll, type SignIn, type VendorChannel } from '@cc/vendors';
import type { KeptSession, SeatHold } from '../domain/seat-hold';
import type { PollAmbience } from './poll-ambience';
import type { SeatSessions, SessionNews } from './seat-sessions';

const LOOK_AGAIN_MS = 100;
const FIRST_RETRY_MS = 500;
const POLL_RETRY_MS = 5000;
const SIGN_IN_RETRY_MS = 30_000;
const REFUSED_RETRY_MS = 300_000;

export interface SeatTools {
  readonly eventLog: EventLog;
  readonly sealer: Sealer;
  readonly sessions: SeatSessions;
  readonly ambience: PollAmbience;
}

/** The endless task of one seat that this replica holds: signs it in where it is not, polls it, passes on what the vendor tells. */
export class SeatWatch {
  private readonly stopping = new AbortController();
  private session: string | undefined;
  private kept: KeptSession;
  private failures = 0;
  private lastHeardAt: number;
  /** What the others have not been told yet, since telling it failed. */
  private untold: SessionNews | undefined;

  /** Resolves when the task has ended, with no poll of it on its way. */
  readonly ended: Promise<void>;

  constructor(
    readonly hold: SeatHold,
    readonly adapter: VendorChannel,
    private readonly followUp: SeatFollowUp,
    private readonly tools: SeatTools,
  ) {
    this.kept = hold.kept;
    this.session = tools.sessions.sessionOf(hold);
    this.lastHeardAt = performance.now();
    this.ended = this.run();
  }

  /** Begins no other poll. */
  stop(): void {
    this.stopping.abort();
  }

  /** False once it is being given back, or was lost. */
  get goesOn(): boolean {
    return !this.stopping.signal.aborted && !this.hold.isOver;
  }

  private async run(): Promise<void> {
    while (this.goesOn) {
      try {
        if (!this.hold.isValid()) await this.rest(LOOK_AGAIN_MS);
        else if (this.untold !== undefined) await this.tell(this.untold);
        else if (this.session === undefined) await this.signIn();
        else await this.poll(this.session);
      } catch (error) {
        this.tools.ambience.log.warn('a seat could not be followed, trying again', { ...this.hold.name, error });
        await this.rest(this.nextRetryMs(POLL_RETRY_MS));
      }
    }
  }

  private async signIn(): Promise<void> {
    const { seat, channel } = this.hold.name;
    const outcome = await this.followUp.signIn(seat).catch((error: unknown): SignIn => ({ kind: 'failed', reason: describeError(error) }));
    this.tools.ambience.metrics.counter('cc_seat_sign_ins_total', 'Sign-ins of seats', ['channel', 'outcome']).add(1, { channel, outcome: outcome.kind });
    if (outcome.kind === 'signed-in') {
      this.heard();
      return await this.change(outcome.session);
    }
    this.tools.ambience.log.warn('a seat could not sign in', { channel, seat, outcome: outcome.kind, reason: outcome.reason });
    if (this.kept.state !== 'signed-out') await this.tell({ state: 'signed-out', reason: outcome.reason });
    await this.rest(this.nextRetryMs(outcome.kind === 'refused' ? REFUSED_RETRY_MS : SIGN_IN_RETRY_MS));
  }

  private async poll(session: string): Promise<void> {
    const { seat, channel } = this.hold.name;
    const answer = await this.followUp.poll(seat, session).catch((error: unknown): SeatPoll => ({ kind: 'failed', reason: describeError(error) }));
    const answeredAt = performance.now();
    this.tools.ambience.metrics.counter('cc_seat_polls_total', 'Polls of seats', ['channel', 'outcome']).add(1, { channel, outcome: answer.kind });
    if (answer.kind === 'signed-out') return await this.lose(answer.reason);
    if (answer.kind === 'failed') return await this.failed(answer.reason);
    this.heard();
    // The vendor tells an event once: it is passed on even if the seat was lost meanwhile.
    if (answer.kind === 'told') await this.passOn(answer.notifications, answeredAt);
    await Promise.all([answer.session === session ? undefined : this.change(answer.session), this.rest(this.followUp.pauseMs)]);
  }

  private heard(): void {
    this.failures = 0;
    this.lastHeardAt = performance.now();
  }

  private async failed(reason: string): Promise<void> {
    if (performance.now() - this.lastHeardAt > this.followUp.signedOutAfterMs) return await this.lose('the vendor gave no usable answer for longer than a session lasts');
    this.tools.ambience.log.warn('the vendor gave no usable answer to the poll of a seat', { ...this.hold.name, failures: this.failures + 1, reason });
    await this.rest(this.nextRetryMs(POLL_RETRY_MS));
  }

  /** The seat's session is over, be it one that a former holder left; the sign-in follows as soon as that is told. */
  private async lose(reason: string): Promise<void> {
    this.session = undefined;
    this.tools.ambience.log.info('a seat is signed out', { ...this.hold.name, reason });
    this.lastHeardAt = performance.now();
    await this.tell({ state: 'signed-out', reason });
  }

  private async change(session: string): Promise<void> {
    this.session = session;
    await this.tell({ state: 'signed-in', session });
  }

  /** What cannot be told is told again, alone: whoever signed in has a session, and signing in once more could cut a call. */
  private async tell(news: SessionNews): Promise<void> {
    this.untold = news;
    this.kept = await this.tools.sessions.tell(this.hold, this.kept, news);
    this.untold = undefined;
  }

  /** Asks again and again until the log has it: the vendor will not tell it again. */
  private async passOn(notifications: readonly RawNotification[], answeredAt: number): Promise<void> {
    const { channel, seat } = this.hold.name;
    const { metrics, log } = this.tools.ambience;
    const records = notifications.flatMap((raw) => {
      const { none, ...names } = this.adapter.subjectOf(raw);
      if (none === true) {
        metrics.counter('cc_seat_states_total', 'Messages of seats that are about no call of ours', ['channel']).add(1, { channel });
        return [];
      }
      const id = newId('ntf');
      return [encodeChannelNotification({ id, channel, kind: raw.kind, receivedAt: raw.receivedAt, seat, ...names, sealed: sealNotification(raw, id, this.tools.sealer) }, 'hw-poller')];
    });
    if (records.length === 0) return;
    for (let failures = 0; ; failures += 1) {
      try {
        await this.tools.eventLog.append(topics.channelNotifications.name, records);
        metrics.histogram('cc_seat_append_delay_seconds', 'From the answer to a poll of a seat until the log has its message', ['channel']).observe((performance.now() - answeredAt) / 1000, { channel });
        return;
      } catch (error) {
        log.warn('a message of a seat could not be appended, trying again', { channel, seat, failures, error });
        await pause(LOOK_AGAIN_MS + backoffMs(failures, FIRST_RETRY_MS, POLL_RETRY_MS));
      }
    }
  }

  private nextRetryMs(maxMs: number): number {
    return LOOK_AGAIN_MS + backoffMs(this.failures++, FIRST_RETRY_MS, maxMs);
  }

  private async rest(ms: number): Promise<void> {
    await pause(ms, this.stopping.signal);
  }
}
