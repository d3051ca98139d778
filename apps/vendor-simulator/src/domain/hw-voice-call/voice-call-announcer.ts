import { randomUUID } from 'node:crypto';
import type { Clock, Log } from '@cc/kernel';
import { CallbackSchedule } from '../callback-schedule';
import type { CallbackSender } from '../callback-sender';
import { arrangeDeliveries } from '../deliveries';
import type { Pace } from '../pace';
import type { SimulatedCall } from '../simulated-call';
import type { Tally } from '../tally';
import type { Timers } from '../timers';
import { pushHeaders, type VoiceCallApplication } from './voice-call-authentication';
import type { PushTerms } from './voice-call-dial-request';
import { pushBody, pushesOf, type VoiceCallPush } from './voice-call-pushes';

export interface VoiceCallAnnouncerTools {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly pace: Pace;
  readonly tally: Tally;
  readonly log: Log;
}

const FEE_REPEATS = 6;
const FEE_REPEAT_SECONDS = 3600;

/** A push with where the application wants it. */
type AddressedPush = VoiceCallPush & { readonly url: string; readonly partyType: boolean };

/** Sends the pushes of every call when they are due, those of one call one after the other: status once, fees until they are taken. */
export class VoiceCallAnnouncer {
  private readonly schedule: CallbackSchedule<AddressedPush>;

  constructor(
    private readonly tools: VoiceCallAnnouncerTools,
    private readonly sender: CallbackSender,
    private readonly application: VoiceCallApplication,
  ) {
    this.schedule = new CallbackSchedule(tools, (push, call) => this.send(push, call, FEE_REPEATS));
  }

  /** Plans every push of a new call. */
  announce(call: SimulatedCall, terms: PushTerms): void {
    this.plan(call, pushesOf(call, this.tools.pace), terms);
  }

  /** The call ended before its time: what will not happen is not reported, the end and its fees are. */
  announceEnd(call: SimulatedCall, terms: PushTerms): void {
    this.schedule.callOffAfter(call, call.times.endedAt);
    this.plan(call, pushesOf(call, this.tools.pace).filter((push) => push.kind === 'fee' || push.eventType === 'disconnect'), terms);
  }

  private plan(call: SimulatedCall, pushes: readonly VoiceCallPush[], { statusUrl, feeUrl, partyType }: PushTerms): void {
    const addressed = pushes.flatMap((push): AddressedPush[] => {
      const url = push.kind === 'fee' ? feeUrl : statusUrl;
      return url === undefined ? [] : [{ ...push, url, partyType }];
    });
    this.schedule.plan(call, arrangeDeliveries(addressed, call.scenario.callbacks, this.tools.pace));
  }

  private async send(push: AddressedPush, call: SimulatedCall, repeats: number): Promise<void> {
    const { clock, log, pace, tally, timers } = this.tools;
    const { url, kind } = push;
    const headers = pushHeaders(this.application, url, randomUUID().replaceAll('-', ''), clock.nowMs());
    const outcome = await this.sender.send(pushBody(push, call, push.partyType, pace), { url, headers });
    const result = outcome.kind === 'failed' ? 'failed' : outcome.status === 200 ? 'acknowledged' : 'refused';
    tally.add(`hw.voice.${kind}.${result}`);
    if (result === 'acknowledged') return;
    const again = kind === 'fee' && repeats > 0;
    log.warn('push was not taken', { callId: call.id, kind, outcome, isRepeated: again });
    if (again) timers.after(pace.ms(FEE_REPEAT_SECONDS), () => void this.send(push, call, repeats - 1));
  }
}
