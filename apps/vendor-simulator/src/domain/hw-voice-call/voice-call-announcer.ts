import { randomUUID } from 'node:crypto';
import { CallAnnouncer, type AnnouncerTools } from '../call-announcer';
import { resultOf, type CallbackSender } from '../callback-sender';
import type { Exchange } from '../exchange';
import type { SimulatedCall } from '../simulated-call';
import { pushHeaders, type VoiceCallApplication } from './voice-call-authentication';
import type { PushTerms } from './voice-call-dial-request';
import { pushBody, pushesOf, type VoiceCallPush } from './voice-call-pushes';

const FEE_REPEATS = 6;
const FEE_REPEAT_SECONDS = 3600;

/** A push with where the application wants it. */
type AddressedPush = VoiceCallPush & { readonly url: string; readonly partyType: boolean };

/** Sends the pushes of every call when they are due, those of one call one after the other: status once, fees until they are taken. */
export class VoiceCallAnnouncer extends CallAnnouncer<AddressedPush> {
  /** @param termsOf what the dial of a call asked for */
  constructor(tools: AnnouncerTools, exchange: Exchange, sender: CallbackSender, { application, termsOf }: { readonly application: VoiceCallApplication; readonly termsOf: (id: string) => PushTerms | undefined }) {
    const { clock, log, pace, tally, timers } = tools;
    const again = (push: AddressedPush, call: SimulatedCall, repeats: number): void => {
      // While the vendor is silent a repetition is lost like anything else, and the next one is due an hour later.
      const repeat = (): void => {
        if (!exchange.outages.silences(call.vendor)) return void send(push, call, repeats - 1);
        tally.add(`${call.vendor}.callback.silenced`);
        again(push, call, repeats - 1);
      };
      if (repeats > 0) timers.after(pace.ms(FEE_REPEAT_SECONDS), repeat);
    };
    const send = async (push: AddressedPush, call: SimulatedCall, repeats: number): Promise<void> => {
      const { url, kind } = push;
      const headers = pushHeaders(application, url, randomUUID().replaceAll('-', ''), clock.nowMs());
      const outcome = await sender.send(pushBody(push, call, push.partyType, pace), { url, headers });
      const result = resultOf(outcome);
      tally.add(`hw.voice.${kind}.${result}`);
      if (result === 'acknowledged') return;
      const left = kind === 'fee' ? repeats : 0;
      log.warn('push was not taken', { callId: call.id, kind, outcome, isRepeated: left > 0 });
      again(push, call, left);
    };
    super(tools, exchange, {
      announces: ({ vendor, protocol }) => vendor === 'hw' && protocol === 'voiceCall',
      of: (call) => addressed(pushesOf(call, tools.pace), termsOf(call.id)),
      nameOf: (push) => (push.kind === 'fee' ? 'fee' : `${push.eventType} ${push.leg}`),
      deliver: (push, call) => send(push, call, FEE_REPEATS),
    });
  }
}

function addressed(pushes: readonly VoiceCallPush[], terms: PushTerms | undefined): AddressedPush[] {
  return pushes.flatMap((push): AddressedPush[] => {
    const url = push.kind === 'fee' ? terms?.feeUrl : terms?.statusUrl;
    return terms === undefined || url === undefined ? [] : [{ ...push, url, partyType: terms.partyType }];
  });
}
