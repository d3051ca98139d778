import type { Clock } from '@cc/kernel';
import { z } from 'zod';
import type { Exchange } from '../exchange';
import type { Pace } from '../pace';
import { wavOf } from '../recording-audio';
import type { DialManner } from '../scenario';
import type { SimulatedCall } from '../simulated-call';
import type { Tally } from '../tally';
import { termsOf, type TransmissionTerms } from '../transmission-terms';
import { credentialFault, type JyAccount, type JySigned } from './jy-authentication';
import { fieldsOf, lastMessage } from './jy-messages';

export interface JyAnswer {
  readonly code: string;
  readonly message: string;
  readonly result?: Readonly<Record<string, string | number>>;
}

export interface JyReply {
  readonly answer: JyAnswer;
  readonly manner: TransmissionTerms;
}

export type JyRecording = { readonly kind: 'audio'; readonly audio: Buffer; readonly truncated: boolean } | { readonly kind: 'forbidden' | 'missing' };

export interface JyTools {
  readonly account: JyAccount;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly tally: Tally;
}

const number = z.string().regex(/^(?:1[3-9]\d{9}|0\d{9,11}|400\d{7}|9\d{4,7})$/);
const Dial = z.strictObject({
  attemptId: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  caller: number,
  called: number,
  displayToCaller: number.optional(),
  displayToCalled: number.optional(),
  record: z.boolean(),
  maxDurationSeconds: z.number().int().positive().optional(),
  callbackUrl: z.url({ protocol: /^https?$/ }).optional(),
});

const RECORDING_DELAY_SECONDS = 2;
const RECORDING_LATE_SECONDS = 60;

const accepted = (answer: JyAnswer): JyReply => ({ answer, manner: termsOf('accepted') });

/** The code of a dial that places nothing, or leaves it open. */
function codeOf(dial: DialManner): string {
  if (dial === 'refused') return 'number-refused';
  return dial === 'unavailable' ? 'limit-exceeded' : 'internal';
}

/** The platform's side of CC's own default contract: dial, cancel, queries, health, recordings. */
export class JyPlatform {
  constructor(
    private readonly tools: JyTools,
    private readonly exchange: Exchange,
  ) {}

  /** The answer to a request whose credentials are wrong; undefined when they are right. */
  refusal(signed: JySigned): JyReply | undefined {
    const fault = credentialFault(signed, this.tools.account, this.tools.clock.nowMs());
    return fault === undefined ? undefined : this.refuse('not-authorised', fault);
  }

  /** @param body the request's JSON, whatever it is. */
  dial(body: unknown, baseUrl: string): JyReply {
    const parsed = Dial.safeParse(body);
    if (!parsed.success) {
      const ofNumber = parsed.error.issues.some(({ path: [field] }) => field === 'caller' || field === 'called' || field === 'displayToCaller' || field === 'displayToCalled');
      return ofNumber ? this.refuse('bad-number', 'a number has no form that is dialled') : this.refuse('bad-request', 'the body is not that of a dial');
    }
    const { attemptId, caller, called, displayToCaller, displayToCalled, record, maxDurationSeconds, callbackUrl } = parsed.data;
    const { scenario, call, manner } = this.exchange.dial({
      vendor: 'jy', a: caller, b: called, echo: attemptId, shownToA: displayToCaller, shownToB: displayToCalled, recorded: record, baseUrl, callbackUrl, maxTalkSeconds: maxDurationSeconds,
    });
    this.tools.tally.add(call === undefined ? 'jy.dial.failed' : 'jy.dial.placed');
    if (call === undefined || scenario.dial === 'error-inside') return { ...this.refuse(codeOf(scenario.dial), 'the dial is not taken'), manner };
    return { answer: { code: '0', message: 'accepted', result: { callId: call.id } }, manner };
  }

  cancel(callId: string): JyReply {
    const ended = this.exchange.hangUp('jy', callId);
    if (ended === undefined) return this.refuse('not-found', 'there is no such live call');
    this.tools.tally.add('jy.cancelled');
    return accepted({ code: '0', message: 'cancelled' });
  }

  byCallId(callId: string): JyReply {
    return this.told(this.exchange.find('jy', callId));
  }

  byAttemptId(attemptId: string): JyReply {
    return this.told(this.exchange.all().find(({ vendor, echo }) => vendor === 'jy' && echo === attemptId));
  }

  health(): JyReply {
    return accepted({ code: '0', message: 'well' });
  }

  recording(callId: string, key: string | undefined): JyRecording {
    if (key !== this.tools.account.apiKey) return { kind: 'forbidden' };
    const call = this.exchange.find('jy', callId);
    if (call?.times.connectedAt === undefined || !this.hasRecording(call)) return { kind: 'missing' };
    this.tools.tally.add('jy.recording.served');
    return { kind: 'audio', audio: wavOf(call.times.endedAt - call.times.connectedAt), truncated: call.scenario.recording === 'truncated' };
  }

  private told(call: SimulatedCall | undefined): JyReply {
    this.tools.tally.add('jy.queried');
    if (call === undefined) return this.refuse('not-found', 'there is no such call');
    return accepted({ code: '0', message: 'found', result: fieldsOf(lastMessage(call, this.tools.clock.nowMs()), call) });
  }

  private hasRecording({ recorded, scenario, times }: SimulatedCall): boolean {
    if (!recorded || scenario.recording === 'missing') return false;
    const delaySeconds = scenario.recording === 'late' ? RECORDING_LATE_SECONDS : RECORDING_DELAY_SECONDS;
    return this.tools.clock.nowMs() >= times.endedAt + this.tools.pace.ms(delaySeconds);
  }

  private refuse(code: string, message: string): JyReply {
    this.tools.tally.add(`jy.refused.${code}`);
    return { answer: { code, message }, manner: termsOf('refused') };
  }
}
